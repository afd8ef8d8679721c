"""Read rescued data again: keep what belongs to some columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._frames.spelling import read_json, to_json

if TYPE_CHECKING:
    import polars as pl

    from mews_frames._frames.columns import Kept

__all__ = ["only_kept"]


def only_kept(column: pl.Series, kept: Kept) -> pl.Series:
    """Leave out of a column of rescued data what does not belong to kept columns."""
    import polars as pl

    def cut(text: str | None) -> str | None:
        if text is None:
            return None
        mine = {p: v for p, v in read_json(text).items() if kept.keeps_rescued(p)}
        return to_json(mine) if mine else None

    return pl.Series(column.name, map(cut, column.to_list()), dtype=pl.String())
