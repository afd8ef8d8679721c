"""What lies on disk: layout, journal, manifests, locks, expiry."""
