"""Bridges to other libraries. Leaves: nothing else in the package needs them."""
