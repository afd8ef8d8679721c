"""One reading of parts from afar: ever longer stretches, side by side, decoded as they come."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from mews_frames._bridges.ahead import FIRST, MOST
from mews_frames._bridges.filesystem import SIDE_BY_SIDE, MewsFileSystem
from mews_frames._bridges.paths import part_path
from mews_frames._frames.decode import decode_part
from mews_frames._frames.lines import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mews_frames._frames.columns import Kept
    from mews_frames._models import Export, ExportFile

__all__ = ["Pace", "Reading", "chunks", "reading"]

BLOCK = 1024 * 1024
"""Bytes that are decoded at a time, up to the end of a line."""

ROW = 2048
"""Bytes that a row is taken to have, where only a few rows are wanted; no matter if it has more."""


EVERY = 0.1
"""Seconds between two looks of Polars at whether the user has had enough."""


class Reading(NamedTuple):
    """One call of a source: its connections and threads, and how much it takes at a time."""

    files: MewsFileSystem
    fetching: Executor
    decoding: Executor
    waiting: Executor
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

    def patiently(
        self, frames: Iterator[pl.DataFrame], empty: pl.DataFrame
    ) -> Iterator[pl.DataFrame]:
        """Give frames as they come, and an empty one now and then while nothing comes.

        Polars looks for Ctrl-C only between frames, and a storage may be silent for a minute.
        """
        while True:
            coming = self.waiting.submit(next, frames, None)
            while not wait([coming], EVERY).done:
                yield empty
            frame = coming.result()
            if frame is None:
                return
            yield frame

    def _chunks(self, export: Export, file: ExportFile) -> Iterator[bytes]:
        path = part_path(export.id, file.number)
        return chunks(
            partial(self.files.cat_file, path),
            file.size,
            self.pace,
            self.fetching,
            lambda: SIDE_BY_SIDE if self.files.serves_ranges(path) else 1,
        )


@contextmanager
def reading(files: MewsFileSystem, n_rows: int | None) -> Iterator[Reading]:
    """Open the threads of one reading; close them, and the file system, in the end.

    Parameters
    ----------
    files
        Of this reading alone.
    n_rows
        How many rows are wanted; None for all.
    """
    block = BLOCK if n_rows is None else min(max(n_rows * ROW, FIRST // 2), BLOCK)
    fetching = ThreadPoolExecutor(SIDE_BY_SIDE, "mews-fetch")
    decoding = ThreadPoolExecutor(os.cpu_count() or 1, "mews-decode")
    waiting = ThreadPoolExecutor(1, "mews-wait")
    try:
        yield Reading(files, fetching, decoding, waiting, block, Pace())
    finally:
        # Not waited for: a socket may take a minute to notice, and Ctrl-C is not to.
        for pool in (fetching, decoding, waiting):
            pool.shutdown(wait=False, cancel_futures=True)
        files.close()


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
