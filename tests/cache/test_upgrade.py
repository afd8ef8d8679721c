"""What another release left in the cache is served or ignored, and never misread."""

import json
import os
import shutil
from pathlib import Path

import httpx
import polars as pl
import pytest

import mews_frames as mf
from mews_frames._cache.files import read_sealed, seal
from mews_frames.testing import FakeClock

SAMPLES = Path(__file__).with_name("samples")
DAY = 86_400


@pytest.fixture
def sample(tmp_path):
    """Unpack a sample as that release left it: modes are not kept by version control."""

    def unpack(name):
        shutil.copytree(SAMPLES / name / "cache", tmp_path / name)
        for path in [tmp_path / name, *(tmp_path / name).rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        return tmp_path / name

    return unpack


@pytest.fixture
def open_client():
    notes = json.loads((SAMPLES / "v1" / "notes.json").read_text("utf-8"))
    opened = []

    def make(folder, answer, clock=None):
        settings = {name: notes[name] for name in ("client_token", "access_token")}
        client = mf.Client(
            **settings,
            platform_address=notes["platform_address"],
            cache_dir=folder,
            transport=httpx.MockTransport(answer),
            clock=clock or FakeClock(),
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def nobody(request):
    pytest.fail(f"{request.url} was asked")


def running():
    return json.loads((SAMPLES / "v1" / "notes.json").read_text("utf-8"))["running"]


def test_what_v1_left_is_served_without_a_request(sample, open_client):
    frame = open_client(sample("v1"), nobody).load_entities("ResourceBlock", progress=False)
    rows = [
        json.loads(line) for line in (SAMPLES / "v1" / "rows.jsonl").read_text("utf-8").splitlines()
    ]
    served = [json.loads(line) for line in frame.collect().write_ndjson().splitlines()]
    assert served == rows
    assert rows


def test_the_sample_of_v1_is_whole(sample, open_client):
    client = open_client(sample("v1"), nobody)
    assert client.cache.verify() == ()
    assert client.exports()["status"].to_list() == ["Pending", "Success"]


def test_an_export_that_was_running_under_v1_is_picked_up(sample, open_client):
    asked = []

    def answer(request):
        asked.append(request.url.path.rsplit("/", 1)[-1])
        export = {
            "Id": running(),
            "Status": "Success",
            "EntityType": "Company",
            "Scope": {"EnterpriseIds": ["00000000-0000-4000-a000-000000000001"]},
            "Filters": {},
            "Files": [],
            "ExpiresUtc": "2026-06-22T12:00:00Z",
        }
        return httpx.Response(200, json={"Exports": [export]})

    client = open_client(sample("v1"), answer)
    assert client.load_entities("Company", progress=False).collect().height == 0
    assert asked == ["getAll"]
    assert running() in client.exports()["id"].to_list()


@pytest.mark.parametrize("name", ["v0", "v2"])
@pytest.mark.parametrize("where", ["its own folder", "the folder of v1"])
def test_other_layouts_are_ignored_and_found(sample, open_client, name, where):
    folder = sample(name)
    if where == "the folder of v1":
        (folder / name).rename(folder / "v1")
    else:
        (folder / "v1").mkdir(mode=0o700)
    with mf.sandbox(rows=200, clock=FakeClock()) as mews:
        client = mews.client(cache_dir=folder)
        assert client.exports().height == (1 if where == "the folder of v1" else 0)
        assert not any(entry.complete for entry in client.cache.entries())
        assert client.cache.verify()
        before = {path: path.read_bytes() for path in (folder / name).rglob("*.*")}
        assert client.load_entities("ResourceBlock", progress=False).collect().height > 0
        assert [r.operation for r in mews.requests].count("add") == 1
        assert {path: path.read_bytes() for path in before} == before
        client.cache.clear()
    assert not folder.exists()


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_a_sealed_file_of_another_layout_is_not_read(sample, open_client, number):
    folder = sample("v1")
    changed = [*folder.glob("v1/requests/*.json"), *folder.glob("v1/exports/*/export.json")]
    for path in changed:
        path.write_text(seal(read_sealed(path) | {"layout": number}))
    client = open_client(folder, nobody)
    assert client.exports()["type"].to_list() == [None]
    assert {damage.path for damage in client.cache.verify()} == set(changed)


def test_an_older_layout_goes_when_all_of_it_has_expired(sample, open_client):
    folder = sample("v0")
    newer = sample("v2") / "v2"
    shutil.move(newer, folder / "v2")
    clock = FakeClock()
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (clock.now().timestamp(),) * 2)
    client = open_client(folder, nobody, clock)
    clock.sleep(7 * DAY)
    assert client.cache.prune() == 0
    clock.sleep(2 * DAY)
    assert client.cache.prune() > 0
    assert not (folder / "v0").exists()
    assert (folder / "v2").exists()  # it belongs to a release that knows better


def test_the_rows_of_the_sample_are_typed(sample, open_client):
    frame = open_client(sample("v1"), nobody).load_entities("ResourceBlock", progress=False)
    assert frame.collect_schema() == pl.Schema(mf.schema_of("ResourceBlock"))
