"""The version, in one place: the build, `mews_frames.__version__` and the client name read it."""

__version__ = "0.1.0"
