"""Which fields were rescued: names of fields for a card, and never a value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mews_frames._frames.columns import RESCUED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["rescued_fields"]

LOOKED_AT = 1000
"""Rows with rescued data that are looked at: drift repeats itself from row to row."""


def rescued_fields(parts: Sequence[Path]) -> list[str]:
    """Name the fields of records that hold rescued values, as far as the first rows tell.

    Only the outermost names: those within may be keys that somebody typed.

    Parameters
    ----------
    parts
        Parquet files of the cache.
    """
    import polars as pl

    column = pl.col(RESCUED)
    some = pl.scan_parquet(list(parts), glob=False).select(column).filter(column.is_not_null())
    texts = some.head(LOOKED_AT).collect()[RESCUED]
    names = {pointer.split("/")[1] for text in texts for pointer in json.loads(text)}
    return sorted(name.replace("~1", "/").replace("~0", "~") for name in names)
