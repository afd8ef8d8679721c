"""A frame is streamed: whoever reads one batch does not pay for all of them."""

import subprocess
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from polars.io.plugins import register_io_source
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames.errors import InvalidArgumentError


def test_the_batches_are_the_frame_in_order(frame):
    reader = mf.to_batches(frame)
    assert isinstance(reader, pa.RecordBatchReader)
    assert_frame_equal(pl.from_arrow(reader.read_all()), frame.collect())


@pytest.mark.parametrize("backend", ["pandas", "pyarrow"])
def test_the_other_backends_stream_too(house, frame, backend):
    other = house.client.load_entities(
        "OrderItem", backend=backend, money="decimal", progress=False
    )
    assert_frame_equal(pl.from_arrow(mf.to_batches(other).read_all()), frame.collect())


def test_an_empty_frame_keeps_its_columns(frame):
    table = mf.to_batches(frame.head(0)).read_all()
    assert_frame_equal(pl.from_arrow(table), frame.head(0).collect())


def test_reading_one_batch_does_not_compute_the_others():
    given = []

    def source(with_columns, predicate, n_rows, batch_size):
        for number in range(1_000):
            given.append(number)
            yield pl.DataFrame({"x": [number] * 50_000})

    endless = register_io_source(source, schema={"x": pl.Int64})
    reader = mf.to_batches(endless)
    assert reader.read_next_batch().column("x")[0].as_py() == 0
    assert len(given) < 500
    reader.close()


def test_readers_that_know_streams_take_it_as_it_is(frame):
    sums = 'SELECT count(*), sum("Amount.NetValue") FROM stream'
    ((rows, net),) = duckdb.from_arrow(mf.to_batches(frame)).query("stream", sums).fetchall()
    assert (rows, net) == (frame.select(pl.len(), pl.col("Amount.NetValue").sum()).collect().row(0))
    assert pl.DataFrame(mf.to_batches(frame)).height == 3_000


def test_what_is_no_frame_is_refused():
    with pytest.raises(InvalidArgumentError, match="a list is no frame"):
        mf.to_batches([1, 2])


READ = """
import pickle, sys
frame = pickle.load(sys.stdin.buffer)
print(frame.select("Id", "Amount.NetValue").collect().write_json())
"""


def test_a_frame_from_the_cache_survives_pickling_to_another_process(frame):
    import cloudpickle

    run = subprocess.run(
        [sys.executable, "-c", READ],
        input=cloudpickle.dumps(frame),
        capture_output=True,
        check=True,
    )
    there = run.stdout.decode().strip()
    assert there == frame.select("Id", "Amount.NetValue").collect().write_json()
    money_as_float = frame.with_columns(pl.col("Amount.NetValue").cast(pl.Float64))
    assert_frame_equal(
        cloudpickle.loads(cloudpickle.dumps(money_as_float)).collect(), money_as_float.collect()
    )
