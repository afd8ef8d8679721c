"""One frame as one Excel workbook, row by row: exact, or refused."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mews_frames._bridges.batches import ROWS
from mews_frames._bridges.extras import need
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl

__all__ = ["DICTIONARY", "check_size", "write_workbook"]

# Excel specifications and limits, support.microsoft.com
MOST_ROWS = 1_048_576
"""Rows of a sheet; the first one holds the names."""
MOST_COLUMNS = 16_384
MOST_TEXT = 32_767
"""UTF-16 units in a cell; the library cuts what is longer, without a word."""
MOST_DIGITS = 15
"""Digits that a number in a cell keeps."""
FIRST_YEAR = 1900
"""Excel knows no day before it: those stay text."""

DICTIONARY = "Dictionary"

OPTIONS = {"constant_memory": True}


def check_size(frame: pl.LazyFrame, name: str) -> None:
    """Refuse what no sheet holds, before an hour has been spent on it.

    Raises
    ------
    InvalidArgumentError
        For too many rows or columns.
    """
    import polars as pl

    rows = frame.select(pl.len()).collect().item()
    if rows > MOST_ROWS - 1:
        raise InvalidArgumentError(
            f"{name} has {rows:,} rows; an Excel sheet holds {MOST_ROWS - 1:,} and their names",
            hint="keep fewer rows (frame.filter), sum them up (frame.group_by), or take"
            ' tool="powerbi" or tool="parquet": Power Query in Excel reads Parquet',
        )
    columns = len(frame.collect_schema())
    if columns > MOST_COLUMNS:
        raise InvalidArgumentError(
            f"{name} has {columns:,} columns; an Excel sheet holds {MOST_COLUMNS:,}",
            hint="keep fewer: frame.select",
        )


def write_workbook(path: Path, frame: pl.LazyFrame, dictionary: pl.DataFrame, *, name: str) -> None:
    """Write a sheet of rows, under the name of the frame, and a sheet that says what they mean.

    Raises
    ------
    InvalidArgumentError
        For a value that a cell does not hold as it is.
    """
    xlsxwriter = need("xlsxwriter", "bi")
    try:
        with xlsxwriter.Workbook(path, OPTIONS) as book:
            _Sheet(book, name).write(frame)
            _Sheet(book, DICTIONARY).write(dictionary.lazy())
    except xlsxwriter.exceptions.XlsxWriterException as error:
        cause = error.args[0] if error.args else error
        raise cause if isinstance(cause, OSError) else OSError(0, str(cause)) from error


class _Sheet:
    """One sheet that rows are added to."""

    def __init__(self, book: Any, name: str) -> None:
        self._book = book
        self._sheet = book.add_worksheet(name)
        self._head = book.add_format({"bold": True})

    def write(self, frame: pl.LazyFrame) -> None:
        schema = frame.collect_schema()
        sheet = self._sheet
        sheet.freeze_panes(1, 0)
        writers = []
        for column, (name, kind) in enumerate(schema.items()):
            sheet.set_column(column, column, max(12, min(40, len(name) + 3)))
            sheet.write_string(0, column, name, self._head)
            writers.append(_Column(self._book, sheet, column, name, kind).write)
        row = 0
        for row, values in enumerate(_rows(frame), start=1):
            for write, value in zip(writers, values, strict=True):
                if value is not None:
                    write(row, value)
        if schema:
            sheet.autofilter(0, 0, row, len(schema) - 1)


class _Column:
    """One column of a sheet: how its values become cells."""

    def __init__(self, book: Any, sheet: Any, number: int, name: str, kind: Any) -> None:
        self._sheet = sheet
        self._number = number
        self._name = name
        self._format = book.add_format({"num_format": _format(kind)})
        self.write = self._writer(kind)

    def _writer(self, kind: Any) -> Callable[[int, Any], None]:
        if kind.is_temporal():
            return self._instant
        return self._count if kind.is_numeric() else self._text

    def _text(self, row: int, value: Any) -> None:
        if isinstance(value, bool):
            self._sheet.write_boolean(row, self._number, value)
        # Not `write`, which takes "=1+1" for a formula and "https://..." for a link.
        elif self._sheet.write_string(row, self._number, value) != 0:
            raise self._refused(row, f"a text of {len(value):,} characters", f"{MOST_TEXT:,}")

    def _count(self, row: int, value: float | Decimal) -> None:
        if isinstance(value, int | Decimal) and _digits(value) > MOST_DIGITS:
            raise self._refused(row, f"the number {value}", f"{MOST_DIGITS} digits")
        if not math.isfinite(value):  # the library would write a formula that is an error
            raise self._refused(row, f"the number {value}", "finite numbers")
        self._sheet.write_number(row, self._number, float(value), self._format)

    def _instant(self, row: int, value: dt.date | dt.time) -> None:
        if isinstance(value, dt.date) and value.year < FIRST_YEAR:
            self._text(row, value.isoformat())
        else:
            self._sheet.write_datetime(row, self._number, _cut(value), self._format)

    def _refused(self, row: int, what: str, most: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"{what} in row {row:,} of column {self._name!r} does not fit into a cell of Excel,"
            f" which holds {most}",
            hint="leave the column out, round it, or put nulls there (fill_nan, pl.when);"
            ' or take tool="powerbi" or tool="parquet"',
        )


def _format(kind: Any) -> str:
    import polars as pl

    match kind:
        case pl.Date():
            return "yyyy-mm-dd"
        case pl.Time():
            return "hh:mm:ss"
        case pl.Datetime():
            return "yyyy-mm-dd hh:mm:ss"
        case pl.Decimal():
            return "0.00####"
    return "General"


def _cut(value: Any) -> Any:
    """Cut an instant to the millisecond: Excel rounds what is finer, up into the next day even."""
    if isinstance(value, dt.datetime | dt.time):
        return value.replace(microsecond=value.microsecond // 1_000 * 1_000)
    return value


def _rows(frame: pl.LazyFrame) -> Iterator[tuple[Any, ...]]:
    for batch in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
        yield from batch.iter_rows()


def _digits(value: int | Decimal) -> int:
    """Count the digits that tell a number from its neighbours."""
    return len(Decimal(value).normalize().as_tuple().digits)
