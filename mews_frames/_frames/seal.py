"""A Parquet file with the digest of all its bytes in its own footer.

Its own 64 characters count as zeros in it. So a part says by itself that it is whole, before any
manifest does; and to whoever reads Parquet it is a file like any other.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BLANK", "KEY_SEAL", "is_sealed", "seal"]

KEY_SEAL = "mews_frames.sha256"
BLANK = "0" * 64
"""Stands for the digest while it is computed."""

END = 8
"""Bytes after the footer: its length, and ``PAR1`` (Apache Parquet, file format)."""

CHUNK = 1024 * 1024
"""Bytes that are hashed at a time."""


def seal(path: Path) -> None:
    """Write the digest of a file over the `BLANK` in its footer."""
    place, _ = _found(path)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(_digest(path, place))


def is_sealed(path: Path) -> bool:
    """Say whether every byte of a file is as it was when it was sealed."""
    try:
        place, digest = _found(path)
        return digest == _digest(path, place)
    except (OSError, ValueError):
        return False


def _found(path: Path) -> tuple[int, bytes]:
    """Find where the digest stands, and what stands there."""
    with path.open("rb") as file:
        end = file.seek(-END, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little")
        start = file.seek(max(0, end - length))
        footer = file.read(end - start)
    # The last one: before it stand the least and the greatest text of each column, which a guest
    # may have written, and after it what made the file (Apache Parquet, parquet.thrift).
    key = footer.rindex(KEY_SEAL.encode()) + len(KEY_SEAL)
    place = key + 2  # Thrift, compact protocol: one byte each for the field and for its length
    return start + place, footer[place : place + len(BLANK)]


def _digest(path: Path, place: int) -> bytes:
    sha256, left = hashlib.sha256(), place
    with path.open("rb") as file:
        while left and (data := file.read(min(left, CHUNK))):
            sha256.update(data)
            left -= len(data)
        sha256.update(BLANK.encode())
        file.seek(place + len(BLANK))
        while data := file.read(CHUNK):
            sha256.update(data)
    return sha256.hexdigest().encode()
