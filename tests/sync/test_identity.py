"""Two properties never mix, and nobody else looks in."""

import os
import stat

import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._sync.looked import NAME
from mews_frames.errors import InvalidArgumentError

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no mode bits")


def test_a_table_of_another_account_is_refused_before_anything_is_sent(sync, tmp_path, clock):
    sync("Bill", into=tmp_path / "bills")
    with mf.sandbox(rows=4_000, seed=1, clock=clock) as other:
        client = other.client(transport=other.transport)
        with pytest.raises(InvalidArgumentError, match="another account"):
            client.sync_entities("Bill", into=tmp_path / "bills", progress=False)
        assert all(request.operation != "add" for request in other.requests)


def test_a_table_of_another_type_is_refused(sync, tmp_path):
    sync("Bill", into=tmp_path / "t")
    with pytest.raises(InvalidArgumentError, match="another entity type: Bill, not Payment"):
        sync("Payment", into=tmp_path / "t")


def test_a_table_of_another_scope_is_refused(sync, mews, tmp_path):
    sync("Bill", into=tmp_path / "t", enterprise_ids=mews.enterprise_ids[:1])
    for ids in (None, mews.enterprise_ids[1:2]):
        with pytest.raises(InvalidArgumentError, match="another scope"):
            sync("Bill", into=tmp_path / "t", enterprise_ids=ids)
        with pytest.raises(InvalidArgumentError, match="another scope"):
            sync("Bill", into=tmp_path / "t", enterprise_ids=ids, as_of=0)


def test_a_table_that_is_not_ours_is_left_alone(sync, tmp_path, mews):
    import polars as pl

    pl.DataFrame({"a": [1]}).write_delta(tmp_path / "t")
    with pytest.raises(InvalidArgumentError, match="not made by mews_frames"):
        sync("Bill", into=tmp_path / "t")
    assert DeltaTable(tmp_path / "t").version() == 0


def test_scopes_have_tables_of_their_own(sync, mews):
    frames = [sync("Bill", enterprise_ids=[each]) for each in mews.enterprise_ids]
    assert sum(f.collect().height for f in frames) == sync("Bill").collect().height


def test_an_earlier_state_of_no_table_is_refused(sync):
    with pytest.raises(InvalidArgumentError, match="there is no table of Bill"):
        sync("Bill", as_of=0)


def test_columns_that_were_left_out_never_reach_the_disk(sync, client, tmp_path):
    sync("Customer", into=tmp_path / "t", columns=["Sex"])
    names = {field.name for field in DeltaTable(tmp_path / "t").schema().fields}
    assert {"Id", "UpdatedUtc", "CreatedUtc", "Sex", "_rescued_data"} <= names
    assert not {"FirstName", "LastName", "Email"} & names
    with pytest.raises(InvalidArgumentError, match="fewer columns"):
        sync("Customer", into=tmp_path / "t", columns=["Email"])
    assert "Email" not in sync("Customer", into=tmp_path / "t").collect_schema()
    only = sync("Customer", into=tmp_path / "t", columns=["Sex"]).collect_schema().names()
    assert only == ["Sex", "_rescued_data"]


@posix
def test_nobody_else_looks_into_a_table_beside_the_cache(sync, client, clock):
    before = os.umask(0o022)
    try:
        sync("Customer")
        clock.move(86_400)
        sync("Customer")
        clock.move(60)
        sync("Customer")  # nothing is new: that is noted too
    finally:
        os.umask(before)
    folder = client.cache.path.with_name("cache-tables")
    assert len([*folder.rglob(NAME)]) == 1
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@posix
def test_a_folder_that_others_can_write_is_not_trusted(sync, client):
    sync("Bill")
    client.cache.path.with_name("cache-tables").chmod(0o777)
    for options in ({}, {"as_of": 0}):
        with pytest.raises(mf.errors.TableError, match="other users can write it"):
            sync("Bill", **options)


def test_no_token_and_no_name_stands_in_the_log_of_a_table(sync, mews, client):
    rows = sync("Customer").collect()
    folder = client.cache.path.with_name("cache-tables")
    log = b"".join(path.read_bytes() for path in folder.rglob("_delta_log/*"))
    assert b"UpdatedUtc" in log
    for secret in [mews.client_token, mews.access_token, *rows["Email"].drop_nulls()]:
        assert secret.encode() not in log


def test_a_table_survives_the_clearing_of_the_cache(sync, client, clock):
    before = sync("Customer").collect().sort("Id")
    client.cache.clear()
    clock.move(30 * 86_400)
    client.cache.prune()
    assert_frame_equal(sync("Customer", as_of=0).collect().sort("Id"), before)


@pytest.mark.parametrize("into", ["", 7, b"x"])
def test_what_is_no_place_is_refused(sync, into):
    with pytest.raises(InvalidArgumentError, match="into must be"):
        sync("Bill", into=into)


def test_as_of_and_reconcile_are_refused_together(sync):
    with pytest.raises(InvalidArgumentError, match="leave one out"):
        sync("Bill", as_of=0, reconcile=True)


def test_without_the_library_the_error_says_what_to_install(sync, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "deltalake", None)
    with pytest.raises(mf.errors.ConfigurationError, match="the extra 'delta'"):
        sync("Bill")
