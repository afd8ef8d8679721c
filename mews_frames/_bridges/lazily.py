"""Finished exports as lazy frames whose rows stay at Mews: read when, and as far as, needed.

Polars calls the source each time that a query needs it, perhaps twice in one query. Nothing is
added at Mews by that: the exports are finished, and reading one twice gives the same rows.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from mews_frames._bridges.ahead import FIRST, MOST
from mews_frames._bridges.filesystem import SIDE_BY_SIDE, MewsFileSystem
from mews_frames._bridges.paths import part_path
from mews_frames._frames.columns import RESCUED, Kept, polars_schema
from mews_frames._frames.decode import decode_part
from mews_frames._frames.lines import Place
from mews_frames._frames.merge import KEYS, Older, older_rows
from mews_frames._frames.reader import shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mews_frames._models import Export, ExportFile
    from mews_frames._remote import Afar
    from mews_frames.typing import Money

__all__ = ["scan_afar"]

BLOCK = 1024 * 1024
"""Bytes that are decoded at a time, up to the end of a line."""

ROW = 2048
"""Bytes that a row is taken to have, where only a few rows are wanted; no matter if it has more."""


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
        with self._reading(n_rows) as reading:
            for frame in self._frames(reading, self._needed(with_columns)):
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

    @contextmanager
    def _reading(self, n_rows: int | None) -> Iterator[_Reading]:
        block = BLOCK if n_rows is None else min(max(n_rows * ROW, FIRST // 2), BLOCK)
        settings = {} if self._afar else self._settings
        files = MewsFileSystem(afar=self._afar, **settings)
        fetching = ThreadPoolExecutor(SIDE_BY_SIDE, "mews-fetch")
        decoding = ThreadPoolExecutor(os.cpu_count() or 1, "mews-decode")
        try:
            for export in self._exports:
                files.expect(export)
            yield _Reading(files, fetching, decoding, block, Pace())
        finally:
            # Not waited for: a socket may take a minute to notice, and Ctrl-C is not to.
            for pool in (fetching, decoding):
                pool.shutdown(wait=False, cancel_futures=True)
            files.close()

    def _frames(self, reading: _Reading, kept: Kept) -> Iterator[pl.DataFrame]:
        if len(self._exports) == 1:
            yield from reading.frames(self._exports[0], kept)
            return
        for export, older in zip(self._exports, self._older(reading), strict=True):
            first = 0
            for frame in reading.frames(export, kept):
                yield _without(frame, older, first)
                first += frame.height

    def _older(self, reading: _Reading) -> Sequence[Older]:
        """Find the rows that a later piece has in a newer state: reads all pieces, once."""
        with self._lock:
            if self._known is None:
                keys = Kept(self._kept.entity_type, KEYS)
                empty = pl.DataFrame(schema=polars_schema(keys, flatten=True)).select(KEYS)
                self._known = older_rows(
                    [
                        pl.concat(
                            [empty, *(f.select(KEYS) for f in reading.frames(e, keys))]
                        ).lazy()
                        for e in self._exports
                    ]
                )
            return self._known


def _without(frame: pl.DataFrame, older: Older, first: int) -> pl.DataFrame:
    """Leave out the older rows of a stretch of a piece that begins with row `first`."""
    if older.rows:
        position = pl.int_range(first, first + frame.height)
        frame = frame.filter(~position.is_in(list(older.rows)))
    if older.ids:
        # A missing id is nobody's older state.
        frame = frame.filter(~pl.col("Id").is_in(list(older.ids)).fill_null(value=False))
    return frame


class _Reading(NamedTuple):
    """One call of a source: its connections and threads, and how much it takes at a time."""

    files: MewsFileSystem
    fetching: Executor
    decoding: Executor
    block: int
    pace: Pace

    def frames(self, export: Export, kept: Kept) -> Iterator[pl.DataFrame]:
        """Give the rows of an export, part by part, block by block."""
        for file in export.files:
            tables = decode_part(
                self._chunks(export, file),
                kept,
                Place(export.id, file.number),
                self.decoding,
                block_size=self.block,
            )
            for table in tables:
                yield pl.DataFrame(table)

    def _chunks(self, export: Export, file: ExportFile) -> Iterator[bytes]:
        path = part_path(export.id, file.number)
        return chunks(
            partial(self.files.cat_file, path),
            file.size,
            self.pace,
            self.fetching,
            lambda: SIDE_BY_SIDE if self.files.serves_ranges(path) else 1,
        )


class Pace:
    """How far a reading has come, and how far it may therefore read ahead.

    It reads no more ahead than was taken before, so that who stops early has not paid for the
    rest; and in ever longer stretches, so that who goes on needs few requests.
    """

    def __init__(self) -> None:
        self.taken = 0

    @property
    def length(self) -> int:
        """Bytes of the next stretch."""
        return min(max(self.taken // 2, FIRST), MOST)

    def allows(self, ahead: int, running: int, most: int) -> bool:
        """Say whether to read another stretch, `ahead` bytes after what was taken."""
        return running == 0 or (running < most and ahead + self.length <= self.taken)


def chunks(
    read: Callable[[int, int], bytes],
    size: int,
    pace: Pace,
    pool: Executor,
    most: Callable[[], int],
) -> Iterator[bytes]:
    """Read a part from its start, some of it ahead.

    Parameters
    ----------
    read
        Reads the bytes between two offsets.
    size
        Bytes of the part.
    pace
        Of the reading: it goes on from one part to the next.
    pool
        Where it is read.
    most
        How many stretches may be read at the same time.
    """
    running: deque[Future[bytes]] = deque()
    start = given = 0
    while given < size:
        while start < size and pace.allows(start - given, len(running), most()):
            stop = min(start + pace.length, size)
            running.append(pool.submit(read, start, stop))
            start = stop
        data = running.popleft().result()
        given += len(data)
        yield data
        pace.taken += len(data)
