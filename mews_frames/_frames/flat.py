"""Nested frames as flat ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = ["flat"]


def flat(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Give every field of a struct a column of its own, names joined by a dot, in its place."""
    import polars as pl

    schema = frame.collect_schema()
    if not any(isinstance(kind, pl.Struct) for kind in schema.values()):
        return frame
    return frame.select(
        column for name, kind in schema.items() for column in _leaves(pl.col(name), name, kind)
    )


def _leaves(column: pl.Expr, name: str, kind: Any) -> Iterator[pl.Expr]:
    import polars as pl

    if not isinstance(kind, pl.Struct):
        yield column.alias(name)
        return
    for field in kind.fields:
        yield from _leaves(column.struct.field(field.name), f"{name}.{field.name}", field.dtype)
