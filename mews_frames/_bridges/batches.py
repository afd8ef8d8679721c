"""Any frame as a stream of Arrow record batches, a few MB at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    import pyarrow as pa

__all__ = ["ROWS", "batches_of"]

ROWS = 50_000
"""Rows of a batch: a row group of the cache (docs/decisions/0006)."""


def batches_of(frame: Any) -> pa.RecordBatchReader:
    """Give the rows of a frame as a stream, whatever library it is of.

    Raises
    ------
    InvalidArgumentError
        If it is no frame.
    """
    import polars as pl
    import pyarrow as pa

    if isinstance(frame, pl.DataFrame):
        frame = frame.lazy()
    if isinstance(frame, pl.LazyFrame):
        return _of_polars(frame)
    if isinstance(frame, pa.RecordBatchReader):
        return frame
    library = type(frame).__module__.split(".")[0]
    if library == "pandas" and hasattr(frame, "columns"):
        return pa.Table.from_pandas(frame, preserve_index=False).to_reader(ROWS)
    if library == "dask" and hasattr(frame, "partitions"):
        return _of_dask(frame)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(frame)
    raise InvalidArgumentError(
        f"a {type(frame).__name__} is no frame",
        hint="a frame of mf.load_entities, of any backend, or one that was made of it",
    )


def _of_polars(frame: pl.LazyFrame) -> pa.RecordBatchReader:
    import polars as pl
    import pyarrow as pa

    # large_string rather than string_view: every Arrow library reads it
    level = pl.CompatLevel.oldest()
    schema = pl.DataFrame(schema=frame.collect_schema()).to_arrow(compat_level=level).schema

    def batches() -> Iterator[pa.RecordBatch]:
        for each in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
            yield from each.to_arrow(compat_level=level).cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _of_dask(frame: Any) -> pa.RecordBatchReader:
    import pyarrow as pa

    schema = pa.Schema.from_pandas(frame._meta, preserve_index=False)  # noqa: SLF001 - its empty twin

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(frame.npartitions):
            part = frame.partitions[number].compute()
            yield from pa.Table.from_pandas(part, schema, preserve_index=False).to_batches(ROWS)

    return pa.RecordBatchReader.from_batches(schema, batches())
