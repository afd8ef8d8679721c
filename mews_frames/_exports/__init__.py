"""The life of one export: find or add, wait, download."""
