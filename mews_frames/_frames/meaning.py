"""What columns mean, carried by Arrow and Parquet: whoever opens a file can read it there."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from mews_frames._frames.columns import RESCUED, flat_columns
from mews_frames._schemas import Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

__all__ = ["RESCUED_MEANING", "described_schema", "described_table"]

KEY_MEANING, KEY_VALUES = b"description", b"values"
"""Keys of the metadata of a field: words, and the documented values of an enum as a JSON list."""

RESCUED_MEANING = "what did not fit the columns: JSON from JSON Pointer to value; null if all did"


def described_schema(schema: pa.Schema, entity_type: str) -> pa.Schema:
    """Give a schema whose fields say what they mean, each in its metadata.

    Columns that are not of the entity type stay as they are.
    """
    import pyarrow as pa

    known = _metadata(entity_type)
    fields = [f.with_metadata(known[f.name]) if f.name in known else f for f in schema]
    kept: dict[bytes | str, bytes | str] = dict((schema.metadata or {}).items())
    return pa.schema(fields, metadata=kept)


def described_table(table: pa.Table, entity_type: str) -> pa.Table:
    """Give a table whose fields say what they mean; nothing is copied."""
    import pyarrow as pa

    return pa.table(table.columns, schema=described_schema(table.schema, entity_type))


@cache
def _metadata(entity_type: str) -> Mapping[str, dict[bytes | str, bytes | str]]:
    """Write the metadata of flat columns, and of whole fields, by name."""
    whole = {field.name: field for field in load_schema(entity_type).fields}
    leaves = {column.name: column.field for column in flat_columns(entity_type)}
    known = {name: _of_field(field) for name, field in (whole | leaves).items()}
    return known | {RESCUED: {KEY_MEANING: RESCUED_MEANING.encode()}}


def _of_field(field: Field) -> dict[bytes | str, bytes | str]:
    values = (field.items or field).values
    said: dict[bytes | str, bytes | str] = {KEY_MEANING: field.in_words.encode()}
    if values:
        said[KEY_VALUES] = json.dumps(values).encode()
    return said
