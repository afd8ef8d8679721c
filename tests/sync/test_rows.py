"""Values, columns and odd records: what a table keeps, and what it refuses."""

import os
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._sandbox.rules import Mews
from mews_frames._sync import table
from mews_frames.testing import Happening, Living

DAY = 86_400
ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
EXACT = (
    '{"Id":"%s","UpdatedUtc":"2026-06-01T00:00:00.123456Z","NewField":{"a":1},"Amount":{"Currency":'
    '"EUR","NetValue":123456789012345.670001,"TaxValues":[{"Code":"X","Value":0.1,"New":3}]}}\n'
)


def open_with(clock, entity_type, *lines):
    text = "".join(lines).encode()
    return mf.sandbox(records={entity_type: [text]}, clock=clock, duration=0)


def test_money_instants_and_rescued_data_survive(clock, tmp_path):
    with open_with(clock, "OrderItem", EXACT % ONE) as mews, mews.client() as client:
        row = client.sync_entities("OrderItem", into=tmp_path / "t").collect().row(0, named=True)
        expected = client.load_entities("OrderItem").collect().row(0, named=True)
    assert row == expected
    assert row["Amount.NetValue"] == Decimal("123456789012345.670001")
    assert row["Amount.TaxValues"] == [{"Code": "X", "Value": Decimal("0.1")}]
    assert row["UpdatedUtc"].microsecond == 123456
    assert "/NewField" in row["_rescued_data"]
    kinds = {field.name: str(field.type) for field in DeltaTable(tmp_path / "t").schema().fields}
    assert "decimal(38,6)" in kinds["Amount.NetValue"]


@pytest.mark.parametrize("reader", ["duckdb", "pandas"])
def test_others_read_the_table(clock, tmp_path, reader):
    with open_with(clock, "OrderItem", EXACT % ONE, EXACT % TWO) as mews, mews.client() as client:
        client.sync_entities("OrderItem", into=tmp_path / "t")
    there = DeltaTable(tmp_path / "t")
    if reader == "pandas":
        ids = sorted(there.to_pandas(columns=["Id"])["Id"])
    else:
        import duckdb

        seen = there.to_pyarrow_dataset()  # noqa: F841 - DuckDB looks for the name
        ids = [row[0] for row in duckdb.sql("SELECT Id FROM seen ORDER BY Id").fetchall()]
    assert ids == [ONE, TWO]


def test_a_record_that_an_export_holds_twice_counts_once_in_its_newest_state(clock, client_of):
    old = '{"Id":"%s","UpdatedUtc":"2026-06-01T00:00:00Z","Notes":"old"}\n'
    new = '{"Id":"%s","UpdatedUtc":"2026-06-02T00:00:00Z","Notes":"new"}\n'
    client = client_of("Bill", new % ONE, old % ONE, old % TWO)
    rows = client.sync_entities("Bill", progress=False).collect().sort("Id")
    assert rows.select("Id", "Notes").rows() == [(ONE, "new"), (TWO, "old")]


@pytest.fixture
def client_of(clock):
    opened = []

    def client_of(entity_type, *lines):
        opened.append(open_with(clock, entity_type, *lines))
        return opened[-1].client()

    yield client_of
    for mews in opened:
        mews.close()


def test_records_without_an_id_are_refused_and_no_table_is_made(client_of, tmp_path):
    client = client_of("Bill", '{"Id":null,"Notes":"who am I"}\n')
    with pytest.raises(mf.errors.TableError, match="1 records came without an Id"):
        client.sync_entities("Bill", into=tmp_path / "t", progress=False)
    assert not (tmp_path / "t").exists()


def test_a_type_without_records_has_an_empty_table_that_grows(clock):
    living = Living()
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        assert client.sync_entities("Bill", progress=False).collect().is_empty()
        living.happen(Happening(at=clock.now(), id=ONE))
        clock.move(DAY)
        assert client.sync_entities("Bill", progress=False).collect()["Id"].to_list() == [ONE]


def test_a_state_older_than_the_one_in_the_table_does_not_replace_it(clock):
    """As when an export reads from a copy that lags behind."""
    living = Living(
        [Happening(at=clock.now() - timedelta(minutes=30), id=ONE, fields={"Notes": "new"})]
    )
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        client.sync_entities("Bill", progress=False)
        living._happenings = [
            Happening(at=clock.now() - timedelta(minutes=40), id=ONE, fields={"Notes": "old"})
        ]
        clock.move(600)
        rows = client.sync_entities("Bill", progress=False).collect()
        assert rows["Notes"].to_list() == ["new"]


def test_of_two_states_of_one_instant_the_later_export_counts(clock):
    at = clock.now() - timedelta(minutes=30)
    living = Living([Happening(at=at, id=ONE, fields={"Notes": "first"})])
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        client.sync_entities("Bill", progress=False)
        living.happen(Happening(at=at, id=ONE, fields={"Notes": "second"}))
        clock.move(60)
        rows = client.sync_entities("Bill", progress=False).collect()
        assert rows["Notes"].to_list() == ["second"]


def test_a_record_that_comes_back_just_as_it_was_is_there_again(clock):
    old = Happening(at=clock.now() - timedelta(days=9), id=ONE)
    living = Living([old])
    heights = []
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        for happenings in ([old], [], [old]):
            living._happenings = happenings
            rows = client.sync_entities("Bill", reconcile=True, progress=False)
            heights.append(rows.collect().height)
            clock.move(60)
    assert heights == [1, 0, 1]


def test_as_of_the_very_instant_of_a_sync_is_that_sync(clock):
    living = Living()
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        client.sync_entities("Bill", progress=False)
        clock.move(DAY)
        living.happen(Happening(at=clock.now() - timedelta(hours=1), id=ONE))
        instant = clock.now()
        client.sync_entities("Bill", progress=False)
        heights = [
            client.sync_entities("Bill", as_of=each).collect().height
            for each in (instant - timedelta(seconds=1), instant)
        ]
    assert heights == [0, 1]


def test_a_column_that_is_new_is_null_in_old_rows_until_they_are_exported_again(
    sync, fresh, client, clock, tmp_path
):
    before = sync("OrderItem", into=tmp_path / "t").collect().sort("Id")
    older = pl.scan_delta(tmp_path / "t").collect()
    only_code = pl.List(pl.Struct({"Code": pl.String}))
    older = older.drop("RevenueType").with_columns(
        pl.col("Amount.TaxValues").list.eval(pl.struct(pl.element().struct.field("Code")))
    )
    assert older.schema["Amount.TaxValues"] == only_code
    write_deltalake(
        DeltaTable(tmp_path / "t"), older, mode="overwrite", schema_mode="overwrite",
        partition_by=["_slice"],
    )  # fmt: skip
    there = sync("OrderItem", as_of=1, into=tmp_path / "t").collect().sort("Id")
    assert there.schema == before.schema
    assert there["RevenueType"].null_count() == there.height
    clock.move(DAY)
    grown = sync("OrderItem", into=tmp_path / "t").collect()
    new = grown.join(before, on="Id", how="anti")
    assert new.height > 0
    assert new["RevenueType"].null_count() == 0
    assert grown["RevenueType"].null_count() > 0
    clock.move(60)
    healed = sync("OrderItem", into=tmp_path / "t", reconcile=True).collect().sort("Id")
    assert_frame_equal(healed, fresh("OrderItem").collect().sort("Id"))


def test_a_property_that_the_token_begins_to_reach_is_exported_in_full(clock, monkeypatch):
    reached = [ONE]
    monkeypatch.setattr(
        Mews, "_scope", lambda *_: {"EnterpriseIds": list(reached), "ChainIds": None}
    )
    long_ago = clock.now() - timedelta(days=100)
    living = Living([Happening(at=long_ago, id=ONE, fields={"EnterpriseId": ONE})])
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        client.sync_entities("Bill", progress=False)
        clock.move(DAY)
        reached.append(TWO)
        living.happen(Happening(at=long_ago, id=TWO, fields={"EnterpriseId": TWO}))
        rows = client.sync_entities("Bill", progress=False).collect()
        assert sorted(rows["Id"]) == [ONE, TWO]
        clock.move(DAY)
        count = len(mews.requests)
        client.sync_entities("Bill", progress=False)
        (delta,) = [r for r in mews.requests[count:] if r.operation == "add"]
        assert "Filters" in delta.body


def test_a_table_that_others_have_compacted_and_cleaned_goes_on(sync, fresh, clock, tmp_path):
    sync("Reservation", into=tmp_path / "t")
    clock.move(DAY)
    sync("Reservation", into=tmp_path / "t")
    DeltaTable(tmp_path / "t").optimize.z_order(["Id"])
    DeltaTable(tmp_path / "t").create_checkpoint()
    for version in (0, 1):
        (tmp_path / "t" / "_delta_log" / f"{version:020}.json").unlink()
    assert DeltaTable(tmp_path / "t").version() == 2
    clock.move(DAY)
    rows = sync("Reservation", into=tmp_path / "t", reconcile=True).collect().sort("Id")
    assert_frame_equal(rows, fresh("Reservation").collect().sort("Id"))


def test_files_older_than_the_history_are_removed_now_and_then(sync, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "CLEAN_EVERY", 1)
    sync("Reservation", into=tmp_path / "t")
    clock.move(DAY)
    sync("Reservation", into=tmp_path / "t")
    parquet = [*(tmp_path / "t").rglob("*.parquet")]
    assert len(parquet) == 2  # history is kept
    DeltaTable(tmp_path / "t").alter.set_table_properties(
        {"delta.deletedFileRetentionDuration": "interval 0 seconds"}
    )
    clock.move(DAY)
    rows = sync("Reservation", into=tmp_path / "t").collect()
    assert rows.height > 0
    assert len([*(tmp_path / "t").rglob("*.parquet")]) == 1
    with pytest.raises(mf.errors.TableError, match="is not left"):
        sync("Reservation", into=tmp_path / "t", as_of=0)


def test_files_that_the_log_never_named_stay(sync, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "CLEAN_EVERY", 1)
    keeps = "delta.deletedFileRetentionDuration"
    monkeypatch.setitem(table.PROPERTIES, keeps, "interval 0 seconds")
    mine = [tmp_path / "t" / name for name in ("budget.xlsx", "2025/mine.parquet")]
    mine[1].parent.mkdir(parents=True)
    for path in mine:
        path.write_text("mine")
        os.utime(path, (0, 0))
    for _ in range(3):
        sync("Reservation", into=tmp_path / "t")
        clock.move(DAY)
    assert len([*(tmp_path / "t").rglob("part-*.parquet")]) == 1  # others were removed
    assert [path for path in mine if not path.exists()] == []


def test_a_place_where_nothing_can_be_written_says_so_and_how_to_go_on(sync, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(mf.errors.TableError, match=r"table at .*file"):
        sync("Bill", into=tmp_path / "file" / "t")


def test_secrets_in_a_url_are_not_shown():
    from mews_frames._sync.places import Place

    place = Place("s3://key:secret@bucket/path?sig=secret", {"token": "secret"})
    assert "secret" not in f"{place} {place!r}"
    assert str(place) == "s3://bucket/path"
    assert str(Place("s3://key:a/secret@bucket/path")) == "s3://...@bucket/path"
