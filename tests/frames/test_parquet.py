"""Parts on disk: row groups of the same rows, however the tables were cut, and one in memory."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.frames import EXPORT_ID

from mews_frames._frames.columns import arrow_schema, keep
from mews_frames._frames.parquet import ROWS_PER_GROUP, Origin, write_part

KEPT = keep("Company", ["Number"])


def table_of(rows):
    numbers = pa.array(range(rows), pa.int64())
    return pa.table([numbers, pa.nulls(rows, pa.string())], schema=arrow_schema(KEPT))


def written(path, tables):
    write_part(path, tables, KEPT, Origin(EXPORT_ID, 1, 0))
    return path.read_bytes()


@pytest.mark.parametrize("cut", [7_000, ROWS_PER_GROUP, 3 * ROWS_PER_GROUP])
def test_equal_rows_make_equal_files(tmp_path, cut):
    whole = table_of(3 * ROWS_PER_GROUP + 5)
    pieces = [whole.slice(start, cut) for start in range(0, len(whole), cut)]
    assert written(tmp_path / "a", [whole]) == written(tmp_path / "b", pieces)
    metadata = pq.read_metadata(tmp_path / "b")
    rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert rows == [ROWS_PER_GROUP] * 3 + [5]


def test_no_row_group_is_held_while_the_next_one_gathers(tmp_path):
    before, held = pa.total_allocated_bytes(), []

    def tables():
        for number in range(60):
            yield table_of(ROWS_PER_GROUP // 10)
            if number % 10 == 0:  # the first of a row group has been taken, and nothing else of it
                held.append(pa.total_allocated_bytes() - before)

    written(tmp_path / "part", tables())
    assert max(held) < table_of(ROWS_PER_GROUP).nbytes / 2
