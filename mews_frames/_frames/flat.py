"""Frames of any backend, flat or nested, as one flat lazy frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import RESCUED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = ["flattened"]


def flattened(frame: Any) -> pl.LazyFrame:
    """Give one column for each leaf, whatever a frame came as."""
    import polars as pl

    if isinstance(frame, pl.DataFrame | pl.LazyFrame):
        lazy = frame.lazy()
    elif hasattr(frame, "compute"):  # dask
        lazy = pl.from_pandas(frame.compute()).lazy()
    elif hasattr(frame, "column_names"):  # an Arrow table
        lazy = pl.LazyFrame(frame)
    else:
        lazy = pl.from_pandas(frame).lazy()
    schema = lazy.collect_schema()
    if not any(isinstance(dtype, pl.Struct) for dtype in schema.values()):
        return lazy
    return lazy.select(
        leaf
        for name, dtype in schema.items()
        for leaf in ([pl.col(name)] if name == RESCUED else _leaves(pl.col(name), dtype, name))
    )


def _leaves(column: pl.Expr, dtype: Any, name: str) -> Iterator[pl.Expr]:
    import polars as pl

    if not isinstance(dtype, pl.Struct):
        yield column.alias(name)
        return
    for inner in dtype.fields:
        yield from _leaves(column.struct.field(inner.name), inner.dtype, f"{name}.{inner.name}")
