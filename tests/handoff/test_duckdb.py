"""A DuckDB database holds what the frames hold, and is whole whenever it is there."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import polars as pl
import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames.errors import (
    ConfigurationError,
    ExportExpiredError,
    InvalidArgumentError,
    MewsError,
)

NET = "Amount.NetValue"


def read(database, table):
    """Read a table back by Arrow, whose types tell decimals and zones."""
    with duckdb.connect(database, read_only=True) as connection:
        frame = pl.from_arrow(connection.sql(f'FROM "{table}"').to_arrow_table())
    # It names the zone of this machine; the instants are the same.
    return frame.with_columns(cs.datetime(time_zone="*").dt.convert_time_zone("UTC"))


def tables(database):
    with duckdb.connect(database, read_only=True) as connection:
        return dict(
            connection.sql(
                "SELECT table_name, table_type FROM information_schema.tables"
            ).fetchall()
        )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hotel.duckdb"


def test_a_table_is_the_frame_in_values_types_and_order(frame, path):
    mf.to_duckdb(path, {"orders": frame})
    assert_frame_equal(read(path, "orders"), frame.collect())


@pytest.mark.parametrize("backend", ["pandas", "pyarrow"])
def test_frames_of_other_backends_are_the_same_table(house, frame, path, backend):
    other = house.client.load_entities(
        "OrderItem", backend=backend, money="decimal", progress=False
    )
    mf.to_duckdb(path, {"orders": other})
    assert_frame_equal(read(path, "orders"), frame.collect())


def test_structs_lists_and_extreme_values_survive(path):
    frame = pl.DataFrame(
        {
            NET: [Decimal("99999999999999999999999999999999.999999"), Decimal("-0.000001"), None],
            "CreatedUtc": [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC), None],
            "Amount": [{"TaxValues": [{"Code": "a"}]}, {"TaxValues": []}, None],
        },
        schema_overrides={NET: pl.Decimal(38, 6), "CreatedUtc": pl.Datetime("us", "UTC")},
    )
    mf.to_duckdb(path, {"t": frame})
    assert_frame_equal(read(path, "t"), frame)


def test_views_read_the_cached_parts(house, frame, path):
    parts = house.client.cache.parts(house.export_id)
    assert len(parts) == 3
    mf.to_duckdb(path, {"orders": parts})
    assert tables(path) == {"orders": "VIEW"}
    assert_frame_equal(read(path, "orders"), frame.collect())
    assert path.stat().st_size < sum(part.stat().st_size for part in parts)


def test_a_view_has_the_columns_of_the_parts_wherever_they_lie(frame, path, tmp_path):
    part = tmp_path / "hotel=1" / "part.parquet"
    part.parent.mkdir()
    frame.collect().write_parquet(part)
    mf.to_duckdb(path, {"orders": [part]})
    assert read(path, "orders").columns == frame.collect_schema().names()


@pytest.mark.parametrize("folder", ["b*", "c?", "a[1]", "[a-z]"])
def test_a_view_reads_its_file_and_none_that_a_pattern_would_find(folder, path, tmp_path):
    for name in (folder, "a1", "b1", "c1", "q"):
        (tmp_path / name).mkdir()
        pl.DataFrame({"in": [name]}).write_parquet(tmp_path / name / "p")
    mf.to_duckdb(path, {"v": [tmp_path / folder / "p"]})
    assert read(path, "v").rows() == [(folder,)]


def test_the_file_is_of_a_storage_version_that_older_drivers_open(frame, path):
    mf.to_duckdb(path, {"orders": frame.head(5)})
    with duckdb.connect(path, read_only=True) as connection:
        (tags,) = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'hotel'"
        ).fetchone()
    assert tags["storage_version"].startswith("v1.2.0")


def test_tables_are_replaced_by_name_and_others_stay(frame, path):
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 42 AS x")
        connection.execute("CREATE VIEW Orders AS SELECT * FROM mine")
    mf.to_duckdb(path, {"orders": frame.head(7)})
    mf.to_duckdb(path, {"orders": frame.head(3), "guests": frame.head(2)})
    assert tables(path) == {"mine": "BASE TABLE", "orders": "BASE TABLE", "guests": "BASE TABLE"}
    assert read(path, "orders").height == 3
    assert read(path, "mine").rows() == [(42,)]


def test_a_tool_that_has_the_old_file_open_goes_on_reading_it(frame, path):
    mf.to_duckdb(path, {"orders": frame.head(7)})
    child = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open',"
        " flush=True); input(); print(c.execute('SELECT count(*) FROM orders').fetchone()[0])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", child, path], stdin=-1, stdout=-1, text=True
    ) as tool:
        assert tool.stdout.readline() == "open\n"
        before = path.read_bytes()
        with path.open("rb") as old:
            mf.to_duckdb(path, {"orders": frame.head(9)})
            assert old.read() == before
        assert tool.communicate("\n")[0] == "7\n"
    assert read(path, "orders").height == 9


def test_what_fails_half_way_leaves_the_old_file_and_no_other(frame, path):
    mf.to_duckdb(path, {"orders": frame.head(7)})
    before = path.read_bytes()

    def fail(_):
        raise RuntimeError("in the middle of it")

    broken = frame.map_batches(fail, schema=frame.collect_schema())
    with pytest.raises(Exception, match="in the middle of it"):
        mf.to_duckdb(path, {"guests": frame, "orders": broken})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if file.is_file()] == [path.name]


def test_an_export_that_has_expired_says_so_and_not_that_the_file_is_held(expired, path):
    for database in (path, duckdb.connect()):
        with pytest.raises(ExportExpiredError, match="its files are gone"):
            mf.to_duckdb(database, {"orders": expired})
    assert not path.exists()


def test_a_connection_gets_all_tables_or_none(frame):
    connection = duckdb.connect()
    connection.execute("CREATE TABLE guests AS SELECT 1 AS x")

    def fail(_):
        raise RuntimeError("in the middle of it")

    broken = frame.map_batches(fail, schema=frame.collect_schema())
    with pytest.raises(Exception, match="in the middle of it"):
        mf.to_duckdb(connection, {"guests": frame, "orders": broken})
    assert connection.sql("SELECT * FROM guests").fetchall() == [(1,)]
    assert connection.sql("SHOW ALL TABLES").fetchall()[0][2] == "guests"
    mf.to_duckdb(connection, {"guests": frame})
    assert connection.sql("SELECT count(*) FROM guests").fetchall() == [(3_000,)]


def test_a_transaction_of_the_caller_stays_theirs(frame):
    connection = duckdb.connect()
    connection.begin()
    mf.to_duckdb(connection, {"orders": frame})
    connection.rollback()
    assert connection.sql("SHOW TABLES").fetchall() == []


def test_bad_calls_say_what_is_wrong(frame, path, tmp_path):
    for database, given, says in [
        (path, {}, "mapping from names to frames"),
        (path, frame, "mapping from names to frames"),
        (path, {"": frame}, "is not the name of a table"),
        (path, {"a": frame, "A": frame}, "is there twice"),
        (path, {"orders": 17}, "a int is no frame"),
        (path, {"orders": []}, "no Parquet file"),
        (path, {"orders": [tmp_path / "no.parquet"]}, "is no file"),
        (17, {"orders": frame}, "no DuckDB database"),
        (":memory:", {"orders": frame}, "':memory:' would be gone"),
        (":memory:hotel", {"orders": frame}, "would be gone"),
        (tmp_path, {"orders": frame}, "is a folder"),
        (tmp_path / "no" / "x.duckdb", {"orders": frame}, "there is no folder"),
    ]:
        with pytest.raises(InvalidArgumentError, match=says):
            mf.to_duckdb(database, given)
    assert not path.exists()


def test_a_file_that_is_no_database_is_not_replaced(frame, path):
    path.write_bytes(b"the holiday photographs" * 1000)
    with pytest.raises(MewsError, match="DuckDB did not write"):
        mf.to_duckdb(path, {"orders": frame})
    assert path.read_bytes().startswith(b"the holiday photographs")


def test_a_file_that_somebody_writes_to_is_left_alone(frame, path):
    mf.to_duckdb(path, {"orders": frame.head(7)})
    path.with_name(path.name + ".wal").write_bytes(b"changes")
    with pytest.raises(MewsError, match="not at rest"):
        mf.to_duckdb(path, {"orders": frame})


def test_without_the_extra_the_hint_names_it(frame, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ConfigurationError, match="the extra 'duckdb'"):
        mf.to_duckdb(path, {"orders": frame})
