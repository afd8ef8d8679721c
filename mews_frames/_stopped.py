"""How one end of a part tells the other to stop: the word that both understand."""

__all__ = ["Stopped"]


class Stopped(Exception):  # noqa: N818 - no error: the user, or the other end, has ended it
    """Whoever waits for bytes, or for room for them, waits no longer."""
