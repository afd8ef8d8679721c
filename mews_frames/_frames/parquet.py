"""Write and recognise the Parquet parts of the cache."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import RESCUED, Kept, arrow_schema
from mews_frames._frames.meaning import described_schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from mews_frames._schemas import Field

__all__ = ["Written", "digest_of", "footer_of", "write_part"]

ROWS_PER_GROUP = 50_000
"""Rows of a row group: prunes best without costing size (measured, docs/decisions/0006)."""

KEY_EXPORT = "mews_frames.export_id"
KEY_PART = "mews_frames.part"


@dataclass(frozen=True, slots=True)
class Written:
    """What went into a Parquet part: rows, and how many of them hold rescued data."""

    rows: int
    rescued: int


def write_part(
    path: Path, tables: Iterable[pa.Table], kept: Kept, *, export_id: str, number: int
) -> Written:
    """Write tables as one Parquet file, zstd level 1; its footer names its export and its meaning.

    Row groups are cut at the same rows however the tables are cut: equal rows make equal files.
    """
    import pyarrow.parquet as pq

    schema = described_schema(arrow_schema(kept), kept.entity_type).with_metadata(
        {KEY_EXPORT: export_id, KEY_PART: str(number)}
    )
    rows = rescued = 0
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for table in _regrouped(tables):
            writer.write_table(table.replace_schema_metadata(schema.metadata))
            rows += table.num_rows
            rescued += table.num_rows - table.column(RESCUED).null_count
    return Written(rows, rescued)


def _regrouped(tables: Iterable[pa.Table]) -> Iterable[pa.Table]:
    import pyarrow as pa

    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        while rows >= ROWS_PER_GROUP:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, ROWS_PER_GROUP)
            waiting = [whole.slice(ROWS_PER_GROUP)]
            rows -= ROWS_PER_GROUP
    if rows:
        yield pa.concat_tables(waiting)


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
