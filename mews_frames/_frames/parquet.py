"""Write and recognise the Parquet parts of the cache."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import RESCUED, Kept, arrow_schema
from mews_frames._frames.meaning import described_schema
from mews_frames._frames.seal import BLANK, KEY_SEAL, is_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from mews_frames._schemas import Field

__all__ = ["Origin", "Written", "digest_of", "footer_of", "recognise", "write_part"]

ROWS_PER_GROUP = 50_000
"""Rows of a row group: prunes best without costing size (measured, docs/decisions/0006)."""

KEY_EXPORT = "mews_frames.export_id"
KEY_PART = "mews_frames.part"
KEY_SIZE = "mews_frames.size"
KEY_COLUMNS = "mews_frames.columns"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a part was decoded from; it stands in its footer.

    Attributes
    ----------
    export_id
        Of the export.
    number
        Of the part, from 1.
    size
        Bytes of JSON Lines.
    """

    export_id: str
    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """What went into a Parquet part: rows, and how many of them hold rescued data."""

    rows: int
    rescued: int


def write_part(path: Path, tables: Iterable[pa.Table], kept: Kept, origin: Origin) -> Written:
    """Write tables as one Parquet file, zstd level 1; its footer names its origin and its meaning.

    Row groups are cut at the same rows however the tables are cut: equal rows make equal files.
    """
    import pyarrow.parquet as pq

    described = described_schema(arrow_schema(kept), kept.entity_type)
    schema = described.with_metadata(_footer(kept, origin))
    rows = rescued = 0
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for table in _regrouped(tables):
            writer.write_table(table.replace_schema_metadata(schema.metadata))
            rows += table.num_rows
            rescued += table.num_rows - table.column(RESCUED).null_count
            del table  # tens of megabytes: not to be held while the next row group gathers
        writer.add_key_value_metadata({KEY_SEAL: BLANK})
    seal(path)
    return Written(rows, rescued)


def recognise(path: Path, kept: Kept, origin: Origin) -> Written | None:
    """Say what is in a part that `write_part` has written, though no manifest vouches for it.

    Every byte of it is read and compared with its digest.

    Returns
    -------
    None if it is not that part, in these columns, undamaged.
    """
    if not is_sealed(path):
        return None
    import pyarrow.parquet as pq

    footer = {key.encode(): text.encode() for key, text in _footer(kept, origin).items()}
    with pq.ParquetFile(path) as file:
        if not footer.items() <= (file.metadata.metadata or {}).items():
            return None
        if file.schema_arrow.remove_metadata() != arrow_schema(kept):
            return None  # another release wrote it
        column = file.read([RESCUED]).column(RESCUED)
        return Written(file.metadata.num_rows, len(column) - column.null_count)


def _footer(kept: Kept, origin: Origin) -> dict[str, str]:
    return {
        KEY_EXPORT: origin.export_id,
        KEY_PART: str(origin.number),
        KEY_SIZE: str(origin.size),
        KEY_COLUMNS: json.dumps(kept.names),
    }


def _regrouped(tables: Iterable[pa.Table]) -> Iterable[pa.Table]:
    """Cut tables anew into row groups, and keep none while the next one gathers."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        while rows >= ROWS_PER_GROUP:
            yield _take(waiting, ROWS_PER_GROUP)
            rows -= ROWS_PER_GROUP
    if rows:
        yield _take(waiting, rows)


def _take(waiting: list[pa.Table], rows: int) -> pa.Table:
    import pyarrow as pa

    whole = pa.concat_tables(waiting)
    waiting[:] = [whole.slice(rows)]
    return whole.slice(0, rows)


def footer_of(path: Path) -> tuple[str, int] | None:
    """Read from a Parquet part which export and part it is; None if it is not one of ours.

    Polars reads the footer, so that a cache hit does not have to import pyarrow.
    """
    import polars as pl

    try:
        metadata = pl.read_parquet_metadata(path)
        return metadata[KEY_EXPORT], int(metadata[KEY_PART])
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError):
        return None


def digest_of(kept: Kept) -> str:
    """Digest the columns that parts are decoded into: a newer schema decodes anew."""
    shape = [(column.name, _shape(column.field)) for column in kept.columns]
    return sha256(json.dumps(shape).encode()).hexdigest()


def _shape(field: Field) -> Any:
    if field.items is not None:
        return [field.type, _shape(field.items)]
    if field.fields:
        return [field.type, [(inner.name, _shape(inner)) for inner in field.fields]]
    return field.type
