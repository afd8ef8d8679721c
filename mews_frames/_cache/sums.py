"""Digests of a part while it arrives, so that only bytes as they came are built upon.

The bytes lie on disk until the part is decoded, perhaps for days after a run that was killed, and
a changed digit still decodes. So each block of them has a record in a file beside them: its length
and its digest, into which go the export, the part and the place of the block. What has no record
that fits is fetched again: what was just being written after a kill, nothing after an interrupt.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING

from mews_frames._trust import OPEN_SAFELY

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

__all__ = ["Sums", "sums_of"]

BLOCK = 64 * 1024
"""Bytes. A record of 20 bytes for each is 0.03 % of the part."""

RECORD = struct.Struct("<I16s")


def sums_of(path: Path) -> Path:
    """Give the place of the digests of what arrives at a path."""
    return path.with_suffix(".sums")


class Sums:
    """The digests of one part. Not for several threads at a time.

    Two processes whose locks do nothing write the same records to the same places, as they do
    with the bytes.

    Parameters
    ----------
    path
        Where the bytes arrive.
    size
        Bytes of the whole part.
    """

    def __init__(self, path: Path, size: int) -> None:
        place = sums_of(path)
        handle = os.open(
            place, os.O_RDWR | os.O_CREAT | OPEN_SAFELY | getattr(os, "O_BINARY", 0), 0o600
        )
        self._file = os.fdopen(handle, "r+b", buffering=0)
        self._what = f"{path.parent.name}/{path.name} of {size}"
        self._begin(0)

    def _begin(self, block: int) -> None:
        self._block, self._length = block, 0
        self._digest = hashlib.blake2b(f"{self._what}, block {block}".encode(), digest_size=16)

    def believed(self, file: FileIO) -> int:
        """Count the bytes at the beginning of a file that are as they came, and go on from there.

        Reads them: a second for a gigabyte.
        """
        self._file.seek(0)
        records = self._file.readall()
        for length, digest in RECORD.iter_unpack(
            records[: len(records) // RECORD.size * RECORD.size]
        ):
            data = file.read(length) if 0 < length <= BLOCK else b""
            self._digest.update(data)
            self._length = len(data)
            if self._length != length or self._digest.digest() != digest:
                self._begin(self._block)
                break
            if length < BLOCK:
                break
            self._begin(self._block + 1)
        return self._block * BLOCK + self._length

    def add(self, data: bytes) -> None:
        """Take the bytes that follow, once they are in their file."""
        view = memoryview(data)
        while view:
            some = view[: BLOCK - self._length]
            self._digest.update(some)
            self._length += len(some)
            view = view[len(some) :]
            if self._length == BLOCK:
                self._record()
                self._begin(self._block + 1)
        if self._length:
            self._record()  # and again when more of this block has come

    def restart(self) -> None:
        """Expect the part from its first byte."""
        self._begin(0)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _record(self) -> None:
        self._file.seek(self._block * RECORD.size)
        self._file.write(RECORD.pack(self._length, self._digest.digest()))
