"""Where the bytes of a part wait between download and decoding.

On disk, so that a run that was killed goes on where it stopped; or, where columns were left out,
in memory only, since nothing of them may reach the disk.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from mews_frames._cache.sums import Sums
from mews_frames._stopped import OtherBytes, Stopped
from mews_frames._trust import OPEN_SAFELY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DiskSpool", "MemorySpool", "Spool"]

CHUNK = 1024 * 1024
"""Bytes that the decoder is given at a time."""

MOST_IN_MEMORY = 16 * 1024 * 1024
"""Bytes that wait in memory before a download has to pause."""


class Spool(Protocol):
    """One end writes, the other reads; each may give up."""

    @property
    def position(self) -> int:
        """Bytes that need not be downloaded (again)."""
        ...

    def write(self, data: bytes) -> None:
        """Take the bytes that follow `position`.

        Raises
        ------
        OtherBytes
            If they were there before, and were others.
        Stopped
            If nobody wants them any more.
        """
        ...

    def restart(self) -> None:
        """Take the part from its first byte again, as it will be sent again whole."""
        ...

    def fail(self, error: BaseException) -> None:
        """Tell the other end that nothing more will come, or be taken."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Give every byte of the part, from the first, waiting for those that are to come."""
        ...

    def close(self) -> None:
        """Let go of files and memory; keep what a later run can use."""
        ...


class DiskSpool:
    """A spool in a file, which a later run picks up.

    Bytes are written at their own offset. So two processes whose locks do nothing write the same
    bytes to the same places, and neither harms the other.

    Parameters
    ----------
    path
        The file; what it holds already is the beginning of the part, as far as its digests
        (`mews_frames._cache.sums`) say so.
    size
        Bytes of the whole part.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._size = size
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | OPEN_SAFELY, 0o600))
        with ExitStack() as opened:
            self._writing = opened.enter_context(path.open("r+b", buffering=0))
            self._reading = opened.enter_context(path.open("rb", buffering=0))
            self._sums = Sums(path, size)
            opened.callback(self._sums.close)
            self.position = self._available = self._sums.believed(self._writing)
            opened.pop_all()  # all is there: `close` closes it
        self._wanted = 0
        self._error: BaseException | None = None
        self._news = threading.Condition()
        self._writes = threading.Lock()

    def write(self, data: bytes) -> None:
        """Take bytes; those that were there before must be the same."""
        with self._writes:  # not closed meanwhile by who has given up waiting for the download
            self._write(data)

    def _write(self, data: bytes) -> None:
        with self._news:
            if self._error is not None:
                raise Stopped
        self._writing.seek(self.position)
        overlap = min(len(data), self._available - self.position)
        if overlap > 0:
            if self._writing.read(overlap) != data[:overlap]:
                raise OtherBytes
            self._writing.seek(self.position)
        view = memoryview(data)
        while view:
            view = view[self._writing.write(view) :]
        self._sums.add(data)
        with self._news:
            self.position += len(data)
            self._available = max(self._available, self.position)
            if self._available >= self._wanted:
                self._news.notify_all()

    def restart(self) -> None:
        """Expect the part from its first byte."""
        self.position = 0
        self._sums.restart()

    def fail(self, error: BaseException) -> None:
        """Tell the other end that nothing more will come, or be taken."""
        with self._news:
            self._error = self._error or error
            self._news.notify_all()

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes as they become available, a chunk at a time."""
        read = 0
        while read < self._size:
            ready = min(self._size - read, CHUNK)
            with self._news:
                self._wanted = read + ready  # else this thread woke up for every few bytes
                while self._available < self._wanted and self._error is None:
                    self._news.wait()
                if self._error is not None:
                    raise self._error
            data = self._reading.read(ready)
            read += len(data)
            yield data

    def close(self) -> None:
        """Let go of the file; it stays for a later run. Nothing can be written after that."""
        self.fail(Stopped())
        with self._writes:
            self._writing.close()
            self._sums.close()
        self._reading.close()


class MemorySpool:
    """A spool that holds a few MB at most; a run that is killed leaves nothing behind.

    Parameters
    ----------
    size
        Bytes of the whole part.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[bytes] = deque()
        self._held = 0
        self._skip = 0
        self._sum = self._sum_again = 0
        self.position = 0
        self._error: BaseException | None = None
        self._news = threading.Condition()

    def write(self, data: bytes) -> None:
        """Take bytes, pausing while too many wait; skip those that were given before.

        Those are gone: whether they are the same again, a checksum of 32 bits says.
        """
        again, fresh = data[: self._skip], data[self._skip :]
        if again:
            self._skip -= len(again)
            self._sum_again = zlib.crc32(again, self._sum_again)
            if not self._skip and self._sum_again != self._sum:
                raise OtherBytes
        self._sum = zlib.crc32(fresh, self._sum)
        with self._news:
            while self._held > MOST_IN_MEMORY and self._error is None:
                self._news.wait()
            if self._error is not None:
                raise Stopped
            if fresh:
                self._waiting.append(fresh)
                self._held += len(fresh)
            self.position += len(data)
            self._news.notify_all()

    def restart(self) -> None:
        """Expect the part from its first byte."""
        self._skip += self.position
        self._sum_again = 0
        self.position = 0

    def fail(self, error: BaseException) -> None:
        """Tell the other end that nothing more will come, or be taken."""
        with self._news:
            self._error = self._error or error
            self._news.notify_all()

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes as they become available."""
        read = 0
        while read < self._size:
            with self._news:
                while not self._waiting and self._error is None:
                    self._news.wait()
                if self._error is not None:
                    raise self._error
                data = self._waiting.popleft()
                self._held -= len(data)
                self._news.notify_all()
            read += len(data)
            yield data

    def close(self) -> None:
        """Let go of what waits, and of who waits for room."""
        self.fail(Stopped())
        self._waiting.clear()
