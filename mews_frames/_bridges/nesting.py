"""Nested columns for tools that have no place for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["without_nesting"]


def without_nesting(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Write lists and structs as JSON text."""
    import polars as pl

    nested = [name for name, kind in frame.collect_schema().items() if kind.is_nested()]
    # Polars encodes structs only, so the value gets a struct around it: {"v":...}
    texts = [
        pl.when(pl.col(name).is_not_null())
        .then(
            pl.struct(pl.col(name).alias("v"))
            .struct.json_encode()
            .str.strip_prefix('{"v":')
            .str.strip_suffix("}")
        )
        .alias(name)
        for name in nested
    ]
    return frame.with_columns(texts)
