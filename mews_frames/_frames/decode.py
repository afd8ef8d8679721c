"""Decode the blocks of a part: the fast path first, the exact path where it is surprised.

The fast path is the compiled reader, which names the lines that it does not vouch for. Without it,
Arrow's reader takes or refuses a piece as a whole.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from mews_frames._frames import compiled
from mews_frames._frames.checks import Surprise
from mews_frames._frames.exact import decode_exact, decode_lines
from mews_frames._frames.fast import decode_fast
from mews_frames._frames.lines import BLOCK_SIZE, Block, Place, blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor, Future

    import pyarrow as pa

    from mews_frames._frames.columns import Kept

__all__ = ["decode_block", "decode_part"]

SMALL = 16 * 1024
"""Bytes of a surprising block that is not split any further: about 16 order items."""

SPLIT = 8
"""Pieces that a surprising block is split into."""

AHEAD = 2
"""Blocks decoded ahead of the one being written: enough for two cores, little memory."""


def decode_part(
    chunks: Iterable[bytes],
    kept: Kept,
    place: Place,
    pool: Executor,
    *,
    block_size: int = BLOCK_SIZE,
) -> Iterator[pa.Table]:
    """Decode a part while it arrives: blocks side by side in `pool`, tables in order.

    It begins slowly: who takes only the first table has not paid for those after it.

    Parameters
    ----------
    chunks
        The bytes of the part, cut anyhow.
    kept
        The columns of the tables.
    place
        What an error names.
    pool
        Where blocks are decoded.
    block_size
        Bytes that one task decodes, up to the end of a line.

    Raises
    ------
    DecodeError
        At the first line that is not one JSON object.
    """
    running: deque[Future[pa.Table]] = deque()
    ahead = 0
    try:
        for block in blocks(chunks, place, block_size):
            running.append(pool.submit(decode_block, block, kept, place))
            if len(running) > ahead:
                yield running.popleft().result()
                ahead = min(ahead + 1, AHEAD)
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()


def decode_block(block: Block, kept: Kept, place: Place) -> pa.Table:
    """Decode whole lines into a table of `arrow_schema(kept)`, one row a line, in their order."""
    import pyarrow as pa

    if compiled.is_there():
        with suppress(Surprise):
            return _compiled_table(block, kept, place)
    table = _fast_table(block, kept)
    return pa.concat_tables(_confined(block, kept, place)) if table is None else table


def _compiled_table(block: Block, kept: Kept, place: Place) -> pa.Table:
    """Decode all lines with the compiled reader, but its odd ones exactly."""
    import numpy as np
    import pyarrow as pa

    table, odd = compiled.decode_compiled(block.data, kept)
    if not odd:
        return table
    exact = decode_lines(block.lines_at(line.start for line in odd), kept, place)
    order = np.arange(table.num_rows)
    order[[line.row for line in odd]] = np.arange(len(odd)) + table.num_rows
    return pa.concat_tables([table, exact]).take(order)


def _confined(block: Block, kept: Kept, place: Place) -> Iterator[pa.Table]:
    """Decode a block that holds a surprise: split it, so that few lines take the exact path.

    Where most pieces surprise, as when Mews has added a field to every record, splitting further
    would only cost time.
    """
    pieces = block.split(SPLIT) if len(block.data) > SMALL else [block]
    if len(pieces) == 1:
        yield decode_exact(block, kept, place)
        return
    tables = [_fast_table(piece, kept) for piece in pieces]
    hopeless = sum(table is None for table in tables) > SPLIT // 2
    for piece, table in zip(pieces, tables, strict=True):
        if table is not None:
            yield table
        elif hopeless:
            yield decode_exact(piece, kept, place)
        else:
            yield from _confined(piece, kept, place)


def _fast_table(block: Block, kept: Kept) -> pa.Table | None:
    with suppress(Surprise):
        return decode_fast(block.data, kept)
    return None
