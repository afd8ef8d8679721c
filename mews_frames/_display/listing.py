"""Listings on a terminal: a table where it fits, else a paragraph for each row. Nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

__all__ = ["listing"]

GAP = 2
"""Columns of a terminal between two columns of a table."""
LAST = 24
"""Columns of a terminal that the last column of a table wraps into at least: it holds words."""
INDENT = 2


def listing(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    width: int,
) -> RenderableType:
    """Lay out texts, without lines around them: they read and grep well.

    Parameters
    ----------
    columns
        Their headings. The first column names the row; it begins its paragraph.
    rows
        A text for each column. Only the last one of a table may go on in another line.
    right
        Columns of numbers.
    width
        What there is, in columns of a terminal.
    """
    rows = list(rows)
    if _width_of(columns, rows) <= width:
        return _table(columns, rows, right)
    return Group(*(line for row in rows for line in _paragraph(columns, row, width)))


def _width_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Give the width that a table needs at least."""
    *firm, last = zip(columns, *rows, strict=True)
    words = max((cell_len(word) for text in last for word in text.split()), default=0)
    least = max(words, min(LAST, max(map(cell_len, last))))
    return sum(max(map(cell_len, texts)) + GAP for texts in firm) + least


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str]
) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for number, column in enumerate(columns, start=1):
        table.add_column(
            Text(column),
            justify="right" if column in right else "left",
            no_wrap=number < len(columns),
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _paragraph(columns: Sequence[str], row: Sequence[str], width: int) -> Iterator[RenderableType]:
    """Write what there is of a row, each value with its name, and as many in a line as fit."""
    yield Text(row[0], "bold", overflow="fold")
    line = Text()
    for name, value in zip(columns[1:], row[1:], strict=True):
        if not value:
            continue
        said = Text.assemble((name, "dim"), " ", value)
        if line and INDENT + line.cell_len + GAP + said.cell_len > width:
            yield Padding(line, (0, 0, 0, INDENT))
            line = Text()
        line.append(" " * GAP if line else "").append_text(said)
    yield Padding(line, (0, 0, 0, INDENT))
