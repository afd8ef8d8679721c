"""PostgreSQL gets the rows of a frame once each, in their newest state: a real server says so."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._bridges.postgres import ADDRESS
from mews_frames.errors import (
    ConfigurationError,
    ExportExpiredError,
    InvalidArgumentError,
    MewsError,
)

dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="needs the extra postgresql")
NET = "Amount.NetValue"


def programs():
    """The folder of Debian's newest server, or that of initdb where it is on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else Path(shutil.which("initdb") or "/nowhere/initdb").parent


@pytest.fixture(scope="session")
def server():
    """A server of one's own on loopback, as a user that is not root, gone with its folder."""
    bin_ = programs()
    if not (bin_ / "pg_ctl").exists():
        pytest.skip("PostgreSQL's server is not installed (apt-get install postgresql)")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    (folder / "password").write_text("made-up")
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def call(program, *arguments):
        subprocess.run(
            [bin_ / program, "-D", folder / "data", *arguments],
            check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    call("initdb", "-U", "hotel", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -F"
    call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgresql://hotel:made-up@127.0.0.1:{port}/postgres"
    call("pg_ctl", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def ask(server):
    """Ask the server, over connections of one's own; its tables go afterwards."""

    def of(query):
        with dbapi.connect(server) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return pl.from_arrow(cursor.fetch_arrow_table())

    yield of
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute('DROP TABLE IF EXISTS orders, "t 1"')
        connection.commit()


def kinds(ask, table):
    found = ask(  # the names are this file's own
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
        f" WHERE attrelid = '{table}'::regclass AND attnum > 0"
    )
    return dict(found.iter_rows())


def test_a_table_holds_the_rows_in_types_that_keep_them(server, ask, frame):
    mf.to_postgresql(server, {"orders": frame})
    there = kinds(ask, "orders")
    assert (there[NET], there["CreatedUtc"]) == ("numeric", "timestamp with time zone")
    columns = ["Id", "Type", NET, "CreatedUtc", "UnitCount"]
    here = frame.select(columns).sort("Id").collect()
    rows = ask(
        f'SELECT "Id", "Type", "{NET}"::text, "CreatedUtc", "UnitCount" FROM orders'
        ' ORDER BY "Id" COLLATE "C"'
    )
    rows = rows.with_columns(pl.col(NET).cast(pl.Decimal(38, 6)))
    assert_frame_equal(rows, here)


def test_a_second_time_known_rows_are_brought_up_to_date(server, ask, frame):
    mf.to_postgresql(server, {"orders": frame})
    later = frame.head(10).with_columns(
        pl.col("UpdatedUtc").dt.offset_by("1d"),
        pl.lit(Decimal("7.5"), pl.Decimal(38, 6)).alias(NET),
    )
    mf.to_postgresql(server, {"orders": later})
    counts = ask(f'SELECT count(*), count(*) FILTER (WHERE "{NET}" = 7.5) AS c FROM orders')
    assert counts.row(0)[0] == 3_000
    assert counts.row(0)[1] >= 10


def versions(*days):
    updated = [day and datetime(2026, 1, day, tzinfo=UTC) for day in days]
    return pl.DataFrame(
        {"Id": ["a"] * len(days), "UpdatedUtc": updated, "Day": list(days)},
        schema={"Id": pl.String, "UpdatedUtc": pl.Datetime("us", "UTC"), "Day": pl.Int64},
    )


def test_an_older_state_takes_nothing_back(server, ask):
    for days, kept in [((2, 5, 3), 5), ((4,), 5), ((None,), 5), ((5,), 5), ((9, 8), 9)]:
        mf.to_postgresql(server, {"t 1": versions(*days)})
        assert ask('SELECT "Day" FROM "t 1"').rows() == [(kept,)], days


def test_columns_that_are_new_are_added(server, ask, frame):
    mf.to_postgresql(server, {"orders": frame.select("Id", "Type")})
    mf.to_postgresql(server, {"orders": frame.select("Id", NET)})
    assert list(kinds(ask, "orders")) == ["Id", "Type", NET]
    whole = f'SELECT count(*) FROM orders WHERE "Type" IS NOT NULL AND "{NET}" IS NOT NULL'
    assert ask(whole).item() == 3_000


def test_all_tables_are_written_or_none(server, ask, frame):
    keyless = pl.DataFrame({"Id": [None, "b"], "LastName": "canary"})
    with pytest.raises(MewsError, match='null value in column "Id"') as caught:
        mf.to_postgresql(server, {"orders": frame, "t 1": keyless})
    assert "canary" not in str(caught.value)  # the server quotes the row
    assert ask("SELECT to_regclass('orders') IS NULL").item()


def test_other_backends_are_taken_too(server, ask, house):
    frame = house.client.load_entities("OrderItem", backend="pandas", progress=False)
    mf.to_postgresql(server, {"orders": frame})
    assert ask("SELECT count(*) FROM orders").item() == 3_000


def test_exact_money_is_not_rounded_into_a_column_of_doubles(server, ask):
    money = pl.DataFrame({"Id": ["a"], NET: [Decimal("12345678901234567.89")]})
    mf.to_postgresql(server, {"orders": money.with_columns(pl.col(NET).cast(pl.Float64))})
    short = money.with_columns(pl.lit(Decimal("17.10")).alias(NET))
    mf.to_postgresql(server, {"orders": short})  # a double holds that as it is
    with pytest.raises(InvalidArgumentError) as caught:
        mf.to_postgresql(server, {"orders": money})
    assert str(caught.value).startswith(
        f"1 values of the column '{NET}' are numeric; in the table 'orders' it is double precision"
    )
    assert ask(f'SELECT "{NET}"::text FROM orders').item() == "17.1"
    (alter,) = re.findall("ALTER TABLE.*TYPE numeric", str(caught.value))
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(alter)  # as the hint says
        connection.commit()
    mf.to_postgresql(server, {"orders": money})
    assert ask(f'SELECT "{NET}"::text FROM orders').item() == "12345678901234567.89"


@pytest.mark.parametrize(
    ("made", "value"),
    [("numeric(12,2)", Decimal("1.005")), ("integer", 1.5), ("numeric", 12345678901234568.0)],
)
def test_a_table_of_ones_own_changes_no_value(server, ask, made, value):
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE orders ("Id" text PRIMARY KEY, x {made})')
        connection.commit()
    mf.to_postgresql(server, {"orders": pl.DataFrame({"Id": ["a"], "x": [type(value)("2.0")]})})
    with pytest.raises(InvalidArgumentError, match="does not hold them as they are"):
        mf.to_postgresql(server, {"orders": pl.DataFrame({"Id": ["a"], "x": [value]})})
    assert ask("SELECT x = 2 FROM orders").item()


def test_text_that_is_none_for_a_column_is_refused_and_not_shown(server, ask):
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute('CREATE TABLE orders ("Id" text PRIMARY KEY, x integer, y varchar(3))')
        connection.commit()
    for column, says in [("x", "is of type integer but"), ("y", "too long for type")]:
        with pytest.raises(MewsError, match=says) as caught:
            mf.to_postgresql(server, {"orders": pl.DataFrame({"Id": ["a"], column: ["canary"]})})
        assert "canary" not in str(caught.value)


def test_the_upper_half_of_unsigned_numbers_stays_positive(server, ask):
    most = pl.DataFrame({"Id": ["a"], "x": [2**64 - 1]}, schema_overrides={"x": pl.UInt64})
    mf.to_postgresql(server, {"orders": most})
    assert ask("SELECT x::text FROM orders").item() == str(2**64 - 1)


def test_first_calls_at_once_make_a_table_once(server, ask):
    names = ["orders", "t 1"]
    start = threading.Barrier(4)

    def write(number):
        given = names if number % 2 else names[::-1]
        rows = pl.DataFrame({"Id": [str(n) for n in range(500)], "By": number})
        start.wait()
        mf.to_postgresql(server, dict.fromkeys(given, rows))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    for name in names:
        found = ask(f'SELECT count(*) AS n, count(DISTINCT "By") AS by FROM "{name}"')
        assert found.row(0) == (500, 1)


def test_an_export_that_has_expired_says_so_and_not_that_the_server_is_away(server, ask, expired):
    with pytest.raises(ExportExpiredError, match="its files are gone"):
        mf.to_postgresql(server, {"orders": expired})
    assert ask("SELECT to_regclass('orders') IS NULL").item()


def test_bad_calls_say_what_is_wrong(frame):
    address = "postgresql://hotel@127.0.0.1:9/postgres"
    for uri, given, key, says in [
        ("mysql://u:canary@h/d", {"orders": frame}, "Id", "not the address of a PostgreSQL"),
        (address, {}, "Id", "mapping from names to frames"),
        (address, {"orders": frame}, "Nope", "no column 'Nope'"),
        (address, {"x" * 64: frame}, "Id", "is no name in PostgreSQL"),
        (address, {"orders": 17}, "Id", "a int is no frame"),
    ]:
        with pytest.raises(InvalidArgumentError, match=says) as caught:
            mf.to_postgresql(uri, given, key=key)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:canary%@h/db",
        "postgresql://u:a canary@h/db",
        "postgresql://u:a@canary@h/db",
        "postgresql://u:a/canary@h/db",
        "postgresql://u:1/canary@h/db",
        "postgresql://u:canary@[::1]x/db",
        "postgresql://u:canary@h:port/db",
        "postgresql://u:canary@h/db?more",
        "postgresql://h/db?password=a=canary",
        "postgresql://h/db?password=canary%00",
        "postgresql://u:canary",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(frame, address):
    with pytest.raises(InvalidArgumentError, match="cannot be read") as caught:
        mf.to_postgresql(address, {"orders": frame})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://",
        "postgres://localhost",
        "postgresql://u:p%25%2F:#?+*!$'\"()[]@127.0.0.1:9/db",
        "postgresql://u@tenant:p@h/db".replace("@t", "%40t"),
        "postgresql://u:p@[::1]:9,[fe80::1%25eth0],h-1.example.com:/db?sslmode=require&user=a@b",
        "postgresql://%2Fvar%2Frun/db",
        "postgresql:///db?host=/var/run/postgresql&options=-c%20search_path%3Dmews",
    ],
)
def test_addresses_that_libpq_reads_are_taken(address):
    assert ADDRESS.fullmatch(address)


def test_a_server_that_is_not_there_or_refuses_says_so(server, frame):
    for uri, says in [
        ("postgresql://hotel:canary@127.0.0.1:9/postgres", "refused"),
        ("postgresql://127.0.0.1:9/postgres?password=a&canary=", "invalid URI query"),
        (server.replace("made-up", "canary"), "password authentication failed"),
    ]:
        with pytest.raises(MewsError, match=says) as caught:
            mf.to_postgresql(uri, {"orders": frame.head(1)})
        assert "canary" not in str(caught.value)


def test_without_the_extra_the_hint_names_it(frame, monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    with pytest.raises(ConfigurationError, match="the extra 'postgresql'"):
        mf.to_postgresql("postgresql://x/y", {"orders": frame})
