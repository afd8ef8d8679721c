"""Mews on the wire: the two operations, and errors from answers."""
