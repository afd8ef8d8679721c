"""Cut arriving bytes into blocks of whole lines, each knowing where it stands in its part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["BLOCK_SIZE", "Block", "Place", "blocks", "joined", "lines"]

BLOCK_SIZE = 4 * 1024 * 1024
"""Bytes of a block, up to the end of its last line: what one thread decodes at a time."""

MAX_LINE = 64 * 1024 * 1024
"""Bytes of the longest line that is read; a longer one is damage, and memory has a bound."""

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


def joined(blocks: Sequence[Block]) -> Block:
    """Put neighbouring blocks together again."""
    return Block(b"".join(b.data for b in blocks), blocks[0].line, blocks[0].offset)


def blocks(chunks: Iterable[bytes], place: Place, size: int = BLOCK_SIZE) -> Iterator[Block]:
    """Cut chunks of any length into blocks of about `size` bytes.

    The cuts depend on the bytes alone, not on how they arrived: two processes that decode the
    same part write the same Parquet file.
    """
    pending = bytearray()
    line, offset, first = 1, 0, True
    for chunk in chunks:
        pending += chunk
        if first and len(pending) >= len(BOM):
            first = False
            if pending.startswith(BOM):
                del pending[: len(BOM)]
                offset = len(BOM)
        while (end := pending.find(b"\n", size - 1)) >= 0:
            data = bytes(pending[: end + 1])
            del pending[: end + 1]
            yield Block(data, line, offset)
            line += data.count(b"\n")
            offset += len(data)
        if len(pending) > size + MAX_LINE:
            raise place.error(f"the line is longer than {MAX_LINE} bytes", line, offset)
    if pending:
        # JSON Lines asks for a line feed at the end; a file without one is read all the same.
        yield Block(bytes(pending if pending.endswith(b"\n") else pending + b"\n"), line, offset)


def lines(block: Block) -> Iterator[Block]:
    """Cut a block into its lines, leaving out blank ones."""
    line, offset = block.line, block.offset
    for data in _split(block.data):
        if data.strip(b" \t\r\n"):
            yield Block(data, line, offset)
        line += 1
        offset += len(data)


def _split(data: bytes) -> Iterator[bytes]:
    # bytes.splitlines also splits at a lone carriage return, which JSON counts as a blank.
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start : end + 1]
        start = end + 1
    if start < len(data):
        yield data[start:]
