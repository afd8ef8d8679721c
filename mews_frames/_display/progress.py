"""Show how a load goes: a display in a notebook, a line that changes in a terminal, else a log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mews_frames._display.log import LogView
    from mews_frames._display.notebook import NotebookView
    from mews_frames._display.terminal import TerminalView
    from mews_frames.typing import Clock

__all__ = ["automatic", "on_stderr"]


def automatic(
    cache: Path, clock: Clock, profile: str | None = None
) -> NotebookView | TerminalView | LogView:
    """Choose what fits where this runs: a notebook's display, or stderr.

    Parameters
    ----------
    cache
        The folder of the cache: where the facts of a finished load stand.
    clock
        Time.
    profile
        Named in calls that the card of a load advises; None if there is none.
    """
    if "ipykernel" in sys.modules and _in_kernel():
        from mews_frames._display.notebook import NotebookView

        return NotebookView(cache, clock, profile)
    return on_stderr(clock)


def on_stderr(clock: Clock, words: Callable[[str], str] = str) -> TerminalView | LogView:
    """Show it on stderr: in a terminal one line that changes, else a line for each change.

    Parameters
    ----------
    clock
        Time.
    words
        Says a sentence of the library as the reader would: a shell has other words for advice.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        from mews_frames._display.terminal import TerminalView

        return TerminalView(clock, words)
    from mews_frames._display.log import LogView

    return LogView(words)


def _in_kernel() -> bool:
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
