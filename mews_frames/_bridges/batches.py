"""Any frame as a stream of Arrow record batches, a few MB at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl
    import pyarrow as pa

__all__ = ["ROWS", "batches_of", "check_kinds", "handed"]

ROWS = 50_000
"""Rows of a batch: a row group of the cache (docs/decisions/0006)."""


def batches_of(frame: Any) -> pa.RecordBatchReader:
    """Give the rows of a frame as a stream, whatever library it is of.

    Raises
    ------
    InvalidArgumentError
        If it is no frame, or has a column that Arrow has no type for.
    """
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        frame = frame.lazy()
    if isinstance(frame, pl.LazyFrame):
        return _of_polars(frame)
    library = type(frame).__module__.split(".")[0]
    if library == "pandas" and hasattr(frame, "columns"):
        return _of_pandas(frame).to_reader(ROWS)
    if library == "dask" and getattr(frame, "ndim", 0) == 2:  # noqa: PLR2004 - a Series has 1
        return _of_dask(frame)
    return _of_stream(frame)


@contextmanager
def handed(stream: pa.RecordBatchReader) -> Iterator[pa.RecordBatchReader]:
    """Hand a stream to a library that is not Python; raise what broke the stream, if that did.

    Such a library learns, and tells, no more than a text.

    Raises
    ------
    MewsError
        That of the stream; or one that says that the frame could not be computed.
    """
    import pyarrow as pa

    broken: list[Exception] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from stream
        except Exception as error:
            broken.append(error)
            raise

    try:
        yield pa.RecordBatchReader.from_batches(stream.schema, batches())
    except Exception:
        if not broken:
            raise
        (error,) = broken
        if isinstance(error, MewsError):
            raise error from None
        why = (str(error).splitlines() or [""])[0]
        raise MewsError(
            f"the frame could not be computed: {type(error).__name__}: {why}",
            hint="nothing was written; the error is in what the frame was made of",
        ) from error


def check_kinds(schema: Mapping[str, pl.DataType]) -> None:
    """Refuse columns whose values only Polars can hold.

    Raises
    ------
    InvalidArgumentError
        For the first of them.
    """
    for name, kind in schema.items():
        if found := _foreign(kind):
            raise InvalidArgumentError(
                f"the column {name!r} of {found} cannot be handed on: Arrow has no such type",
                hint="cast it, to pl.Decimal(38, 0) or pl.String for instance, or leave it out",
            )


def _foreign(kind: Any) -> Any | None:
    import polars as pl

    if kind in (pl.Object, pl.Int128, pl.UInt128):  # an Object would go as its place in memory
        return kind
    if isinstance(kind, pl.List | pl.Array):
        return _foreign(kind.inner)
    if isinstance(kind, pl.Struct):
        return next(filter(None, (_foreign(field.dtype) for field in kind.fields)), None)
    return None


# --------------------------------------------------------------------------- one each


def _of_polars(frame: pl.LazyFrame) -> pa.RecordBatchReader:
    import polars as pl
    import pyarrow as pa

    check_kinds(frame.collect_schema())
    # large_string rather than string_view: every Arrow library reads it
    level = pl.CompatLevel.oldest()
    schema = pl.DataFrame(schema=frame.collect_schema()).to_arrow(compat_level=level).schema

    def batches() -> Iterator[pa.RecordBatch]:
        for each in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
            yield from each.to_arrow(compat_level=level).cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _of_pandas(frame: Any, schema: pa.Schema | None = None) -> pa.Table:
    import pyarrow as pa

    frame = _with_keys(frame)
    try:
        return pa.Table.from_pandas(frame, schema, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        # Of two arguments the first quotes the value, which may be a guest's name.
        why = error.args[-1] if len(error.args) > 1 else type(error).__name__
    if not frame.columns.is_unique:
        why = f"names that are there twice: {list(frame.columns[frame.columns.duplicated()])}"
    raise InvalidArgumentError(
        f"the DataFrame cannot be handed on: {why}",
        hint="give each column a name of its own, and values of one type:"
        ' frame.astype({"column": "string"})',
    )


def _with_keys(frame: Any) -> Any:
    """Make columns of the levels of an index that have names: groupby leaves its keys there."""
    named = [level for level, name in enumerate(frame.index.names) if name is not None]
    if not named:
        return frame
    try:
        return frame.reset_index(level=named)
    except ValueError as error:
        raise InvalidArgumentError(
            f"the index {list(frame.index.names)} cannot become columns: {error}",
            hint="frame.rename_axis(...) gives it another name, frame.reset_index(drop=True)"
            " leaves it out",
        ) from error


def _of_dask(frame: Any) -> pa.RecordBatchReader:
    import pyarrow as pa

    schema = _of_pandas(frame._meta).schema  # noqa: SLF001 - its empty twin

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(frame.npartitions):
            part = frame.partitions[number].compute()
            yield from _of_pandas(part, schema).to_batches(ROWS)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _of_stream(frame: Any) -> pa.RecordBatchReader:
    """Take what gives a stream of Arrow by itself, in batches as large as it likes."""
    import pyarrow as pa

    try:
        is_reader = isinstance(frame, pa.RecordBatchReader)
        stream = frame if is_reader else pa.RecordBatchReader.from_stream(frame)
    except (TypeError, pa.ArrowInvalid):  # nothing of Arrow; a single column
        raise InvalidArgumentError(
            f"a {type(frame).__name__} is no frame",
            hint="a frame of mf.load_entities, of any backend, or one that was made of it;"
            " to_frame() makes one of a Series",
        ) from None

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in stream:
            for first in range(0, batch.num_rows, ROWS):
                yield batch.slice(first, ROWS)

    return pa.RecordBatchReader.from_batches(stream.schema, batches())
