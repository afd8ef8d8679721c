"""What has changed in a table between two of its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._frames.columns import Kept
from mews_frames._sync.reading import check_as_of, open_as_of, scan_table
from mews_frames._sync.state import DELETED, SYNCED

if TYPE_CHECKING:
    import polars as pl
    from deltalake import DeltaTable

    from mews_frames._sync.identity import Identity
    from mews_frames._sync.table import Table
    from mews_frames.typing import AsOf

__all__ = ["changes_of"]

CHANGE = "_change"


def changes_of(table: Table, identity: Identity, asked: Kept, *, since: AsOf) -> pl.DataFrame:
    """Give the rows that were inserted, updated or removed since.

    Only files that are not in both versions are read.

    Parameters
    ----------
    table, identity, asked
        As for `mews_frames._sync.reading.read_table`.
    since
        Version or instant to compare the newest state with.
    """
    import polars as pl

    then = open_as_of(table, identity, check_as_of("since", since), name="since")
    now = open_as_of(table, identity, None)
    before, after = _keys(table, then, now), _keys(table, now, then)
    was, there = before.filter(~pl.col("gone")), after.filter(~pl.col("gone"))
    changed = there.join(was, on="Id", how="left", suffix="_then")
    new = changed.filter(pl.col("synced_then").is_null()).select("Id", change=pl.lit("inserted"))
    updated = changed.filter(pl.col("synced") != pl.col("synced_then")).select(
        "Id", change=pl.lit("updated")
    )
    gone = was.join(there, on="Id", how="anti").select("Id", change=pl.lit("removed"))
    ids = pl.concat([new, updated, gone]).rename({"change": CHANGE})
    # A row that is gone is still there, with a mark: so the newest state knows all of them.
    rows = scan_table(table, now, asked.union(Kept(asked.entity_type, ("Id",))), deleted=True)
    return (
        rows.join(ids.lazy(), on="Id", how="inner")
        .select(CHANGE, *scan_table(table, now, asked).collect_schema().names())
        .collect()
    )


def _keys(table: Table, opened: DeltaTable, other: DeltaTable) -> pl.DataFrame:
    """Read what tells a change, from the files that the other version does not have."""
    import polars as pl

    mine = table.scan_files_beside(opened, other)
    if mine is None:
        instant = pl.Datetime("us", "UTC")
        return pl.DataFrame(
            schema=pl.Schema({"Id": pl.String(), "synced": instant, "gone": pl.Boolean()})
        )
    return mine.select("Id", synced=pl.col(SYNCED), gone=pl.col(DELETED).is_not_null()).collect()
