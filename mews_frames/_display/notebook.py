"""Progress in a notebook: one display that changes, and becomes the card of what was loaded."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Self

from mews_frames._display.board import Board
from mews_frames._display.card import loaded_card
from mews_frames._display.page import page, progress_html

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from mews_frames._display.board import Line
    from mews_frames.typing import Clock, ProgressEvent

__all__ = ["NotebookView"]

EVERY = 1.0
"""Seconds between two updates: with the last one of all never more than two a second."""


class NotebookView:
    """Shows one call in one display: HTML, and the same as plain text.

    No widget and no script: what stands there last is what a saved notebook shows. A thread of
    its own updates the display, so that an event costs a load nothing, and the seconds go on
    while Mews is at work.

    Parameters
    ----------
    cache
        The folder of the cache: where the facts of a finished load stand.
    clock
        Time.
    profile
        Named in calls that the card advises; None if there is none.
    """

    def __init__(self, cache: Path, clock: Clock, profile: str | None = None) -> None:
        self._cache = cache
        self._profile = profile
        self._clock = clock
        self._board = Board()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._handle: Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Show how it ended."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._handle is not None:
            self._board.end(error, self._clock.monotonic())
            self._update(is_last=True)

    def __call__(self, event: ProgressEvent) -> None:
        """Hear of a load; the first event opens the display."""
        with self._lock:
            self._board.hear(event, self._clock.monotonic())
        if self._handle is None:
            from IPython.display import display

            self._handle = display(self._bundle(is_last=False), raw=True, display_id=True)
            self._start()

    def _start(self) -> None:
        # In a copy of this context: there ipykernel looks up which cell a message belongs to.
        context = copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._go_on,), name="mews-display", daemon=True
        )
        self._thread.start()

    def _go_on(self) -> None:
        while not self._over.wait(EVERY):
            self._update(is_last=False)

    def _update(self, *, is_last: bool) -> None:
        self._handle.update(self._bundle(is_last=is_last), raw=True)

    def _bundle(self, *, is_last: bool) -> dict[str, str]:
        with self._lock:
            lines = self._board.lines(self._clock.monotonic())
        blocks = [self._block(line, is_last=is_last) for line in lines]
        return {
            "text/plain": "\n".join(text for line in lines for text in _texts(line)),
            "text/html": page(*blocks),
        }

    def _block(self, line: Line, *, is_last: bool) -> str:
        if is_last and line.state == "done":
            card = loaded_card(self._cache, line, self._clock.now(), self._profile)
            if card is not None:
                return card.html(is_open=not line.is_cached)
        return progress_html(line)


def _texts(line: Line) -> list[str]:
    return [line.sentence, *(f"  {note}" for note in line.notes)]
