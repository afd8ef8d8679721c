"""Cut arriving bytes into blocks of whole lines, each knowing where it stands in its part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from mews_frames.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BLOCK_SIZE", "Block", "Place", "blocks", "lines"]

BLOCK_SIZE = 4 * 1024 * 1024
"""Bytes of a block, up to the end of its last line: what one thread decodes at a time."""

LONG_LINE = BLOCK_SIZE
"""Bytes from which on a line is looked at before it is decoded. Real ones have some thousands."""

WINDOW = 256 * 1024
"""Bytes looked at together: what numpy makes of them stays in the caches."""

MAX_LINE = 64 * 1024 * 1024
"""Bytes of the longest line that is read; a longer one is damage, and memory has a bound."""

MAX_VALUES = 2_000_000
"""Most values in a long line. An empty object costs two bytes of JSON, and a bill's empty order
item 400 bytes of memory: 50 MB of them were seen to take 12 GB."""

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of which export something stands in: what an error names."""

    export_id: str
    part: int

    def error(self, why: str, line: int, offset: int) -> DecodeError:
        """Make the error for one line."""
        return DecodeError(
            f"part {self.part} of export {self.export_id}: line {line}, byte {offset}: {why}",
            hint="nothing of this export was taken; mf.load_export(id) downloads it again, and if"
            " the line is still damaged, refresh=True asks Mews for a new export",
            export_id=self.export_id,
            part=self.part,
            line=line,
            offset=offset,
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a part.

    Attributes
    ----------
    data
        The lines, as they came; every one ends with a line feed.
    line
        Number of the first line in the part, from 1.
    offset
        Offset of the first line in the part, in bytes.
    """

    data: bytes
    line: int = 1
    offset: int = 0

    def split(self, count: int) -> list[Block]:
        """Cut the block at line ends into at most so many blocks of about equal size."""
        pieces: list[Block] = []
        start, line = 0, self.line
        for i in range(1, count + 1):
            aim = max(len(self.data) * i // count, start + 1)
            end = self.data.find(b"\n", aim - 1) + 1 or len(self.data)
            if end > start:
                data = self.data[start:end]
                pieces.append(Block(data, line, self.offset + start))
                line += data.count(b"\n")
                start = end
        return pieces

    def lines_at(self, starts: Iterable[int]) -> Iterator[Block]:
        """Give the lines that begin at these offsets in the block, in their order."""
        line, seen = self.line, 0
        for start in starts:
            line += self.data.count(b"\n", seen, start)
            seen = start
            end = self.data.index(b"\n", start) + 1
            yield Block(self.data[start:end], line, self.offset + start)


def blocks(chunks: Iterable[bytes], place: Place, size: int = BLOCK_SIZE) -> Iterator[Block]:
    """Cut chunks of any length into blocks of about `size` bytes.

    The cuts depend on the bytes alone, not on how they arrived: two processes that decode the
    same part write the same Parquet file.
    """
    pending: list[bytes] = []
    held, line = 0, 1
    offset, rest = _without_mark(chunks)
    for arrived in rest:
        chunk = arrived
        while (end := chunk.find(b"\n", max(size - 1 - held, 0))) >= 0:
            block = Block(b"".join([*pending, chunk[: end + 1]]), line, offset)
            _check_last_line(block, place)
            yield block
            pending, held, chunk = [], 0, chunk[end + 1 :]
            line += _count_lines(block.data)
            offset += len(block.data)
        pending.append(chunk)
        held += len(chunk)
        if held > MAX_LINE:
            _check_last_line(Block(b"".join(pending), line, offset), place)
    if held:
        # JSON Lines asks for a line feed at the end; a file without one is read all the same.
        data = b"".join(pending)
        block = Block(data if data.endswith(b"\n") else data + b"\n", line, offset)
        _check_last_line(block, place)
        yield block


def _without_mark(chunks: Iterable[bytes]) -> tuple[int, Iterator[bytes]]:
    """Take a byte order mark off, however it is cut; say how long it was, and give the rest."""
    rest = iter(chunks)
    first = b""
    for chunk in rest:
        first += chunk
        if len(first) >= len(BOM):
            break
    mark = len(BOM) if first.startswith(BOM) else 0
    return mark, chain([first[mark:]], rest)


def _count_lines(data: bytes) -> int:
    """Count line feeds, ten times as fast as `bytes.count` of Python 3.11."""
    import numpy as np

    octets = np.frombuffer(data, np.uint8)
    return sum(
        int(np.count_nonzero(octets[start : start + WINDOW] == ord("\n")))
        for start in range(0, len(octets), WINDOW)
    )


def _check_last_line(block: Block, place: Place) -> None:
    """Refuse a line that would take too much memory: only the last one of a block can be long."""
    data = block.data
    start = data.rfind(b"\n", 0, -1) + 1
    length = len(data) - start
    if length <= LONG_LINE:
        return
    why = None
    if length > MAX_LINE:
        why = f"the line is longer than {MAX_LINE} bytes"
    elif _count_values(data[start:]) > MAX_VALUES:
        why = f"the line holds more than {MAX_VALUES} values"
    if why:
        raise place.error(why, block.line + data.count(b"\n", 0, start), block.offset + start)


def _count_values(line: bytes) -> int:
    """Count the objects, lists and commas that are not within texts."""
    import numpy as np

    if b"\\" in line:
        line = line.replace(b"\\\\", b"..").replace(b'\\"', b"..")
    octets = np.frombuffer(line, np.uint8)
    within = np.logical_xor.accumulate(octets == ord('"'))
    return sum(int(np.count_nonzero((octets == ord(c)) & ~within)) for c in "{[,")


_NOT_BLANK = re.compile(rb"^[ \t\r]*+[^ \t\r\n][^\n]*\n?", re.MULTILINE)


def lines(block: Block) -> Iterator[Block]:
    """Cut a block into its lines, leaving out blank ones.

    Only a line feed ends a line: a lone carriage return is a blank to JSON.
    """
    line, seen = block.line, 0
    for match in _NOT_BLANK.finditer(block.data):
        start = match.start()
        line += block.data.count(b"\n", seen, start)
        yield Block(match[0], line, block.offset + start)
        seen = start
