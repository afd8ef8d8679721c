"""The fast path: Arrow's JSON reader, a block at a time, believed only where it can be checked.

Arrow reads exact decimals and refuses most surprises by itself. What it would accept in silence
is checked here; anything doubtful raises `Surprise`, and the exact path decides. What Arrow does
with each kind of surprise was tried one by one: docs/decisions/0005.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mews_frames._frames.checks import Surprise, count_lines, count_texts, plain_lines
from mews_frames._frames.columns import RESCUED, Kept, arrow_type, flat_columns
from mews_frames._schemas import Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["Surprise", "decode_fast"]


def decode_fast(data: bytes, kept: Kept) -> pa.Table:
    """Decode whole lines into flat columns, or raise `Surprise` without having bent a value.

    Parameters
    ----------
    data
        Lines, each ending with a line feed; no byte order mark.
    kept
        The columns of the result; the last one, of rescued data, is all null.
    """
    import pyarrow as pa

    data = plain_lines(data)
    rows = count_lines(data)
    texts = count_texts(data)
    table = _read(data, kept.entity_type)
    if table.num_rows != rows:
        raise Surprise("more or fewer records than lines")
    flat = _flatten(table)
    if texts != sum(len(a) - a.null_count for a in _leaves(flat, "string")):
        raise Surprise("a quoted number")
    _check_decimals(flat)
    columns = [
        _typed(flat[i], c.field)
        for i, c in enumerate(flat_columns(kept.entity_type))
        if kept.has(c.name)
    ]
    names = [c.name for c in kept.columns]
    return pa.table([*columns, pa.nulls(rows, pa.string())], names=[*names, RESCUED])


# --------------------------------------------------------------------------- Arrow


@cache
def _raw_schema(entity_type: str) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([pa.field(f.name, _raw_type(f)) for f in load_schema(entity_type).fields])


def _raw_type(field: Field) -> pa.DataType:
    """Give the type as which Arrow's JSON reader reads a field strictly."""
    import pyarrow as pa

    match field.type:
        case "datetime" | "date":
            return pa.string()  # typed afterwards: the reader takes instants without a zone
        case "map":
            return pa.null()  # the reader has no maps: anything but null is a surprise
        case "object":
            return pa.struct([pa.field(f.name, _raw_type(f)) for f in field.fields])
        case "array":
            assert field.items is not None
            return pa.list_(_raw_type(field.items))
        case _:
            return arrow_type(field)


def _read(data: bytes, entity_type: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.json as pj

    try:
        return pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=_raw_schema(entity_type), unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowInvalid as error:
        raise Surprise(str(error)) from None


def _flatten(table: pa.Table) -> list[pa.Array]:
    import pyarrow as pa

    while any(pa.types.is_struct(column.type) for column in table.columns):
        table = table.flatten()
    return [column.combine_chunks() for column in table.columns]


# --------------------------------------------------------------------------- after Arrow

DECIMAL_TRUST = 10**26
"""From here on Arrow's decimals are not believed.

It multiplies a number up to scale 6 in 128 bits and notices an overflow only if the product
shrank. A wrong product that grew is at least 2**127 / 10**6 = 1.7e32 millionths, or 1.7e26.
"""


def _check_decimals(flat: list[pa.Array]) -> None:
    import pyarrow.compute as pc

    for array in _leaves(flat, "decimal"):
        extremes = pc.min_max(array).as_py()
        if any(abs(v) >= DECIMAL_TRUST for v in extremes.values() if v is not None):
            raise Surprise("a very large decimal")


def _leaves(arrays: list[pa.Array], kind: str) -> Iterator[pa.Array]:
    """List the arrays of a kind, those within lists and structs too."""
    import pyarrow as pa

    for array in arrays:
        if pa.types.is_list(array.type):
            yield from _leaves([array.flatten()], kind)
        elif pa.types.is_struct(array.type):
            yield from _leaves(array.flatten(), kind)
        elif (
            (kind == "string" and pa.types.is_string(array.type))
            or (kind == "decimal" and pa.types.is_decimal(array.type))
            or (
                kind == "time"
                and (pa.types.is_timestamp(array.type) or pa.types.is_date(array.type))
            )
        ):
            yield array


# RE2. Arrow casts up to six digits to microseconds; the rest is cut, as the design says.
_LONG_FRACTION = r"(\.\d{6})\d{1,3}(Z|[+-]\d\d(:?\d\d)?)$"


def _typed(array: pa.Array, field: Field) -> pa.Array:
    """Give an array its final type: instants and dates are still text, maps still null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    final = arrow_type(field)
    if array.type == final:
        return array
    try:
        typed = pc.cast(array, final)
    except pa.ArrowInvalid:
        if field.type != "datetime":
            raise Surprise("a date or an instant that cannot be read") from None
        try:
            cut = pc.replace_substring_regex(array, pattern=_LONG_FRACTION, replacement=r"\1\2")
            typed = pc.cast(cut, final)
        except pa.ArrowInvalid:
            raise Surprise("an instant that cannot be read") from None
    _check_years(typed)
    return typed


def _check_years(array: pa.Array) -> None:
    """Refuse what Python's datetime cannot hold: Arrow reads the year 0."""
    import pyarrow.compute as pc

    for leaf in _leaves([array], "time"):
        years = pc.min_max(pc.year(leaf)).as_py()
        if any(not 1 <= y <= 9999 for y in years.values() if y is not None):  # noqa: PLR2004
            raise Surprise("a year outside 1 to 9999")
