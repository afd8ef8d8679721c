"""The owner of a cache sees what lies there, and gets rid of it."""

import json
import os
import stat

import httpx
import pytest

import mews_frames as mf
from mews_frames._cache.files import read_sealed, write_sealed
from mews_frames._cache.layout import Layout
from mews_frames.errors import InvalidArgumentError, ServerError

DAY = 86_400


def files_in(cache):
    return sorted(str(p.relative_to(cache.path)) for p in cache.path.rglob("*") if p.is_file())


def test_an_empty_cache_has_nothing_to_show(client):
    assert client.cache.entries() == ()
    assert client.cache.size() == 0
    assert client.cache.prune() == 0
    assert client.cache.clear() == 0
    assert client.cache.verify() == ()
    assert not client.cache.path.exists()


def test_entries_say_what_lies_there(client, load, clock):
    load(columns=["Id", "Amount"])
    (entry,) = client.cache.entries()
    assert entry.complete
    assert entry.entity_type == "OrderItem"
    assert entry.rows == 300
    assert entry.columns == ("Amount", "Id")
    assert entry.added <= clock.now() < entry.expires
    assert 0 < entry.bytes <= client.cache.size()


def test_nothing_but_parquet_manifest_and_journal_stays(client, load):
    load()
    suffixes = {path.rsplit(".", 1)[-1] for path in files_in(client.cache)}
    assert suffixes == {"parquet", "json", "lock", "TAG"}


@pytest.mark.skipif(os.name != "posix", reason="mode bits are POSIX")
def test_everything_in_a_used_cache_is_private(client, load):
    before = os.umask(0o000)
    try:
        load()
    finally:
        os.umask(before)
    for path in [client.cache.path, *client.cache.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_an_expired_export_lies_a_day_longer_and_is_pruned_then(client, load, clock):
    load()
    clock.sleep(7 * DAY + 10)
    assert client.cache.prune() == 0
    clock.sleep(DAY)
    assert client.cache.prune() > 0
    assert client.cache.entries() == ()
    assert client.exports().height == 0


def test_bringing_a_new_export_prunes_the_old_ones(client, load, clock):
    load("Company")
    clock.sleep(9 * DAY)
    load("OrderItem")
    assert [entry.entity_type for entry in client.cache.entries()] == ["OrderItem"]


def test_clear_takes_one_type_or_one_export_or_all(client, load):
    load("OrderItem"), load("Company"), load("Payment")
    assert client.cache.clear(entity_type="Company") > 0
    assert {entry.entity_type for entry in client.cache.entries()} == {"OrderItem", "Payment"}
    (entry,) = [e for e in client.cache.entries() if e.entity_type == "Payment"]
    assert client.cache.clear(export_id=entry.export_id.upper()) > 0
    assert [entry.entity_type for entry in client.cache.entries()] == ["OrderItem"]
    client.cache.clear()
    assert client.cache.entries() == ()
    assert not client.cache.path.exists()


def test_clear_of_something_unknown_is_refused(client):
    with pytest.raises(InvalidArgumentError, match="'Orders' is not an entity type"):
        client.cache.clear(entity_type="Orders")
    with pytest.raises(InvalidArgumentError, match="is not the id of an export"):
        client.cache.clear(export_id="../../etc")


def test_clear_keeps_the_ids_of_running_exports(client, load, mews):
    load("Company")
    export = client.start_export("OrderItem")
    client.cache.clear()
    assert client.exports()["id"].to_list() == [export.id]
    load("OrderItem")
    assert [r.operation for r in mews.requests].count("add") == 2


def test_clear_leaves_the_files_of_others(client, load):
    load()
    (client.cache.path / "notes.txt").write_text("mine")
    client.cache.clear()
    assert files_in(client.cache) == ["notes.txt"]


def test_a_cleared_export_is_asked_for_again(client, load, mews):
    load()
    client.cache.clear()
    assert load().collect().height == 300
    assert [r.operation for r in mews.requests].count("add") == 2


def damage_truncated(folder):
    path = folder / "part-00002.parquet"
    path.write_bytes(path.read_bytes()[:-1])


def damage_flipped(folder):
    path = folder / "part-00002.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def damage_swapped(folder):
    one, other = folder / "part-00001.parquet", folder / "part-00002.parquet"
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


def damage_missing(folder):
    (folder / "part-00003.parquet").unlink()


def damage_manifest(folder):
    path = folder / "export.json"
    path.write_text(path.read_text().replace('"rows": ', '"rows": 1'))


DAMAGES = [damage_truncated, damage_flipped, damage_swapped, damage_missing, damage_manifest]


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_finds_every_damage(client, load, damage):
    load()
    assert client.cache.verify() == ()
    (entry,) = client.cache.entries()
    damage(client.cache.path / "v1" / "exports" / entry.export_id)
    assert {found.export_id for found in client.cache.verify()} == {entry.export_id}


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d is not damage_flipped])
def test_what_is_damaged_is_not_served_but_downloaded_again(client, load, mews, damage):
    whole = load().collect()
    (entry,) = client.cache.entries()
    damage(client.cache.path / "v1" / "exports" / entry.export_id)
    assert load().collect().equals(whole)
    assert client.cache.verify() == ()
    assert [r.operation for r in mews.requests].count("add") == 1


def test_a_damaged_journal_is_found_and_costs_an_export_but_no_row(client, load, mews):
    load()
    (path,) = (client.cache.path / "v1" / "requests").iterdir()
    path.write_text("{}")
    assert [found.path for found in client.cache.verify()] == [path]
    assert load().collect().height == 300
    assert [r.operation for r in mews.requests].count("add") == 2


def changed(data, path, value):
    """Change one thing in a JSON value; None for the value takes it away."""
    *above, last = path
    inner = data
    for step in above:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return data


NONSENSE = [
    (["export"], None),
    (["export", "Status"], "Unheard"),
    (["export", "Files"], 7),
    (["parts"], [{"number": 1, "colour": "red"}]),
    (["parts", 0, "size"], None),
    (["added"], "yesterday"),
    (["columns"], 3),
]


@pytest.mark.parametrize(("where", "value"), NONSENSE)
def test_a_manifest_that_makes_no_sense_is_found_and_replaced(client, load, mews, where, value):
    whole = load().collect()
    (entry,) = client.cache.entries()
    path = client.cache.path / "v1" / "exports" / entry.export_id / "export.json"
    write_sealed(path, changed(read_sealed(path), where, value))
    assert [found.path for found in client.cache.verify()] == [path]
    assert load().collect().equals(whole)
    assert client.cache.verify() == ()
    assert [r.operation for r in mews.requests].count("add") == 1


@pytest.mark.parametrize(
    ("where", "value"),
    [(["exports"], None), (["exports", 0, "added"], "?"), (["scope"], 1), (["exports"], {"a": 1})],
)
def test_a_journal_record_that_makes_no_sense_is_found_and_replaced(client, load, where, value):
    load()
    (path,) = (client.cache.path / "v1" / "requests").iterdir()
    write_sealed(path, changed(read_sealed(path), where, value))
    assert [found.path for found in client.cache.verify()] == [path]
    assert load().collect().height == 300
    assert client.cache.verify() == ()


def test_the_default_cache_is_the_one_of_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(tmp_path / "one"))
    assert mf.cache.path == tmp_path / "one"
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(tmp_path / "other"))
    assert mf.cache.path == tmp_path / "other"
    assert mf.cache.entries() == ()
    assert mf.cache.size() == mf.cache.prune() == mf.cache.clear() == 0
    assert mf.cache.verify() == ()
    assert repr(mf.cache) == f"Cache({str(tmp_path / 'other')!r})"


@pytest.mark.parametrize("expires", ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:00:00-01:00"])
def test_an_expiry_at_the_end_of_the_calendar_is_no_trouble(mews, tmp_path, expires):
    """What .NET writes for never; the second one lies behind the end in UTC, and is refused."""

    def late(request):
        answer = mews.transport.handle_request(request)
        if request.method != "POST":
            return answer
        data = json.loads(b"".join(answer.stream))
        for export in data.get("Exports", []):
            export["ExpiresUtc"] = export["ExpiresUtc"] and expires
        return httpx.Response(answer.status_code, json=data)

    client = mews.client(transport=httpx.MockTransport(late), cache_dir=tmp_path / "cache")
    if expires.endswith("Z"):
        assert client.load_entities("OrderItem", progress=False).collect().height == 300
        assert client.load_entities("OrderItem", progress=False).collect().height == 300
    else:
        with pytest.raises(ServerError, match="cannot be read"):
            client.load_entities("OrderItem", progress=False)


def test_making_room_waits_for_nobody(client, load, monkeypatch):
    load("Reservation")
    names, lock = [], Layout.lock

    def noting(layout, name, **options):
        names.append(name)
        return lock(layout, name, **options)

    monkeypatch.setattr(Layout, "lock", noting)
    client.cache.prune()
    assert names == []
