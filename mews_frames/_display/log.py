"""Progress where nobody looks now: one line on stderr for each change, for who reads it later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mews_frames._closing import Closing
from mews_frames._display.board import says_a_change

if TYPE_CHECKING:
    from collections.abc import Callable

    from mews_frames.typing import ProgressEvent

__all__ = ["LogView"]


class LogView(Closing):
    """Writes a line when something changes; an hour of waiting is one line.

    Parameters
    ----------
    words
        Says a sentence of the library as the reader would.
    """

    def __init__(self, words: Callable[[str], str]) -> None:
        self._words = words
        self._last: dict[str, ProgressEvent] = {}

    def close(self) -> None:
        """Add nothing: the error tells of itself."""

    def __call__(self, event: ProgressEvent) -> None:
        """Hear of a load."""
        before = self._last.get(event.entity_type)
        if says_a_change(event, before):
            self.say(f"{event.entity_type}: {event.message}")
        if event.stage != "note":
            self._last[event.entity_type] = event

    def say(self, line: str) -> None:
        """Write a line, if there is anything to write to (under pythonw there is not)."""
        if sys.stderr is not None:
            sys.stderr.write(self._words(line) + "\n")
            sys.stderr.flush()
