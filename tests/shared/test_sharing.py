"""What one machine has brought, the others need not bring again."""

import json
import logging
import subprocess
import sys
import threading

import fsspec
import httpx
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from support.elsewhere import PLACES, environment

import mews_frames as mf
from mews_frames._cache import layout as layout_module
from mews_frames._connector.connector import NO_ID
from mews_frames._frames.columns import keep
from mews_frames.errors import AuthenticationError, CacheError, ConfigurationError

everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)
without_server = pytest.mark.parametrize("place", ["folder", "memory"], indirect=True)


def load(client, entity_type="OrderItem", **options):
    return client.load_entities(entity_type, progress=False, **options)


def files_of(place):
    files, root = fsspec.url_to_fs(place)
    files.invalidate_cache()
    return files, sorted(files.find(root))


@everywhere
def test_the_second_machine_asks_mews_for_the_time_alone_and_once(machine, count, mews):
    first, second = machine("a"), machine("b")
    there = load(first).collect()
    sent = len(mews.requests)
    assert_frame_equal(load(second).collect(), there)
    (asked,) = mews.requests[sent:]
    assert asked.body["ExportIds"] == [NO_ID]
    load(second, columns=["Id"])
    load(second)
    assert len(mews.requests) == sent + 1
    assert count("add") == 1
    assert second.cache.verify() == ()


@everywhere
def test_an_export_that_runs_is_waited_for_and_not_added_again(machine, count):
    export = machine("a").start_export("OrderItem")
    assert machine("b").start_export("OrderItem").id == export.id
    assert load(machine("c")).select(pl.len()).collect().item() == 300
    assert count("add") == 1


@without_server
def test_parts_lie_there_before_the_manifest_that_names_them(machine, place):
    export_id = machine("a").start_export("OrderItem").id
    load(machine("a"))
    files, names = files_of(place)
    (manifest,) = [name for name in names if name.endswith("export.json")]
    said = json.loads(files.cat_file(manifest))
    uploads = {name.split("/")[-2] for name in names if name.endswith(".parquet")}
    assert uploads == {said["upload"]}
    assert [part["number"] for part in said["parts"]] == [1, 2, 3]
    assert all(export_id in name or "/requests/" in name for name in names)


@without_server
def test_what_was_changed_there_is_not_believed(machine, place, count, caplog):
    there = load(machine("a")).collect()
    files, names = files_of(place)
    (part,) = [name for name in names if name.endswith("part-00002.parquet")]
    data = bytearray(files.cat_file(part))
    data[len(data) // 2] ^= 1
    files.pipe_file(part, bytes(data))
    assert_frame_equal(load(machine("b")).collect(), there)
    assert "part 2 of export" in caplog.text
    assert "is not what was put there" in caplog.text
    assert count("add") == 1
    assert_frame_equal(load(machine("c")).collect(), there)  # b has put it right


@without_server
def test_a_part_that_is_missing_there_is_downloaded(machine, place, count):
    there = load(machine("a")).collect()
    files, names = files_of(place)
    files.rm_file(next(name for name in names if name.endswith("part-00001.parquet")))
    assert_frame_equal(load(machine("b")).collect(), there)
    assert count("add") == 1


def test_two_uploads_never_mix(machine, place):
    """Whoever wrote the manifest last is served; nothing of the other one is read."""
    load(machine("a"), columns=["Id"])
    load(machine("b"))
    files, names = files_of(place)
    assert len({name.split("/")[-2] for name in names if name.endswith(".parquet")}) == 2
    for name in names:
        if name.endswith(".parquet") and files.size(name) < 20_000:
            files.rm_file(name)
    assert load(machine("c")).collect().width > 50


def test_the_columns_that_were_not_asked_for_do_not_reach_the_disk(machine, tmp_path, mews):
    load(machine("a"))
    sent = len(mews.requests)
    narrow = machine("b")
    frame = load(narrow, columns=["Amount.NetValue", "Type"]).collect()
    assert frame.columns == ["Amount.NetValue", "Type", "_rescued_data"]
    assert [r.operation for r in mews.requests[sent:]] == ["getAll"]
    for part in (tmp_path / "b").rglob("*.parquet"):
        assert pl.read_parquet_schema(part).names() == frame.columns
    assert narrow.cache.verify() == ()
    assert_frame_equal(frame, load(machine("a")).collect().select(frame.columns))


def test_rescued_data_of_other_columns_stay_away_too(clock, place, tmp_path):
    line = b'{"Id": "a", "Type": 7, "ServiceId": 8, "New": 1}\n'
    with mf.sandbox(clock=clock, duration=0, records={"OrderItem": [line]}) as mews:
        for name, columns in (("a", None), ("b", ["Type"])):
            client = mews.client(cache_dir=tmp_path / name, shared_cache=place)
            frame = load(client, columns=columns).collect()
        assert json.loads(frame["_rescued_data"][0]) == {"/Type": 7}


def test_wider_columns_than_lie_there_are_downloaded(machine, count):
    load(machine("a"), columns=["Id"])
    assert load(machine("b"), columns=["Id", "Type"]).collect().width == 3
    assert count("add") == 1
    assert count("download") == 6


def test_what_has_expired_is_not_served_and_goes(machine, place, clock, count):
    load(machine("a"))
    _, before = files_of(place)
    clock.sleep(9 * 86400)
    load(machine("b"))
    assert count("add") == 2
    _, after = files_of(place)
    assert not {name for name in before if name.endswith(".parquet")} & set(after)


def test_an_upload_that_nobody_finished_goes_in_the_end(machine, place, clock):
    load(machine("a"))
    files, names = files_of(place)
    files.rm_file(next(name for name in names if name.endswith("export.json")))
    clock.sleep(400 * 86400)  # the store's files are dated by the machine's clock
    load(machine("b"))
    _, after = files_of(place)
    assert not {name for name in names if name.endswith(".parquet")} & set(after)


def test_another_token_asks_mews_before_it_is_served(machine, mews, count, place, tmp_path):
    export_id = machine("a").start_export("OrderItem").id
    load(machine("a"))
    looks = count("getAll")
    home = {"cache_dir": tmp_path / "b", "shared_cache": place}
    with mf.Client(
        mews.client_token, "not-known", platform_address=mews.address, clock=mews.clock, **home
    ) as theirs:
        for ask in (lambda: theirs.load_export(export_id), lambda: load(theirs)):
            with pytest.raises(AuthenticationError):
                ask()
        assert theirs.cache.entries() == ()
    assert count("getAll") == looks + 1


def test_an_export_of_a_colleague_is_fetched_by_its_id_after_mews_was_asked(machine, count):
    export_id = machine("a").start_export("OrderItem").id
    load(machine("a"))
    looks, downloads = count("getAll"), count("download")
    frame = machine("b").load_export(export_id, progress=False)
    assert frame.select(pl.len()).collect().item() == 300
    assert (count("getAll"), count("download")) == (looks + 1, downloads)


def test_an_id_that_mews_has_forgotten_is_forgotten_by_all(machine, mews, clock, count):
    export = machine("a").start_export("OrderItem")
    clock.sleep(40 * 86400)
    assert load(machine("b")).select(pl.len()).collect().item() == 300
    assert machine("c").start_export("OrderItem").id != export.id


def test_a_hit_on_this_machine_does_not_ask_the_store(machine, place):
    load(machine("a"))
    files, root = fsspec.url_to_fs(place)
    files.rm(root, recursive=True)
    assert load(machine("a")).select(pl.len()).collect().item() == 300


def test_long_windows_are_shared_piece_by_piece(machine, mews, count):
    window = ("2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z")
    there = load(machine("a"), updated=window).collect()
    sent = len(mews.requests)
    assert_frame_equal(load(machine("b"), updated=window).collect(), there)
    assert [r.operation for r in mews.requests[sent:]] == ["getAll"]  # for the time


ANOTHER = """
import sys
import mews_frames as mf
with mf.Client(cache_dir=sys.argv[1]) as client:
    frame = client.load_entities("OrderItem", progress=False).collect()
print(frame.height, frame["Amount.NetValue"].sum())
"""


@pytest.mark.parametrize(
    "place", ["folder", pytest.param("s3", marks=pytest.mark.slow)], indirect=True
)
def test_processes_with_homes_of_their_own_add_one_export(place, tmp_path):
    """Both start at once: whoever comes second attaches to the export of the first."""
    # Longer than a busy machine takes from an add to the record of it in the store.
    with mf.sandbox(rows=3_000, parts=4, duration=6) as mews:
        shared = environment(
            MEWS_PLATFORM_ADDRESS=mews.address,
            MEWS_CLIENT_TOKEN=mews.client_token,
            MEWS_ACCESS_TOKEN=mews.access_token,
            MEWS_FRAMES_SHARED_CACHE=place,
        )
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", ANOTHER, str(tmp_path / name)],
                env=shared | {"HOME": str(tmp_path / f"home-{name}")},
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("a", "b")
        ]
        said = [run.communicate(timeout=60)[0] for run in runs]
        assert said[0] == said[1]
        assert said[0].startswith("3000 ")
        accepted = [r for r in mews.requests if r.operation == "add" and r.status == 200]
        assert len(accepted) == 1


# --------------------------------------------------------------------------- what goes wrong


def test_a_store_that_cannot_be_reached_says_so_before_anything_is_added(
    mews, tmp_path, s3, monkeypatch
):
    for name, value in (s3 | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    client = mews.client(cache_dir=tmp_path / "x", shared_cache="s3://hotel-data/unreachable")
    with pytest.raises(
        CacheError, match="shared cache at s3://hotel-data/unreachable cannot be read"
    ):
        load(client)
    assert not mews.requests


def test_a_bucket_that_is_not_there_is_no_empty_one(mews, to_s3, tmp_path):
    client = mews.client(cache_dir=tmp_path / "x", shared_cache="s3://no-such-bucket/mews")
    with pytest.raises(CacheError, match="no bucket 'no-such-bucket'"):
        load(client)
    assert not mews.requests


def test_wrong_credentials_are_said_and_not_shown(mews, to_s3, s3, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    switch = f"{s3['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
    httpx.post(switch, content=b"0")  # from now on the server looks at keys
    try:
        with pytest.raises(CacheError, match="cannot be read: PermissionError") as caught:
            load(mews.client(cache_dir=tmp_path / "x", shared_cache=f"{to_s3}/mews"))
    finally:
        httpx.post(switch, content=b"inf")
    assert "canary" not in str(caught.value)
    assert not mews.requests


def test_places_that_make_no_sense_are_refused(mews, tmp_path):
    for place, says in [
        ("gopher://x/y", "no place that fsspec knows"),
        ("simplecache::s3://x/y", "a chain of file systems"),
        (tmp_path / "not mounted", "there is no folder"),
    ]:
        with pytest.raises(ConfigurationError, match=says):
            load(mews.client(cache_dir=tmp_path / "x", shared_cache=place))
    assert not mews.requests


def test_a_missing_extra_is_named(mews, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    client = mews.client(cache_dir=tmp_path / "x", shared_cache="s3://bucket/mews")
    with pytest.raises(ConfigurationError, match=r"needs a library.*s3fs"):
        load(client)


def test_passwords_in_a_url_are_not_shown():
    from mews_frames._bridges.stores import FsspecStore

    for url in (
        "sftp://maria:canary@files.example/mews?sig=canary",
        "sftp://maria:can/canary@files.example/mews",
    ):
        store = FsspecStore(url)
        assert "canary" not in f"{store} {store!r}"
        assert "files.example/mews" in str(store)


def test_a_copy_that_fails_costs_nothing_but_a_warning(machine, place, caplog, monkeypatch):
    from mews_frames._bridges.stores import FsspecStore

    def full(*_):
        raise CacheError("the shared cache is full")

    monkeypatch.setattr(FsspecStore, "put", full)
    with caplog.at_level(logging.WARNING, "mews_frames"):
        frame = load(machine("a"))
    assert frame.select(pl.len()).collect().item() == 300
    assert (
        "others do not get a copy of what was downloaded: the shared cache is full" in caplog.text
    )


def test_what_has_expired_is_not_taken_for_there(machine, clock):
    export_id = machine("a").start_export("OrderItem").id
    load(machine("a"))
    shared, everything = machine("b")._bring._shared, keep("OrderItem", None)
    assert shared.lot(export_id, everything) is not None
    clock.sleep(8 * 86400)
    assert shared.lot(export_id, everything) is None


def test_columns_that_this_machine_held_before_stay(machine, mews, tmp_path):
    load(machine("b"), columns=["Id"])
    load(machine("a"))
    sent = len(mews.requests)
    assert load(machine("b"), columns=["Type"]).collect().width == 2
    (schema, *_) = {tuple(pl.read_parquet_schema(p)) for p in (tmp_path / "b").rglob("*.parquet")}
    assert schema == ("Id", "Type", "_rescued_data")
    assert len(mews.requests) == sent


@without_server
def test_who_waits_for_another_download_hears_of_it(machine, monkeypatch):
    load(machine("a"))
    second, notes = machine("b"), []
    export_id = second.start_export("OrderItem").id
    monkeypatch.setattr(layout_module, "MOMENT", 0.0)
    holding, told = threading.Event(), threading.Event()

    def hold():
        with layout_module.Layout(second.cache.path).lock(export_id):
            holding.set()
            told.wait(20)

    def listen(event):
        notes.append(event.message)
        if "another process is downloading" in event.message:
            told.set()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(20)
    second.load_entities("OrderItem", progress=listen)
    thread.join()
    assert told.is_set()


@without_server
def test_room_that_cannot_be_made_is_not_called_a_copy_that_failed(machine, caplog, monkeypatch):
    def full(*_):
        raise CacheError("the shared cache is busy")

    monkeypatch.setattr("mews_frames._bridges.stores.FsspecStore.names", full)
    with caplog.at_level(logging.WARNING, "mews_frames"):
        load(machine("a"))
    assert "what has expired was not removed from the shared cache" in caplog.text
    assert "do not get a copy" not in caplog.text
