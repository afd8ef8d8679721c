"""The fast path: Arrow's JSON reader, a block at a time, believed only where it can be checked.

Arrow reads exact decimals and refuses most surprises by itself. What it would take in silence is
looked for, before and after; anything doubtful raises `Surprise`, and the exact path decides. What
Arrow does with each kind of surprise was tried one by one: docs/decisions/0005.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from mews_frames._frames.checks import (
    Surprise,
    check_finite,
    count_lines,
    count_texts,
    plain_lines,
)
from mews_frames._frames.columns import RESCUED, Kept, flat_columns
from mews_frames._frames.types import arrow_type
from mews_frames._schemas import Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

__all__ = ["decode_fast"]

Array: TypeAlias = Any
"""A `pyarrow.Array` of any type: the stubs have one class for each, and do not know them all."""


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
    if texts != sum(len(leaf) - leaf.null_count for leaf in _leaves(flat, pa.types.is_string)):
        raise Surprise("a quoted number")
    _check_numbers(flat)
    arrays = [
        _typed(array, column.field)
        for array, column in zip(flat, flat_columns(kept.entity_type), strict=True)
        if kept.has(column.name)
    ]
    names = [column.name for column in kept.columns]
    return pa.table([*arrays, pa.nulls(rows, pa.string())], names=[*names, RESCUED])


# --------------------------------------------------------------------------- Arrow


@cache
def _raw_schema(entity_type: str) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([pa.field(f.name, _raw_type(f)) for f in load_schema(entity_type).fields])


def _raw_type(field: Field) -> pa.DataType:
    """Give the type as which Arrow's JSON reader reads a field strictly."""
    import pyarrow as pa

    match field:
        case Field(items=Field() as items):
            return pa.list_(_raw_type(items))
        case Field(type="object"):
            return pa.struct([pa.field(f.name, _raw_type(f)) for f in field.fields])
        case Field(type="datetime" | "date"):
            return pa.string()  # typed afterwards: the reader takes instants without a zone
        case Field(type="map"):
            return pa.null()  # the reader has no maps: anything but null is a surprise
        case _:
            return arrow_type(field)


def _read(data: bytes, entity_type: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.json as pj

    source: Any = pa.BufferReader(data)  # the stubs want a file of Python
    try:
        return pj.read_json(
            source,
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=_raw_schema(entity_type), unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowInvalid as error:
        raise Surprise(str(error)) from None


def _flatten(table: pa.Table) -> list[Array]:
    import pyarrow as pa

    while any(pa.types.is_struct(column.type) for column in table.columns):
        table = table.flatten()
    # One block of JSON makes one chunk; combine_chunks would copy it.
    return [c.chunk(0) if c.num_chunks == 1 else c.combine_chunks() for c in table.columns]


# --------------------------------------------------------------------------- after Arrow


def _leaves(arrays: list[Array], is_wanted: Callable[[Any], bool]) -> Iterator[Array]:
    """List the arrays of wanted types, those within lists and structs too."""
    import pyarrow as pa

    for array in arrays:
        if pa.types.is_list(array.type):
            yield from _leaves([array.flatten()], is_wanted)
        elif pa.types.is_struct(array.type):
            yield from _leaves(array.flatten(), is_wanted)
        elif is_wanted(array.type):
            yield array


def _has_beyond(array: Array, first: Any, last: Any) -> bool:
    """Say whether a value lies outside of what is allowed, both ends being allowed."""
    import pyarrow.compute as pc

    found: Any = pc.min_max(array)
    least, most = found.as_py().values()
    return least is not None and not (first <= least and most <= last)


DECIMAL_TRUST = 10**26
"""From here on Arrow's decimals are not believed.

It multiplies a number up to scale 6 in 128 bits and notices an overflow only if the product
shrank. A wrong product that grew is at least 2**127 / 10**6 = 1.7e32 millionths, or 1.7e26.
"""


def _check_numbers(flat: list[Array]) -> None:
    import pyarrow as pa

    for leaf in _leaves(flat, pa.types.is_decimal):
        if _has_beyond(leaf, -DECIMAL_TRUST, DECIMAL_TRUST):
            raise Surprise("a very large decimal")
    for leaf in _leaves(flat, pa.types.is_floating):
        check_finite(leaf)


# RE2. Arrow casts up to six digits to microseconds; the rest is cut, as the design says.
_LONG_FRACTION = r"(\.\d{6})\d{1,3}(Z|[+-]\d\d(:?\d\d)?)$"


def _typed(array: Array, field: Field) -> Array:
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


EPOCH = date(1970, 1, 1)
DAYS = (date.min - EPOCH).days, (date.max - EPOCH).days
MICROSECONDS = DAYS[0] * 86_400_000_000, (DAYS[1] + 1) * 86_400_000_000 - 1


def _check_years(array: Array) -> None:
    """Refuse what Python's datetime cannot hold: Arrow reads the year 0, and offsets reach 10000.

    Compared as integers: for the year of an instant, Arrow wants a database of time zones.
    """
    import pyarrow as pa

    for leaf in _leaves([array], pa.types.is_date32):
        if _has_beyond(leaf.cast(pa.int32()), *DAYS):
            raise Surprise("a date outside of the years 1 to 9999")
    for leaf in _leaves([array], pa.types.is_timestamp):
        if _has_beyond(leaf.cast(pa.int64()), *MICROSECONDS):
            raise Surprise("an instant outside of the years 1 to 9999")
