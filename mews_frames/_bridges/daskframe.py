"""Exports as dask DataFrames: one partition for each Parquet part, Arrow dtypes, Polars' values."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from mews_frames._bridges.extras import need
from mews_frames._frames.columns import RESCUED, Kept, polars_schema
from mews_frames._frames.merge import KEYS, Older, keys_of, older_rows, without_older
from mews_frames._frames.reader import scan, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from mews_frames._bridges.stores import FsspecStore
    from mews_frames._bring import Bring
    from mews_frames._cache.manifest import Manifest
    from mews_frames._shared import Lot
    from mews_frames.typing import Money

__all__ = ["Reader", "frame_in_cache", "frame_in_store"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One part: where it lies, and what is to be done with it.

    Attributes
    ----------
    place
        A path; in a store, a name.
    held
        The columns that it holds.
    rescued
        Whether any row of it holds rescued data.
    first
        The number of its first row in its export, from 0.
    older
        Rows of the export that a later piece of a long window has in a newer state.
    """

    place: str
    held: Kept
    rescued: bool
    first: int
    older: Older = field(default=Older(), repr=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one part into a pandas DataFrame, on whatever machine: it holds no secret.

    Attributes
    ----------
    asked, flatten, money
        As for `mews_frames._frames.reader.scan`.
    several
        Whether the parts are of several exports, whose rows merge.
    store
        Where the parts lie, if that is not this machine's disk.
    """

    asked: Kept
    flatten: bool
    money: Money
    several: bool
    store: FsspecStore | None = None

    def __call__(self, piece: Piece, columns: list[str] | None = None) -> pd.DataFrame:
        """Read a part, or some of its columns."""
        frame = self._shaped(piece)
        if columns is not None:
            frame = frame.select(columns)
        return frame.collect().to_pandas(use_pyarrow_extension_array=True)

    @property
    def empty(self) -> pd.DataFrame:
        """A frame of the right columns and dtypes, without rows."""
        schema = polars_schema(self.asked, flatten=self.flatten, money=self.money)
        return pl.DataFrame(schema=schema).to_pandas(use_pyarrow_extension_array=True)

    def _shaped(self, piece: Piece) -> pl.LazyFrame:
        if not self.several and self.store is None:
            return scan(
                [Path(piece.place)],
                piece.held,
                self.asked,
                flatten=self.flatten,
                money=self.money,
                rescued=piece.rescued,
            )
        kept = self.asked
        if self.several:
            kept = kept.union(Kept(kept.entity_type, KEYS))
        frame = self.rows(piece.place, kept).lazy()
        if self.several:
            frame = without_older(frame, piece.older, first=piece.first)
        narrower = piece.rescued and piece.held != self.asked
        return shape(frame, self.asked, flatten=self.flatten, money=self.money, narrower=narrower)

    def rows(self, place: str, kept: Kept) -> pl.DataFrame:
        """Read the rows of a part as they lie there."""
        names = [*(column.name for column in kept.columns), RESCUED]
        if self.store is None:
            return pl.read_parquet(place, columns=names, glob=False)
        with self.store.open(place) as file:
            return pl.read_parquet(file, columns=names, use_pyarrow=True)


def frame_in_cache(
    manifests: Sequence[Manifest], asked: Kept, bring: Bring, *, flatten: bool, money: Money
) -> Any:
    """Make a dask DataFrame of what lies in the cache of this machine."""
    several = len(manifests) > 1
    older = bring.older(manifests) if several else None
    reader = Reader(asked, flatten, money, several)

    def place(number: int, part: int) -> str:
        return str(bring.place(manifests[number].export.id, part))

    return dask_frame(manifests, reader, place, older)


def frame_in_store(
    lots: Sequence[Lot], asked: Kept, store: FsspecStore, *, flatten: bool, money: Money
) -> Any:
    """Make a dask DataFrame of what lies in a shared cache: workers read it from there."""
    several = len(lots) > 1
    reader = Reader(asked, flatten, money, several, store)
    older = older_rows([_keys(lot, reader) for lot in lots]) if several else None
    return dask_frame(
        [lot.manifest for lot in lots], reader, lambda number, part: lots[number].part(part), older
    )


def _keys(lot: Lot, reader: Reader) -> pl.LazyFrame:
    """Read of an export what tells newer rows from older ones: two columns."""
    of = reader.asked.entity_type
    keys = Kept(of, KEYS)
    return keys_of(of, (reader.rows(lot.part(part.number), keys) for part in lot.manifest.parts))


def dask_frame(
    manifests: Sequence[Manifest],
    reader: Reader,
    place: Callable[[int, int], str],
    older: Sequence[Older] | None = None,
) -> Any:
    """Make a dask DataFrame of finished exports; nothing is read before it is computed.

    Parameters
    ----------
    manifests
        Of one export, or of the pieces of a long window, oldest first.
    reader
        Reads one part.
    place
        Says where a part lies: number of the manifest, from 0, and of the part, from 1.
    older
        For each piece, the rows that are not to be shown.
    """
    dask = need("dask", "dask")
    dd = need("dask.dataframe", "dask")
    pieces = []
    for number, manifest in enumerate(manifests):
        held = Kept(manifest.export.entity_type, manifest.columns)
        first = [0, *accumulate(part.rows for part in manifest.parts)]
        pieces += [
            Piece(
                place(number, part.number),
                held,
                part.rescued > 0,
                first[part.number - 1],
                older[number] if older else Older(),
            )
            for part in manifest.parts
        ]
    # Else dask makes its own kind of text of ours.
    with dask.config.set({"dataframe.convert-string": False}):
        if not pieces:
            return dd.from_pandas(reader.empty, npartitions=1)
        return dd.from_map(reader, pieces, meta=reader.empty, label="mews-part")
