"""The types of columns: what each kind of field becomes in Arrow and in Polars."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mews_frames._schemas import Field

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["DECIMAL", "arrow_type", "polars_type"]

DECIMAL = (38, 6)
"""Precision and scale of money: exact to a millionth, up to 32 digits before the point."""


def arrow_type(field: Field) -> pa.DataType:
    """Give the Arrow type of a field in the cache and in frames."""
    import pyarrow as pa

    match field:
        case Field(items=Field() as items):
            return pa.list_(arrow_type(items))
        case Field(type="object"):
            return pa.struct([pa.field(f.name, arrow_type(f)) for f in field.fields])
        case _:
            return _arrow_types().get(field.type, pa.string())


@cache
def _arrow_types() -> dict[str, pa.DataType]:
    """List what is not text, as it was sent: ids, enums and durations are."""
    import pyarrow as pa

    return {
        "integer": pa.int64(),
        "decimal": pa.decimal128(*DECIMAL),
        "degrees": pa.float64(),
        "boolean": pa.bool_(),
        "datetime": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "map": pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())])),
    }


def polars_type(field: Field, money: str = "decimal") -> pl.DataType:
    """Give the Polars type of a field; with `money` as ``float``, decimals are doubles."""
    import polars as pl

    match field:
        case Field(items=Field() as items):
            return pl.List(polars_type(items, money))
        case Field(type="object"):
            return pl.Struct({f.name: polars_type(f, money) for f in field.fields})
        case Field(type="decimal") if money == "float":
            return pl.Float64()
        case _:
            return _polars_types().get(field.type, pl.String())


@cache
def _polars_types() -> dict[str, pl.DataType]:
    import polars as pl

    return {
        "integer": pl.Int64(),
        "decimal": pl.Decimal(*DECIMAL),
        "degrees": pl.Float64(),
        "boolean": pl.Boolean(),
        "datetime": pl.Datetime("us", "UTC"),
        "date": pl.Date(),
        "map": pl.List(pl.Struct({"key": pl.String(), "value": pl.String()})),
    }
