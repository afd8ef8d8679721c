"""The command line: a leaf that says in a shell what the public API says in Python."""

from __future__ import annotations

from mews_frames._cli.app import main

__all__ = ["main"]
