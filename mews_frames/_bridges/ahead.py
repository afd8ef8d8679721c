"""A cache for reading files from afar: it reads ahead the farther, the longer reading goes on."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from fsspec.caching import BaseCache, register_cache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FIRST", "MOST", "ReadAhead"]

FIRST = 256 * 1024
"""Bytes that are fetched at first: some 150 order items, a fraction of a second."""

MOST = 4 * 1024 * 1024
"""Bytes that are fetched at once at most, unless more are asked for at once."""

KEPT = 4
"""Blocks that are kept: whoever goes back a little pays nothing."""


class ReadAhead(BaseCache):  # type: ignore[misc]  # fsspec has no types
    """Keeps the last few blocks in memory. Each block that follows on another one is twice as long.

    So the first rows of a part cost little, and reading all of it takes few requests.

    Parameters
    ----------
    blocksize
        Bytes of the first block.
    fetcher
        Gets the bytes between two offsets.
    size
        Bytes of the file.
    """

    name = "mews_ahead"

    def __init__(self, blocksize: int, fetcher: Callable[[int, int], bytes], size: int) -> None:
        super().__init__(blocksize, fetcher, size)
        self._blocks: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._next = -1
        self._length = blocksize

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        start = 0 if start is None else start
        stop = self.size if stop is None else min(stop, self.size)
        pieces = []
        while start < stop:
            piece = self._held(start, stop) or self._load(start, stop)
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _held(self, start: int, stop: int) -> bytes:
        for offset, block in self._blocks:
            if offset <= start < offset + len(block):
                return block[start - offset : stop - offset]
        return b""

    def _load(self, start: int, stop: int) -> bytes:
        goes_on = start == self._next
        most = max(MOST, self.blocksize)
        self._length = min(self._length * 2, most) if goes_on else self.blocksize
        end = min(max(stop, start + self._length), self.size)
        block: bytes = self.fetcher(start, end)
        self._next = end
        if len(block) <= most:
            self._blocks.append((start, block))
        return block[: stop - start]


register_cache(ReadAhead, clobber=True)
