"""What an export changes in a table: compared by id, never more of it in memory than changes.

A table is cut into slices of equal size, in the order of creation. A record stays in its slice for
good; new ones go to the last slice. A day changes records of the last weeks, so it touches few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mews_frames._frames.merge import older_rows, without_older
from mews_frames._sync.state import DELETED, INTERNAL, SLICE, SYNCED
from mews_frames.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import polars as pl

__all__ = ["Difference", "column_as", "differences", "first_slices", "newest_rows", "with_internal"]

SLICE_ROWS = 131_072
"""Rows of a slice: 10 MB of order items. Half of it rewrites little less, twice as much costs
memory (docs/decisions/0019)."""

BATCH_ROWS = 16_384
"""Rows that are handed to the writer at once."""

ORDERED_BY = ("CreatedUtc", "UpdatedUtc", "PostingDate")
"""What old and new is told by: the first of these that there is."""


# --------------------------------------------------------------------------- first rows


def newest_rows(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Leave one row for each id, the newest: an export may hold a record twice.

    Raises
    ------
    TableError
        If a record has no id: which one it is could not be told next time.
    """
    import polars as pl

    has_time = "UpdatedUtc" in frame.collect_schema().names()
    keyed = frame if has_time else frame.with_columns(UpdatedUtc=pl.lit(None, pl.Datetime("us")))
    without = frame.select(pl.col("Id").is_null().sum()).collect().item()
    if without:
        raise TableError(
            f"{without} records came without an Id, which a table cannot tell apart",
            hint="mf.load_entities loads them; mf.drift shows what came in its place",
        )
    (older,) = older_rows([keyed])
    return without_older(frame, older)


def with_internal(frame: pl.LazyFrame | pl.DataFrame, added: datetime) -> Any:
    """Add the columns of ours, but for the slice."""
    import polars as pl

    instant = pl.Datetime("us", "UTC")
    return frame.with_columns(
        pl.lit(None, instant).alias(DELETED), pl.lit(added, instant).alias(SYNCED)
    )


def first_slices(frame: pl.LazyFrame) -> tuple[Iterator[pl.DataFrame], pl.Schema, int]:
    """Cut the first rows of a table into slices, oldest records first.

    Returns
    -------
    The rows, batch by batch; their schema; and how many they are.
    """
    import polars as pl

    names = frame.collect_schema().names()
    key = next((name for name in ORDERED_BY if name in names), "Id")
    keys = frame.select(key).collect(engine="streaming")[key].sort()
    bounds = keys.gather_every(SLICE_ROWS, SLICE_ROWS).drop_nulls().unique().sort()

    def number(values: pl.Series) -> pl.Series:
        return bounds.search_sorted(values, side="right").cast(pl.Int32)

    sliced = frame.with_columns(
        pl.col(key).map_batches(number, return_dtype=pl.Int32, is_elementwise=True).alias(SLICE)
        if len(bounds)
        else pl.lit(0, pl.Int32).alias(SLICE)
    )
    batches = sliced.collect_batches(chunk_size=BATCH_ROWS, maintain_order=False)
    return iter(batches), pl.Schema(sliced.collect_schema()), len(keys)


# --------------------------------------------------------------------------- later rows


@dataclass(frozen=True, slots=True)
class Difference:
    """What an export changes in a table.

    Attributes
    ----------
    rows
        New and changed records, with the columns of ours.
    gone
        Ids of records that are not at Mews any more.
    slices
        Slices of the table that change.
    inserted, updated
        How many of the rows are new, and how many were there.
    added
        When the export was added.
    """

    rows: pl.DataFrame
    gone: pl.Series
    slices: tuple[int, ...]
    inserted: int
    updated: int
    added: datetime

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.rows.is_empty() and self.gone.is_empty()

    @property
    def schema(self) -> pl.Schema:
        """Columns that the table has to have."""
        return self.rows.schema

    def replaced(self, table: pl.LazyFrame) -> Iterator[pl.DataFrame]:
        """Make the changed slices anew, batch by batch: none is whole in memory."""
        import polars as pl

        table = _aligned(table, self.schema)
        if len(self.gone):
            is_gone = pl.col("Id").is_in(self.gone.implode())
            mark = pl.when(is_gone).then(pl.lit(self.added)).otherwise(pl.col(DELETED))
            table = table.with_columns(mark.alias(DELETED))
        for number in self.slices:
            mine = self.rows.filter(pl.col(SLICE) == number)
            kept = table.filter(pl.col(SLICE) == number).join(
                mine.lazy().select("Id"), on="Id", how="anti"
            )
            yield from kept.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
            yield mine


def differences(
    table: pl.LazyFrame,
    incoming: pl.LazyFrame,
    added: datetime,
    *,
    is_full: bool,
    posted: tuple[date, date] | None,
) -> Difference:
    """Find out what an export changes in a table.

    A record is changed if any of its columns is. One whose ``UpdatedUtc`` is older than in the
    table is left as it is there; of equal ones the export counts, which is later.

    Parameters
    ----------
    table
        With the columns of ours.
    incoming
        The rows of the export, each id once.
    added
        When the export was added.
    is_full
        Whether a record that is not in it is gone.
    posted
        Whether one is that was posted on these days, both included.
    """
    import polars as pl

    incoming = with_internal(incoming, added)
    schema = _union(table.collect_schema(), incoming.collect_schema())
    table, incoming = _aligned(table, schema), _aligned(incoming, schema)
    told = [name for name in schema.names() if name not in INTERNAL]
    gone = _gone(table, incoming, is_full=is_full, posted=posted)
    if is_full:
        incoming = _candidates(table, incoming, told)
    rows = incoming.collect(engine="streaming")
    lying = _lying(table, rows)
    old = _old(table, rows, lying[SLICE].unique().sort())
    changed = _changed(old, rows, told)
    new = rows.join(lying, on="Id", how="anti")
    sizes = table.group_by(SLICE).len().collect() if len(new) else None
    placed = pl.concat([changed, _placed(new, sizes)])
    slices = sorted({*placed[SLICE].to_list(), *gone[SLICE].to_list()})
    return Difference(placed, gone["Id"], tuple(slices), len(new), len(changed), added)


def _union(table: pl.Schema, incoming: pl.Schema) -> pl.Schema:
    """Give the columns of both. Where types differ, Mews' schema has grown: take the newer one."""
    import polars as pl

    every = dict(incoming) | {n: t for n, t in table.items() if n not in incoming}
    ours = {name: every.pop(name) for name in INTERNAL if name in every}
    return pl.Schema({**every, **ours, SLICE: pl.Int32()})


def _aligned(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Bring a frame to a schema."""
    there = frame.collect_schema()
    return frame.select(column_as(name, there, dtype) for name, dtype in schema.items())


def column_as(name: str, there: pl.Schema, dtype: pl.DataType) -> pl.Expr:
    """Give a column in the type that it has by now; null if it is not there yet."""
    import polars as pl

    if name not in there:
        return pl.lit(None, dtype).alias(name)
    return pl.col(name) if there[name] == dtype else pl.col(name).cast(dtype)


def _candidates(table: pl.LazyFrame, incoming: pl.LazyFrame, told: Sequence[str]) -> pl.LazyFrame:
    """Leave out of an export of everything what is in the table exactly so.

    Rows are told by a hash of 64 bits, so that two columns are in memory and not all of them.
    """
    import polars as pl

    row = pl.struct(told).hash().alias("_row")
    alive = table.filter(pl.col(DELETED).is_null()).select("Id", row)
    differing = (
        incoming.select("Id", row)
        .join(alive, on=["Id", "_row"], how="anti")
        .select("Id")
        .collect(engine="streaming")
    )
    return incoming.join(differing.lazy(), on="Id", how="semi")


def _lying(table: pl.LazyFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Find out which ids are in the table, and in which slice."""
    return (
        table.select("Id", SLICE)
        .join(rows.lazy().select("Id"), on="Id", how="semi")
        .collect(engine="streaming")
    )


def _old(table: pl.LazyFrame, rows: pl.DataFrame, slices: pl.Series) -> pl.DataFrame:
    """Read the present state of records, one slice after the other: Polars reads far ahead."""
    import polars as pl

    ids = rows.lazy().select("Id")
    found = [
        table.filter(pl.col(SLICE) == number).join(ids, on="Id", how="semi").collect()
        for number in slices
    ]
    return pl.concat(found) if found else pl.DataFrame(schema=table.collect_schema())


def _changed(old: pl.DataFrame, rows: pl.DataFrame, told: Sequence[str]) -> pl.DataFrame:
    """Give the rows that are in the table in another, not newer, state; with their slices."""
    import polars as pl

    both = rows.drop(SLICE).join(old, on="Id", how="inner", suffix=THERE)
    differs = [pl.col(name).ne_missing(pl.col(name + THERE)) for name in told if name != "Id"]
    was_gone = pl.col(DELETED + THERE).is_not_null()
    fresh = pl.lit(value=True)
    if "UpdatedUtc" in told:
        ours, theirs = pl.col("UpdatedUtc"), pl.col("UpdatedUtc" + THERE)
        fresh = theirs.is_null() | (ours >= theirs).fill_null(value=False)
    return both.filter(was_gone | (fresh & pl.any_horizontal(differs))).select(rows.columns)


THERE = "/there"
"""Ends the names of columns of the table in a comparison; no field of Mews holds a slash."""


def _gone(
    table: pl.LazyFrame,
    incoming: pl.LazyFrame,
    *,
    is_full: bool,
    posted: tuple[date, date] | None,
) -> pl.DataFrame:
    """Find the records that should be in an export, and are not."""
    import polars as pl

    judged = table.filter(pl.col(DELETED).is_null())
    if not is_full:
        if posted is None:
            return pl.DataFrame(schema={"Id": pl.String, SLICE: pl.Int32})
        judged = judged.filter(pl.col("PostingDate").is_between(*posted))
    return (
        judged.select("Id", SLICE)
        .join(incoming.select("Id"), on="Id", how="anti")
        .collect(engine="streaming")
    )


def _placed(new: pl.DataFrame, sizes: pl.DataFrame | None) -> pl.DataFrame:
    """Give new records their slices: the last one while there is room, then the next ones."""
    import polars as pl

    last, filled = 0, 0
    if sizes is not None and len(sizes):
        last, filled = sizes.sort(SLICE).row(-1)
    position = pl.int_range(pl.len()) + filled
    return new.with_columns((last + position // SLICE_ROWS).cast(pl.Int32).alias(SLICE))
