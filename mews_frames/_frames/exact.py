"""The exact path: one line at a time, every value either typed or rescued.

It is slow and takes nothing on trust. The fast path hands it the few lines that hold a surprise.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import Kept, arrow_schema, flat_columns
from mews_frames._frames.lines import Block, Place, lines
from mews_frames._frames.spelling import NotOneObjectError, read_record, to_json
from mews_frames._frames.values import Rescued, converter, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

__all__ = ["decode_exact", "decode_lines"]


def decode_exact(block: Block, kept: Kept, place: Place) -> pa.Table:
    """Decode whole lines into a table of `arrow_schema(kept)`, one row a line, in their order.

    Raises
    ------
    DecodeError
        At the first line that is not one JSON object.
    """
    return decode_lines(lines(block), kept, place)


def decode_lines(lines: Iterable[Block], kept: Kept, place: Place) -> pa.Table:
    """Decode single lines, wherever they stand, as `decode_exact` does."""
    import pyarrow as pa

    rows, rescues = _rows(lines, kept, place)
    schema = arrow_schema(kept)
    columns = [
        [row[i] for row in rows]
        for i, column in enumerate(flat_columns(kept.entity_type))
        if kept.has(column.name)
    ]
    arrays = [
        pa.array(values, type=field.type)
        for values, field in zip([*columns, rescues], schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _rows(
    lines: Iterable[Block], kept: Kept, place: Place
) -> tuple[list[list[Any]], list[str | None]]:
    """Give a value for every flat column of each line, and what was rescued of it, as JSON."""
    tree = _tree(kept.entity_type)
    width = len(flat_columns(kept.entity_type))
    rows: list[list[Any]] = []
    rescues: list[str | None] = []
    for line in lines:
        row: list[Any] = [None] * width
        rescued: Rescued = {}
        try:
            _place(read_record(line.data), tree, "", row, rescued)
            mine = {p: v for p, v in rescued.items() if kept.keeps_rescued(p)} if rescued else None
            rescues.append(to_json(mine) if mine else None)
        except NotOneObjectError as error:
            raise place.error(str(error), line.line, line.offset) from None
        rows.append(row)
    return rows, rescues


@cache
def _tree(entity_type: str) -> dict[str, Any]:
    """Make a tree of names; at its leaves stand the position and the converter of a column."""
    tree: dict[str, Any] = {}
    for i, column in enumerate(flat_columns(entity_type)):
        *above, name = column.path
        inner = tree
        for step in above:
            inner = inner.setdefault(step, {})
        inner[name] = (i, converter(column.field))
    return tree


def _place(
    record: dict[str, Any], tree: dict[str, Any], above: str, row: list[Any], rescued: Rescued
) -> None:
    """Lay the values of a record, or of an object in it, into the columns of a row."""
    for name, value in record.items():
        known = tree.get(name)
        if known is None:
            rescued[f"{above}/{escape(name)}"] = value
        elif value is None:
            continue
        elif known.__class__ is tuple:
            position, convert = known
            row[position] = convert(value, f"{above}/{name}", rescued)
        elif value.__class__ is dict:
            _place(value, known, f"{above}/{name}", row, rescued)
        else:
            rescued[f"{above}/{name}"] = value
