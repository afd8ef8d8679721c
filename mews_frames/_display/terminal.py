"""Progress in a terminal: lines that change, on stderr, by rich."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mews_frames._closing import Closing
from mews_frames._display.board import KEPT, Board

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from mews_frames._display.board import Line
    from mews_frames.typing import Clock, ProgressEvent

__all__ = ["TerminalView"]

A_SECOND = 2
"""Updates: exports take minutes to hours."""

BAR = 24
"""Columns of a bar; narrow terminals do without it."""
NARROW = 100


class TerminalView(Closing):
    """Keeps what is worth it, and below that one line for each entity type that is busy.

    Parameters
    ----------
    clock
        Time.
    words
        Says a sentence of the library as the reader would.
    """

    def __init__(self, clock: Clock, words: Callable[[str], str]) -> None:
        self._clock = clock
        self._words = words
        self._board = Board()
        # Neither markup nor guesses: texts of others are shown as they are.
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        dots = (self._console.encoding or "").startswith("utf")
        self._spinner = Spinner("dots" if dots else "line")
        self._live = Live(
            get_renderable=self._show,
            console=self._console,
            refresh_per_second=A_SECOND,
            transient=True,
            # What others print is theirs: data on stdout may be Parquet.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def close(self) -> None:
        """Take away the lines that change; an error tells of itself."""
        self._live.stop()

    def __call__(self, event: ProgressEvent) -> None:
        """Hear of a load."""
        self._board.hear(event, self._clock.monotonic())
        is_over = event.stage == "interrupted" or not self._busy()
        if is_over:  # what is written next, here or on stdout, is not to stand beside a stale line
            self._live.stop()
        if event.stage in KEPT:
            self.say(f"{event.entity_type}: {event.message}")
        if not is_over:
            self._live.start(refresh=True)

    def say(self, line: str) -> None:
        """Write a line that stays."""
        self._console.print(self._words(line), soft_wrap=True)

    def _busy(self) -> list[Line]:
        lines = self._board.lines(self._clock.monotonic())
        return [line for line in lines if line.state == "busy"]

    def _show(self) -> RenderableType:
        return Group(*map(self._line, self._busy()))

    def _line(self, line: Line) -> RenderableType:
        grid = Table.grid(padding=(0, 1, 0, 0))
        cells: list[RenderableType] = [self._spinner, Text(line.entity_type, "bold")]
        if line.share is not None and self._console.width >= NARROW:
            cells.append(ProgressBar(1.0, line.share, width=BAR, complete_style="cyan"))
        cells.append(Text(self._words(line.text)))
        for cell in cells:
            grid.add_column(no_wrap=not isinstance(cell, Text))
        grid.add_row(*cells)
        return grid
