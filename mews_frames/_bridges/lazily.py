"""Finished exports as lazy frames whose rows stay at Mews: read when, and as far as, needed.

Polars calls the source each time that a query needs it, perhaps twice in one query. Nothing is
added at Mews by that: the exports are finished, and reading one twice gives the same rows.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.io.plugins import register_io_source

from mews_frames._bridges.filesystem import MewsFileSystem
from mews_frames._bridges.reading import Reading, reading
from mews_frames._frames.columns import RESCUED, Kept, polars_schema
from mews_frames._frames.merge import KEYS, Older, keys_of, older_rows, without_older
from mews_frames._frames.reader import shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from mews_frames._models import Export
    from mews_frames._remote import Afar
    from mews_frames.typing import Money

__all__ = ["scan_afar"]


def scan_afar(
    exports: Sequence[Export], asked: Kept, afar: Afar, *, flatten: bool, money: Money
) -> pl.LazyFrame:
    """Scan finished exports where they are, as `mews_frames._bring.Bring.scan` does on disk.

    Parameters
    ----------
    exports
        One, or the pieces of a long window, oldest first.
    asked, flatten, money
        As for `mews_frames._frames.reader.scan`.
    afar
        How to get there.
    """
    several = len(exports) > 1
    kept = asked.union(Kept(asked.entity_type, KEYS)) if several else asked
    frame = register_io_source(
        Source(tuple(exports), kept, afar, afar.settings),
        schema=polars_schema(kept, flatten=True),
        is_pure=True,  # a self-join may read it once
    )
    return shape(frame, asked, flatten=flatten, money=money, narrower=kept != asked)


class Source:
    """What Polars calls to get the rows of exports: all of them, or as many as it needs.

    Every call opens connections of its own, and closes them; the frame outlives its Client.
    Pickled, it finds its tokens again in the settings where it is read.
    """

    def __init__(
        self,
        exports: tuple[Export, ...],
        kept: Kept,
        afar: Afar | None,
        settings: Mapping[str, Any],
    ) -> None:
        self._exports = exports
        self._kept = kept
        self._afar = afar
        self._settings = dict(settings)
        self._lock = threading.Lock()
        self._known: Sequence[Older] | None = None

    def __repr__(self) -> str:
        ids = ", ".join(export.id for export in self._exports)
        return f"<export {ids} of {self._kept.entity_type}, at Mews>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Source, (self._exports, self._kept, None, self._settings)

    def __call__(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,  # noqa: ARG002 - a hint; blocks are cut by bytes
    ) -> Iterator[pl.DataFrame]:
        """Give rows: the first ones first, then those of them that the predicate lets pass."""
        left = n_rows
        empty = pl.DataFrame(schema=polars_schema(self._kept, flatten=True))
        with self._reading(n_rows) as reading:
            frames = self._frames(reading, self._needed(with_columns))
            for frame in reading.patiently(frames, empty):
                if left is not None:
                    frame = frame.head(left)  # noqa: PLW2901 - a step of several
                    left -= frame.height
                if with_columns is not None:
                    frame = frame.select(with_columns)  # noqa: PLW2901
                yield frame if predicate is None else frame.filter(predicate)
                if left == 0:
                    return

    def _needed(self, with_columns: list[str] | None) -> Kept:
        """Say what must be decoded; rescued data is about all columns."""
        if with_columns is None or RESCUED in with_columns:
            return self._kept
        names = {*with_columns, "Id"} if len(self._exports) > 1 else set(with_columns)
        return Kept(self._kept.entity_type, tuple(sorted(names)))

    def _reading(self, n_rows: int | None) -> AbstractContextManager[Reading]:
        if self._afar is None:
            files = MewsFileSystem(**self._settings)
        else:
            files = MewsFileSystem(afar=self._afar)
        for export in self._exports:
            files.expect(export)
        return reading(files, n_rows)

    def _frames(self, reading: Reading, kept: Kept) -> Iterator[pl.DataFrame]:
        if len(self._exports) == 1:
            yield from reading.frames(self._exports[0], kept)
            return
        for export, older in zip(self._exports, self._older(reading), strict=True):
            first = 0
            for frame in reading.frames(export, kept):
                yield without_older(frame.lazy(), older, first=first).collect()
                first += frame.height

    def _older(self, reading: Reading) -> Sequence[Older]:
        """Find the rows that a later piece has in a newer state: reads all pieces, once."""
        with self._lock:
            if self._known is None:
                of = self._kept.entity_type
                keys = Kept(of, KEYS)
                self._known = older_rows(
                    [keys_of(of, reading.frames(export, keys)) for export in self._exports]
                )
            return self._known
