"""Decode the blocks of a part: the fast path first, the exact path where it is surprised."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mews_frames._frames.columns import Kept, arrow_schema, flat_columns
from mews_frames._frames.exact import decode_exact
from mews_frames._frames.fast import Surprise, decode_fast
from mews_frames._frames.lines import BLOCK_SIZE, Block, Place, blocks, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor, Future

    import pyarrow as pa

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
    try:
        for block in blocks(chunks, place, block_size):
            running.append(pool.submit(decode_block, block, kept, place))
            if len(running) > AHEAD:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()


def decode_block(block: Block, kept: Kept, place: Place) -> pa.Table:
    """Decode whole lines into a table of `arrow_schema(kept)`, one row a line, in their order."""
    import pyarrow as pa

    tables: list[pa.Table] = []
    surprising: list[Block] = []
    for piece in (*_pieces(block, kept), None):
        if isinstance(piece, Block):
            surprising.append(piece)
            continue
        if surprising:
            tables.append(_exact_table(joined(surprising), kept, place))
            surprising.clear()
        if piece is not None:
            tables.append(piece)
    return pa.concat_tables(tables)


def _pieces(block: Block, kept: Kept) -> Iterator[pa.Table | Block]:
    """Decode fast what can be; give the rest back as blocks, for the exact path.

    A surprise is confined by splitting. Where most pieces surprise, as when Mews has added a
    field to every record, splitting further would only cost time.
    """
    try:
        yield decode_fast(block.data, kept)
        return
    except Surprise:
        parts = block.split(SPLIT) if len(block.data) > SMALL else [block]
    if len(parts) == 1:
        yield block
        return
    tried = [_try_fast(part, kept) for part in parts]
    hopeless = sum(isinstance(piece, Block) for piece in tried) > SPLIT // 2
    for piece in tried:
        if isinstance(piece, Block) and not hopeless:
            yield from _pieces(piece, kept)
        else:
            yield piece


def _try_fast(block: Block, kept: Kept) -> pa.Table | Block:
    try:
        return decode_fast(block.data, kept)
    except Surprise:
        return block


def _exact_table(block: Block, kept: Kept, place: Place) -> pa.Table:
    import pyarrow as pa

    rows, rescues = decode_exact(block, kept, place)
    schema = arrow_schema(kept)
    values = zip(*rows, strict=True) if rows else [()] * len(flat_columns(kept.entity_type))
    columns = [
        list(column)
        for column, c in zip(values, flat_columns(kept.entity_type), strict=True)
        if kept.has(c.name)
    ]
    arrays = [
        pa.array(column, type=field.type)
        for column, field in zip([*columns, rescues], schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)
