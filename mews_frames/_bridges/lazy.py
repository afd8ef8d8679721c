"""Any frame as a LazyFrame of Polars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mews_frames._bridges.batches import batches_of, handed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["lazy_of"]


def lazy_of(frame: Any) -> pl.LazyFrame:
    """Take a frame of any backend; those of Polars stay as lazy as they are.

    Raises
    ------
    InvalidArgumentError
        If it is no frame.
    """
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        return frame
    if isinstance(frame, pl.DataFrame):
        return frame.lazy()
    with handed(batches_of(frame)) as stream:
        return pl.DataFrame(stream).lazy()
