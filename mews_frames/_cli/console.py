"""Consoles and tables of rich. Imported only where something is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Shell", "make_table"]

UNCUT = 10_000
"""Columns of a table that nobody looks at in a terminal: wide enough to cut and wrap nothing."""


class Shell(Console):
    """A console of rich that guesses nothing about texts, and leaves broken pipes to `main`.

    Parameters
    ----------
    stderr
        Whether it writes there; else to stdout.
    width
        Columns where it is no terminal.
    """

    def __init__(self, *, stderr: bool = False, width: int = UNCUT) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)
        if not self.is_terminal:
            self.width = width

    def on_broken_pipe(self) -> None:
        """Pass on the error that is being handled, instead of ending the process here."""
        raise  # noqa: PLE0704 - rich calls this while it handles BrokenPipeError


def make_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> Table:
    """Lay out texts in columns, without lines around them: they read and grep well.

    Parameters
    ----------
    columns
        Their headings. The first column is never wrapped: it holds ids and names.
    rows
        A text for each column.
    right
        Columns of numbers.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(
            Text(column),
            justify="right" if column in right else "left",
            overflow="fold",  # rather another line than a value that is cut
            no_wrap=number == 0,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table
