"""Spark reads the cached parts as they are: run in local mode, where Spark and Java are."""

import datetime as dt
import shutil

import pytest

import mews_frames as mf
from mews_frames.testing import FakeClock

pyspark = pytest.importorskip("pyspark", reason="pyspark is too large for the extra dev")
NET = "Amount.NetValue"


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(folder))
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Spark about itself
def test_spark_sees_the_values_and_types_of_the_frame(spark):
    with mf.sandbox(rows=900, parts=3, duration=0, clock=FakeClock()) as mews:
        client = mews.client()
        export = client.start_export("OrderItem")
        frame = client.load_entities("OrderItem", progress=False).collect()
        parts = [str(path) for path in client.cache.parts(export.id)]
        there = spark.read.parquet(*parts)
        kinds = dict(there.dtypes)
        assert kinds[NET] == "decimal(38,6)"
        assert kinds["CreatedUtc"] == "timestamp"
        assert there.columns == frame.columns
        columns = ["Id", NET, "CreatedUtc"]
        rows = {
            row[0]: (row[1], row[2].replace(tzinfo=dt.UTC))
            for row in there.select(*(f"`{name}`" for name in columns)).collect()
        }
        here = {row[0]: row[1:] for row in frame.select(columns).iter_rows()}
        assert rows == here
        sums = dict(tuple(r) for r in there.groupBy("Type").sum(f"`{NET}`").collect())
        assert sum(sums.values()) == frame[NET].sum()
