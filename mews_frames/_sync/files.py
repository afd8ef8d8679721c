"""The files of a Delta table, and how Polars scans them.

`polars.scan_delta` takes the places of files as deltalake gives them. Those are percent-encoded, so
that below ``Jane Doe`` or ``Jürgen`` no file is found; and a folder called ``day=1`` further up is
taken for a column that is missing (polars 2.1.0, deltalake 1.6.6;
https://github.com/pola-rs/polars/issues/20944).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from deltalake import DeltaTable

    from mews_frames._sync.places import Place

__all__ = ["files_of", "hive_keys", "scan_files"]


def files_of(opened: DeltaTable) -> list[str]:
    """Give the paths, or the URLs in an object store, of the files of a version."""
    return [unquote(uri) for uri in opened.file_uris()]


def hive_keys(uri: str) -> list[str]:
    """Give the names in ``name=value`` folders of a path, which Polars takes for columns."""
    return [
        name for name, is_key, _ in (f.partition("=") for f in re.split(r"[/\\]", uri)) if is_key
    ]


def scan_files(files: Sequence[str], opened: DeltaTable, place: Place) -> pl.LazyFrame:
    """Scan some files of a version; columns that one does not have yet are null.

    A predicate on the partition opens no file of another partition.
    """
    import polars as pl

    schema = pl.Schema(opened.schema())
    keys = opened.metadata().partition_columns
    inside = {name: dtype for name, dtype in schema.items() if name not in keys}
    hive = dict.fromkeys(hive_keys(place.uri), pl.String()) | {key: schema[key] for key in keys}
    return pl.scan_parquet(
        list(files),
        glob=False,
        schema=inside,
        hive_partitioning=True,
        hive_schema=hive,
        missing_columns="insert",
        extra_columns="ignore",
        cast_options=_casts(),
        storage_options=None if place.options is None else dict(place.options),
        credential_provider=None,
    ).select(schema.names())


def _casts() -> pl.ScanCastOptions:
    """Allow what other tools make of types: Spark writes nanoseconds when it compacts a table."""
    import polars as pl

    return pl.ScanCastOptions(
        integer_cast="upcast",
        float_cast=["upcast", "downcast"],
        datetime_cast=["nanosecond-downcast", "millisecond-upcast", "convert-timezone"],
        missing_struct_fields="insert",
        extra_struct_fields="ignore",
        categorical_to_string="allow",
    )
