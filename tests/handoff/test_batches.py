"""A frame is streamed: whoever reads one batch does not pay for all of them."""

import subprocess
import sys
import traceback
from dataclasses import dataclass

import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.io.plugins import register_io_source
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames.errors import ExportExpiredError, InvalidArgumentError, MewsError


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


@dataclass
class Stream:
    """A frame of a library that is not known here."""

    table: pa.Table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("made", [pa.table, pa.Table.to_reader, Stream, pl.from_arrow])
def test_no_batch_has_more_rows_than_promised(made):
    table = pa.table({"x": range(120_000)})
    batches = list(mf.to_batches(made(table)))
    assert [batch.num_rows for batch in batches] == [50_000, 50_000, 20_000]
    assert pa.Table.from_batches(batches).equals(table)


STAYS = {"Type": ["a", "a", "b"], "State": ["x", "y", "y"], "Nights": [1, 2, 4]}


@pytest.fixture(params=["pandas", "dask"])
def stays(request):
    """Three rows, in a library that keeps the keys of a groupby out of the columns."""
    frame = pl.DataFrame(STAYS).to_pandas(use_pyarrow_extension_array=True)
    return frame if request.param == "pandas" else dd.from_pandas(frame, npartitions=2)


def test_the_keys_of_a_groupby_are_columns(stays):
    one = stays.groupby("Type")[["Nights"]].sum()
    there = mf.to_batches(one).read_all().sort_by("Type")
    assert there.to_pydict() == {"Type": ["a", "b"], "Nights": [3, 4]}
    two = mf.to_batches(stays.groupby(["Type", "State"])[["Nights"]].sum()).read_all()
    assert two.sort_by([("Type", "ascending"), ("State", "ascending")]).to_pydict() == STAYS
    connection = duckdb.connect()
    mf.to_duckdb(connection, {"t": one})
    assert connection.sql('SELECT "Type", "Nights" FROM t ORDER BY 1').fetchall() == [
        ("a", 3),
        ("b", 4),
    ]


def test_an_index_without_a_name_is_no_column(stays):
    assert mf.to_batches(stays).read_all().to_pydict() == STAYS


def test_a_key_that_is_the_name_of_a_column_too_is_refused(stays):
    sums = stays.groupby("Type")[["Nights"]].sum().rename(columns={"Nights": "Type"})
    with pytest.raises(InvalidArgumentError, match=r"index \['Type'\] cannot become columns"):
        mf.to_batches(sums)


def test_what_is_no_frame_is_refused(stays):
    for what, name in [
        ([1, 2], "list"),
        (pl.Series([1]), "Series"),
        (stays["Type"], "Series"),
        (stays.groupby("Type")["Nights"].sum(), "Series"),
        (pa.chunked_array([[1]]), "ChunkedArray"),
    ]:
        with pytest.raises(InvalidArgumentError, match=f"a {name} is no frame"):
            mf.to_batches(what)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame({"LastName": [1, "canary"]}), "Conversion failed for column LastName"),
        (pd.DataFrame([["canary", "x"]], columns=["a", "a"]), r"there twice: \['a'\]"),
        (pd.DataFrame({"a": [2**70]}), "OverflowError"),
    ],
    ids=["mixed", "twice", "large"],
)
def test_what_arrow_cannot_take_of_pandas_is_refused_without_its_values(frame, says):
    with pytest.raises(InvalidArgumentError, match=says) as caught:
        mf.to_batches(frame)
    assert "Could not convert 'canary'" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("kind", [pl.Int128, pl.Object, pl.List(pl.UInt128)], ids=str)
def test_what_only_polars_can_hold_is_refused(kind, tmp_path):
    frame = pl.DataFrame(schema={"Id": pl.String, "x": kind})
    address = "postgresql://hotel@127.0.0.1:9/postgres"
    for hand_on in (
        lambda: mf.to_batches(frame),
        lambda: mf.to_bi({"t": frame}, tmp_path, "powerbi"),
        lambda: mf.to_bi({"t": frame}, tmp_path, "parquet"),
        lambda: mf.to_duckdb(duckdb.connect(), {"t": frame}),
        lambda: mf.to_postgresql(address, {"t": frame}),
    ):
        with pytest.raises(InvalidArgumentError, match=r"'x' of .* cannot be handed on"):
            hand_on()


def test_errors_of_a_stream_arrive_where_a_dask_frame_is_read_too(tmp_path):
    def expired(_):
        raise ExportExpiredError("it is gone")

    def broken(_):
        raise RuntimeError("in the middle of it")

    meta = pd.DataFrame({"Id": pd.Series(dtype="string[pyarrow]")})
    for fail, kind, says in [
        (expired, ExportExpiredError, "it is gone"),
        (broken, MewsError, "could not be computed: RuntimeError: in the middle of it"),
    ]:
        frame = dd.from_map(fail, [1], meta=meta)
        for hand_on in (
            lambda frame=frame: mf.to_bi({"t": frame}, tmp_path),
            lambda frame=frame: mf.to_duckdb(duckdb.connect(), {"t": frame}),
        ):
            with pytest.raises(kind, match=says) as caught:
                hand_on()
            assert type(caught.value) is kind


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
