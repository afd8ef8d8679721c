"""``mews-frames sync`` keeps a table, and says what changed."""

import json

import polars as pl
from deltalake import DeltaTable


def test_a_sync_makes_a_table_that_others_read(mews, run, tmp_path):
    ran = run("sync", "Bill", "--into", tmp_path / "bills")
    assert ran.code == 0
    assert ran.out == ""
    there = DeltaTable(tmp_path / "bills").to_pyarrow_table()
    with mews.client(cache_dir=tmp_path / "cache") as client:
        assert there.num_rows == client.load_entities("Bill").collect().height
    assert f"{there.num_rows} new, 0 changed, 0 gone at Mews" in ran.err


def test_a_later_sync_tells_a_script_that_nothing_changed(mews, run, tmp_path):
    first = json.loads(run("sync", "Bill", "--json", "--quiet").out)
    again = run("sync", "Bill", "--json", "--quiet", "--reconcile")
    told = json.loads(again.out)
    assert again.err == ""
    assert first["changed"] == first["rows"] > 0
    assert (told["changed"], told["rows"], told["version"]) == (0, first["rows"], 0)
    exported = [request.body for request in mews.requests if request.operation == "add"]
    assert ["Filters" in body for body in exported] == [False, False]
    assert told["complete_up_to"].endswith("+00:00")
    assert pl.scan_delta(told["table"]).select(pl.len()).collect().item() == told["rows"]


def test_the_listing_of_the_cache_tells_where_tables_lie(mews, run):
    assert run("cache", "ls").err == ""
    table = json.loads(run("sync", "Bill", "--json").out)["table"]
    run("cache", "clear", "--yes")
    told = run("cache", "ls")
    assert "Bill" not in told.out
    assert f"  {table}  " in told.err
    assert "clear leaves alone" in told.err


def test_columns_and_properties_narrow_a_table(mews, run, tmp_path):
    words = ["--column", "State", "--enterprise-id", mews.enterprise_ids[0], "--overlap", "2h"]
    assert run("sync", "Reservation", "--into", tmp_path / "t", *words).code == 0
    names = {field.name for field in DeltaTable(tmp_path / "t").schema().fields}
    assert "State" in names
    assert "Number" not in names
    refused = run("sync", "Reservation", "--into", tmp_path / "t")
    assert refused.code != 0
    assert "is of another scope" in refused.err
    assert "hint: --into names another place" in refused.err


def test_a_type_that_there_is_not_is_refused(mews, run):
    assert "'Bil'" in run("sync", "Bil").err
    assert not mews.requests
