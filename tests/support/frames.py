"""Run the decoder and the reader on bytes, without network and without an export."""

from concurrent.futures import Executor, Future

import pyarrow as pa
import pytest

from mews_frames._frames import compiled, decode, reader
from mews_frames._frames.columns import arrow_schema, keep
from mews_frames._frames.lines import Place
from mews_frames._frames.parquet import Origin, write_part

EXPORT_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
PLACE = Place(EXPORT_ID, 7)

needs_library = pytest.mark.skipif(
    not compiled.is_there(), reason="the compiled reader is not built: python hatch_build.py"
)


class AtOnce(Executor):
    """Run every task when it is submitted, in this thread."""

    def submit(self, task, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future raises it again
            future.set_exception(error)
        return future


def decoded(data, entity_type, *, columns=None, chunks=None, **options):
    """Decode a part as it arrives; give one table."""
    kept = keep(entity_type, columns)
    tables = list(decode.decode_part(chunks or [data], kept, PLACE, AtOnce(), **options))
    return pa.concat_tables(tables) if tables else arrow_schema(kept).empty_table()


def loaded(
    folder,
    tables,
    entity_type,
    *,
    held=None,
    columns=None,
    backend="polars",
    flatten=True,
    money=None,
):
    """Write tables as the parts of an export, and read them as a user does.

    ``held`` are the columns that the parts hold, ``columns`` those that are asked for.
    """
    held = keep(entity_type, held)
    asked = held if columns is None else keep(entity_type, columns)
    parts, rescued = [], 0
    for number, table in enumerate(tables, 1):
        path = folder / f"part-{number:05}.parquet"
        written = write_part(path, [table], held, Origin(EXPORT_ID, number, 0))
        parts.append(path)
        rescued += written.rescued
    frame = reader.scan(
        parts,
        held,
        asked,
        flatten=flatten,
        money=money or reader.default_money(backend),
        rescued=bool(rescued),
    )
    return reader.to_backend(frame, backend, entity_type)
