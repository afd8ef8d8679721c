"""Scan the Parquet parts of an export as one lazy frame, and hand it over in any backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from mews_frames._frames.columns import RESCUED, Kept, nested_fields, polars_schema
from mews_frames._frames.meaning import described_table
from mews_frames._frames.rescue import only_kept
from mews_frames._frames.types import polars_type
from mews_frames._schemas import Field, load_schema
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from mews_frames.typing import Backend, Money

__all__ = ["check_backend", "default_money", "scan", "shape", "to_backend"]

BACKENDS = ("polars", "pandas", "pyarrow", "dask")


def check_backend(backend: str, money: str | None) -> None:
    """Refuse a backend or a kind of money that does not exist.

    Raises
    ------
    InvalidArgumentError
        Before anything is asked of Mews.
    """
    if backend not in BACKENDS:
        raise InvalidArgumentError(
            f"{backend!r} is not a backend", hint=f"one of {', '.join(BACKENDS)}"
        )
    if money not in {None, "decimal", "float"}:
        raise InvalidArgumentError(
            f"{money!r} is not a kind of money",
            hint='money="decimal" is exact, money="float" a double',
        )


def default_money(backend: Backend) -> Money:
    """Say how decimals come when the caller does not: exact, but doubles where sums want them."""
    return "float" if backend in {"pandas", "dask"} else "decimal"


def scan(
    parts: Sequence[Path], held: Kept, asked: Kept, *, flatten: bool, money: Money, rescued: bool
) -> pl.LazyFrame:
    """Scan parts lazily: nothing is read before the frame is collected.

    Parameters
    ----------
    parts
        Parquet files, in order. None at all make an empty frame with all its columns.
    held
        What the files hold.
    asked
        What the frame shall hold; part of `held`.
    flatten
        One column per leaf; otherwise structs as in Mews, null where all their leaves are.
    money
        Decimals as they are, or cast to the nearest double.
    rescued
        Whether any row holds rescued data; if none does, nothing has to be looked through.
    """
    import polars as pl

    if not parts:
        return pl.LazyFrame(schema=polars_schema(asked, flatten=flatten, money=money))
    frame = pl.scan_parquet(list(parts), glob=False)
    if flatten and money == "decimal" and asked == held:
        return frame  # as it lies there: a wide projection costs each query milliseconds
    return shape(frame, asked, flatten=flatten, money=money, narrower=rescued and asked != held)


def shape(
    frame: pl.LazyFrame, asked: Kept, *, flatten: bool, money: Money, narrower: bool
) -> pl.LazyFrame:
    """Give a frame of flat columns and exact decimals the shape that was asked for.

    Parameters
    ----------
    frame
        What a part is decoded into, and perhaps more columns than were asked for.
    asked, flatten, money
        As for `scan`.
    narrower
        Whether its rescued data may hold what does not belong to columns asked for.
    """
    import polars as pl

    rescue = pl.col(RESCUED)
    if narrower:
        rescue = rescue.map_batches(lambda s: only_kept(s, asked), return_dtype=pl.String())
    if flatten:
        columns = [_money(pl.col(c.name), c.field, money) for c in asked.columns]
    else:
        fields = nested_fields(load_schema(asked.entity_type).fields, asked)
        columns = [_nested(f, f.name, money).alias(f.name) for f in fields]
    return frame.select(*columns, rescue)


def _money(column: pl.Expr, field: Field, money: Money) -> pl.Expr:
    if money == "float" and _has_decimals(field):
        return column.cast(polars_type(field, "float"))
    return column


def _has_decimals(field: Field) -> bool:
    if field.items is not None:
        return _has_decimals(field.items)
    return field.type == "decimal" or any(map(_has_decimals, field.fields))


def _nested(field: Field, name: str, money: Money) -> pl.Expr:
    """Build the struct of an object again from its flat leaves."""
    import polars as pl

    if field.type != "object":
        return _money(pl.col(name), field, money)
    children = [_nested(f, f"{name}.{f.name}", money).alias(f.name) for f in field.fields]
    some = pl.any_horizontal(pl.col(leaf).is_not_null() for leaf in _leaf_names(field, name))
    return pl.when(some).then(pl.struct(children))


def _leaf_names(field: Field, name: str) -> list[str]:
    if field.type != "object":
        return [name]
    return [leaf for f in field.fields for leaf in _leaf_names(f, f"{name}.{f.name}")]


def to_backend(frame: pl.LazyFrame, backend: Backend, entity_type: str) -> Any:
    """Hand a frame over: a LazyFrame as it is, a table or a DataFrame read into memory.

    The fields of an Arrow table say what they mean; other frames have no place for that.
    """
    import polars as pl

    match backend:
        case "polars":
            return frame
        case "pyarrow":
            # large_string rather than string_view: every Arrow library reads it
            table = frame.collect().to_arrow(compat_level=pl.CompatLevel.oldest())
            return described_table(table, entity_type)
        case "pandas":
            return frame.collect().to_pandas(use_pyarrow_extension_array=True)
        case "dask":
            raise NotImplementedError
        case _:
            assert_never(backend)
