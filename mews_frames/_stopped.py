"""What the two ends of a part tell each other when it cannot go on: words that both understand."""

__all__ = ["OtherBytes", "Stopped"]


class Stopped(Exception):  # noqa: N818 - no error: the user, or the other end, has ended it
    """Whoever waits for bytes, or for room for them, waits no longer."""


class OtherBytes(Exception):  # noqa: N818 - it never leaves the download, which knows the part
    """What came again is not what came before."""
