"""A table can be read wherever it can be written."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import platformdirs
import polars as pl
import pytest
from deltalake import DeltaTable, TableFeatures, write_deltalake
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._sync import rows, table
from mews_frames._sync.places import Place
from mews_frames.errors import InvalidArgumentError, TableError
from mews_frames.testing import Happening, Living

DAY = 86_400
ODD = ["Jane Doe", "Jürgen/日本", "100% a#b what?", "{x}*, 'y' (z)", "day=1/a=b=c/OneDrive - Ü"]


def bill(number, at, **fields):
    return Happening(at=at, id=str(UUID(int=number, version=4)), fields={"Notes": "a", **fields})


@pytest.fixture
def living(clock):
    return Living(bill(n, clock.now() - timedelta(days=9, minutes=-n)) for n in range(9))


@pytest.fixture
def mews(living, clock):
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as box:
        yield box


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    monkeypatch.setattr(rows, "SLICE_ROWS", 3)


def live(sync, client, living, clock, **options):
    """Sync, change, sync, delete, reconcile; compare what there is with what was."""
    before = sync("Bill", **options).collect()
    living.happen(bill(4, clock.now(), Notes="b"))
    clock.move(DAY)
    after = sync("Bill", **options).collect()
    living.happen(Happening(at=clock.now(), id=bill(0, clock.now()).id, is_deletion=True))
    clock.move(DAY)
    reconciled = sync("Bill", reconcile=True, **options).collect()
    assert [frame.height for frame in (before, after, reconciled)] == [9, 9, 8]
    assert after.filter(Notes="b").height == 1
    assert_frame_equal(sync("Bill", as_of=0, **options).collect(), before, check_row_order=False)
    assert sync("Bill", deleted=True, **options).collect().height == 9
    changed = client.changes("Bill", since=0, **options)
    assert sorted(changed["_change"]) == ["removed", "updated"]


def state_of(client, into=None, storage_options=None):
    return client._table("Bill", into, None, None, None, storage_options).state()


@pytest.mark.parametrize("name", ODD)
def test_a_table_lives_in_a_folder_of_any_name(sync, client, living, clock, tmp_path, name):
    live(sync, client, living, clock, into=tmp_path / name / "t")


@pytest.mark.parametrize("given", ["by the environment", "as options"])
def test_so_does_one_in_an_object_store(sync, client, living, clock, to_s3, s3, monkeypatch, given):
    options = {"AWS_ALLOW_HTTP": "true"}
    if given == "as options":
        options |= s3
        for name in s3:
            monkeypatch.delenv(name)
    place = {"into": f"{to_s3}/{given}/hotel=1/Jürgen", "storage_options": options}
    live(sync, client, living, clock, **place)
    before = state_of(client, **place)
    clock.move(600)
    sync("Bill", **place)
    after = state_of(client, **place)
    assert after["version"] == before["version"]
    assert after["complete_up_to"] > before["complete_up_to"]


def test_so_does_one_beside_a_cache_of_such_a_name(mews, living, clock, tmp_path):
    with mews.client(transport=mews.transport, cache_dir=tmp_path / "Jürgen Ü/c=1") as client:

        def sync(*words, **options):
            return client.sync_entities(*words, progress=False, **options)

        live(sync, client, living, clock)


def test_old_files_in_such_a_folder_are_removed_in_time(sync, clock, living, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "CLEAN_EVERY", 1)
    kept = "delta.deletedFileRetentionDuration"
    monkeypatch.setitem(table.PROPERTIES, kept, "interval 0 days")
    into = tmp_path / "Jane Doe"
    for number in range(3):
        living.happen(bill(4, clock.now(), Notes=str(number)))
        clock.move(DAY)
        synced = sync("Bill", into=into).collect()
    assert len(list(into.rglob("*.parquet"))) == 3
    assert synced.filter(Notes="2").height == 1


@pytest.fixture
def at_home(mews, clock):
    """Give a client whose cache is in its default place, in the home of this test."""
    with mf.Client(
        mews.client_token,
        mews.access_token,
        platform_address=mews.address,
        transport=mews.transport,
        clock=clock,
    ) as client:
        yield client


def table_of(client):
    return Path(state_of(client)["table"])


def test_a_table_lies_where_no_cleaner_of_caches_comes(at_home, tmp_path):
    before = at_home.sync_entities("Bill", progress=False).collect()
    data = Path(platformdirs.user_data_dir("mews-frames", appauthor=False))
    assert table_of(at_home).parents[1] == data / "tables"
    assert tmp_path in data.parents
    shutil.rmtree(at_home.cache.path)
    assert not [*at_home.cache.path.parent.rglob("_delta_log")]
    assert_frame_equal(at_home.sync_entities("Bill", as_of=0).collect(), before)


def test_a_table_of_before_goes_on_where_it_lies(at_home, mews, clock):
    at_home.sync_entities("Bill", progress=False)
    old = at_home.cache.path.with_name(at_home.cache.path.name + "-tables")
    table_of(at_home).parents[1].rename(old)
    count = len(mews.requests)
    clock.move(DAY)
    assert at_home.sync_entities("Bill", progress=False).collect().height == 9
    assert old in table_of(at_home).parents
    adds = [r.body for r in mews.requests[count:] if r.operation == "add"]
    assert ["Filters" in body for body in adds] == [True]


def test_the_url_of_a_folder_is_that_folder(sync, tmp_path):
    into = tmp_path / "Jane Doe"
    assert sync("Bill", into=into.as_uri()).collect().height == 9
    assert DeltaTable(into).version() == 0


def test_a_place_is_named_whole(sync, tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"at .*/what\?now/t"):
        sync("Bill", into=tmp_path / "what?now/t", as_of=0)


@pytest.mark.parametrize(
    "name", ["[x]", "a^b", "a|b", "a%20b", "a\tb", "Id=7", "_slice=1", "a=1/a=2", "_mine=1"]
)
def test_a_folder_in_which_rows_would_be_lost_is_refused(sync, mews, tmp_path, name):
    with pytest.raises(InvalidArgumentError, match=r"in (its|the) path: "):
        sync("Bill", into=tmp_path / name / "t")
    assert not mews.requests
    assert not (tmp_path / name).exists()


def test_files_of_other_slices_stay_shut(sync, living, clock, tmp_path):
    sync("Bill", into=tmp_path / "t")
    for path in tmp_path.glob("t/_slice=[02]/*"):
        path.unlink()
    there = table.Table(Place(str(tmp_path / "t")))
    mine = there.scan(there.open()).filter(pl.col("_slice") == 1)
    assert mine.collect().height == 3


def test_a_table_without_rows_is_read(clock, tmp_path):
    with mf.sandbox(records={"Bill": Living()}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        for _ in range(2):
            rows = client.sync_entities("Bill", into=tmp_path / "t", progress=False).collect()
            assert rows.schema == {**mf.schema_of("Bill")}
            assert rows.is_empty()
            clock.move(DAY)


def test_rows_of_a_release_that_knew_fewer_fields_are_compared(
    sync, client, living, clock, tmp_path
):
    into = tmp_path / "t"
    sync("Bill", into=into)
    there = DeltaTable(into)
    old = pl.scan_delta(there).collect().drop("Notes")
    write_deltalake(there, old, mode="overwrite", schema_mode="overwrite", partition_by=["_slice"])
    later = old.filter(_slice=0).with_columns(_synced_at=pl.col("_synced_at").dt.offset_by("1h"))
    write_deltalake(DeltaTable(into), later, mode="overwrite", predicate="_slice IN (0)")
    living.happen(bill(8, clock.now(), Notes="b"))
    clock.move(DAY)
    assert sync("Bill", into=into).collect().filter(Notes="b").height == 1
    changed = client.changes("Bill", into=into, since=1, columns=["Id"])
    assert changed["_change"].to_list() == ["updated"] * 4
    assert client.changes("Bill", into=into, since=2, columns=["Id"]).height == 1


def test_a_table_that_asks_more_of_readers_is_an_error(sync, tmp_path):
    sync("Bill", into=tmp_path / "t")
    DeltaTable(tmp_path / "t").alter.add_feature(
        TableFeatures.DeletionVectors, allow_protocol_versions_increase=True
    )
    with pytest.raises(TableError, match="deletionVectors"):
        sync("Bill", into=tmp_path / "t")
