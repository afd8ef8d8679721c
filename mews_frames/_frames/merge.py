"""Merge the pieces of a long window: one row for each id, the one that was updated last.

A record that was updated while earlier pieces were being made stands in two of them. Which rows
are older is found once; after that every query reads the pieces as they are, less those rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._frames.columns import Kept, polars_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

__all__ = ["KEYS", "Older", "keys_of", "older_rows", "without_older"]

KEYS = ("Id", "UpdatedUtc")
"""What must be kept of every piece to tell which row is the newer one."""


@dataclass(frozen=True, slots=True)
class Older:
    """The rows of one piece that stand in it with an older state than elsewhere.

    Attributes
    ----------
    ids
        Ids all of whose rows in this piece are older.
    rows
        Positions of the other older rows, from 0: of ids that this piece itself holds twice.
    """

    ids: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


def keys_of(entity_type: str, frames: Iterable[pl.DataFrame]) -> pl.LazyFrame:
    """Gather the `KEYS` of a piece that comes in stretches, of none perhaps."""
    import polars as pl

    empty = pl.DataFrame(schema=polars_schema(Kept(entity_type, KEYS), flatten=True))
    return pl.concat(frame.select(KEYS) for frame in (empty, *frames)).lazy()


def older_rows(pieces: Sequence[pl.LazyFrame]) -> tuple[Older, ...]:
    """Find the rows that are not the newest of their id.

    The newest has the greatest ``UpdatedUtc``; a missing one counts as the oldest, and of equal
    ones the one in the later piece, and there in the later row, counts as the newer. A row
    without an id is nobody's older state.

    Parameters
    ----------
    pieces
        Frames with the columns of `KEYS`, oldest window first.

    Returns
    -------
    For each piece, what is older in it. Reads two columns of all rows; memory grows with the
    number of ids.
    """
    import polars as pl

    every = pl.concat(
        [
            piece.select(*KEYS).with_row_index("row").with_columns(piece=pl.lit(number, pl.Int32))
            for number, piece in enumerate(pieces)
        ]
    ).filter(pl.col("Id").is_not_null())
    # Only ids that stand more than once matter: few, as a rule.
    repeated = every.group_by("Id").len().filter(pl.col("len") > 1).select("Id")
    rows = every.join(repeated, on="Id", how="semi").collect(engine="streaming")
    ranked = rows.sort("UpdatedUtc", "piece", "row", nulls_last=False)
    newest = ranked.group_by("Id", maintain_order=True).last().select("piece", "row")
    older = ranked.join(newest, on=["piece", "row"], how="anti")
    return tuple(_older_in(number, older, newest, rows) for number in range(len(pieces)))


def _older_in(number: int, older: pl.DataFrame, newest: pl.DataFrame, rows: pl.DataFrame) -> Older:
    import polars as pl

    here = older.filter(pl.col("piece") == number)
    winners = newest.filter(pl.col("piece") == number).join(rows, on=["piece", "row"])
    mixed = here.filter(pl.col("Id").is_in(winners["Id"].implode()))
    whole = here.filter(~pl.col("Id").is_in(winners["Id"].implode()))
    return Older(tuple(whole["Id"].unique().sort()), tuple(mixed["row"].sort()))


def without_older(piece: pl.LazyFrame, older: Older, *, first: int = 0) -> pl.LazyFrame:
    """Leave the older rows out of a piece; most pieces have none, and stay as they are.

    Parameters
    ----------
    piece
        All of it, or a stretch.
    older
        Of the whole piece.
    first
        Position in the piece at which the stretch begins.
    """
    import polars as pl

    if older.rows:
        position = "_position"
        piece = (
            piece.with_row_index(position, offset=first)
            .filter(~pl.col(position).is_in(list(older.rows)))
            .drop(position)
        )
    if older.ids:
        # A missing id is nobody's older state: is_in gives null for it, which would drop the row.
        is_older = pl.col("Id").is_in(list(older.ids)).fill_null(value=False)
        piece = piece.filter(~is_older)
    return piece
