"""``mews-frames cache`` shows what lies on disk, and removes it."""

import json
from datetime import UTC, datetime

import pytest

import mews_frames as mf
from mews_frames._settings import config_file
from mews_frames.testing import FakeClock


@pytest.fixture
def export_id(mews, run):
    """Bring an export into the cache."""
    export_id = run("export", "start", "OrderItem").out.strip()
    run("export", "wait", export_id)
    return export_id


def test_its_folder_is_told(mews, run, tmp_path):
    assert run("cache", "dir").out == f"{tmp_path / 'cache'}\n"


def test_an_empty_cache_is_no_error(mews, run):
    assert json.loads(run("cache", "ls", "--json").out) == []
    assert run("cache", "size").out == "0 B\n"
    assert run("cache", "verify").code == 0
    assert run("cache", "prune").code == 0


def test_what_lies_there_is_listed(export_id, run):
    (entry,) = json.loads(run("cache", "ls", "--json").out)
    assert (entry["export_id"], entry["rows"], entry["complete"]) == (export_id, 200, True)
    heading, line = run("cache", "ls").out.splitlines()
    assert heading.split()[:3] == ["id", "type", "rows"]
    assert line.split()[:3] == [export_id, "OrderItem", "200"]


def test_its_size_is_that_of_the_folder(export_id, run):
    told = json.loads(run("cache", "size", "--json").out)
    files = [path for path in mf.cache.path.rglob("*") if path.is_file()]
    assert told == {
        "path": str(mf.cache.path),
        "bytes": sum(path.stat().st_size for path in files),
    }


def test_nothing_is_removed_without_a_yes(export_id, run):
    ran = run("cache", "clear")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert mf.cache.entries()


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1)])
def test_a_person_is_asked(answer, left, export_id, run):
    ran = run("cache", "clear", at_terminal=True, stdin=f"{answer}\n")
    assert len(mf.cache.entries()) == left
    assert ran.code == left
    assert not ran.raw


def test_a_yes_clears(export_id, run):
    size = mf.cache.entries()[0].bytes
    ran = run("cache", "clear", "--yes", "--json")
    assert json.loads(ran.out)["freed"] >= size
    assert not mf.cache.entries()


@pytest.mark.parametrize(("entity_type", "left"), [("Customer", 1), ("OrderItem", 0)])
def test_only_one_type_is_cleared(entity_type, left, export_id, run):
    run("cache", "clear", "--type", entity_type, "--yes")
    assert len(mf.cache.entries()) == left


def test_only_one_export_is_cleared(export_id, run):
    run("cache", "clear", "--export-id", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "--yes")
    assert mf.cache.entries()
    run("cache", "clear", "--export-id", export_id, "--yes")
    assert not mf.cache.entries()


def test_an_unknown_type_is_refused(export_id, run):
    assert run("cache", "clear", "--type", "Orders", "--yes").code == 2
    assert mf.cache.entries()


def test_damage_is_found_and_ends_with_5(export_id, run):
    assert run("cache", "verify").code == 0
    part = next(mf.cache.path.rglob("part-*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    ran = run("cache", "verify", "--json")
    assert ran.code == 5
    (damage,) = json.loads(ran.out)
    assert (damage["export_id"], damage["path"]) == (export_id, str(part))
    table = run("cache", "verify")
    assert str(part) in table.out
    assert table.err.startswith("1 file damaged: not served")
    assert "hint: " in table.err


def test_the_newest_comes_first(export_id, run):
    ids = [run("export", "start", name).out.strip() for name in ("Bill", "Company", "Customer")]
    for other in ids:
        run("export", "wait", other)
    listed = json.loads(run("cache", "ls", "--json").out)
    assert [entry["export_id"] for entry in listed] == [*reversed(ids), export_id]


def test_a_profile_with_a_cache_of_its_own_is_looked_into(export_id, run, monkeypatch):
    cache = mf.cache.path
    monkeypatch.delenv("MEWS_FRAMES_CACHE_DIR")
    config_file().parent.mkdir(parents=True, mode=0o700)
    config_file().touch(mode=0o600)
    config_file().write_text(f"[profiles.hotel]\ncache_dir = {json.dumps(str(cache))}\n")
    assert run("cache", "dir", "--profile", "hotel").out == f"{cache}\n"
    assert export_id in run("cache", "ls", "--profile", "hotel").out
    assert json.loads(run("cache", "size", "--profile", "hotel", "--json").out)["bytes"] > 0
    assert run("cache", "verify", "--profile", "hotel").code == 0
    assert run("cache", "prune", "--profile", "hotel").code == 0
    assert run("cache", "clear", "--yes").code == 0  # of the other cache
    assert export_id in run("cache", "ls", "--profile", "hotel").out
    asked = run("cache", "clear", "--profile", "hotel", at_terminal=True, stdin="n\n")
    assert str(cache) in asked.err
    assert run("cache", "clear", "--profile", "hotel", "--yes").code == 0
    assert export_id not in run("cache", "ls", "--profile", "hotel").out


def test_what_is_made_up_is_said_to_be(export_id, run):
    with mf.Client(profile="sandbox", clock=FakeClock(datetime.now(UTC))) as client:
        client.load_entities("Bill", progress=False)
        made_up = client.exports().filter(type="Bill")["id"].item()
    for words, key in ((["cache", "ls"], "export_id"), (["export", "list"], "id")):
        told = json.loads(run(*words, "--json").out)
        assert {each[key]: each["made_up"] for each in told} == {export_id: False, made_up: True}
        (line,) = [line for line in run(*words).out.splitlines() if line.startswith(made_up)]
        assert "Bill (made up)" in line
