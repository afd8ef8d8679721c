"""What others could have written is refused or rebuilt, and never served."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from mews_frames._cache.layout import Layout
from mews_frames.errors import CacheError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and mode bits are POSIX")
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give files to somebody else"
)

SOMEBODY_ELSE = 65_534
EXPORT_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
FOLDERS = ["", "v1", "v1/requests", "v1/exports", "v1/locks"]


@pytest.fixture
def whole(load):
    return load().collect()


@pytest.fixture
def cached(client, whole):
    """The folder of an export that lies in the cache, complete."""
    (entry,) = client.cache.entries()
    return client.cache.path / "v1" / "exports" / entry.export_id


def sent(mews, operation):
    return [request.operation for request in mews.requests].count(operation)


def found(client):
    return {damage.path for damage in client.cache.verify()}


def behind_a_link(path):
    """Move what lies at a path elsewhere, and put a link in its place."""
    cache = next(above for above in path.parents if above.name == "cache")
    elsewhere = cache.with_name(f"elsewhere-{path.name}")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    return elsewhere


# ------------------------------------------------------------------- the folders above


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o1777])
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_cache_that_others_can_write_is_refused(client, load, cached, mews, folder, mode):
    place = client.cache.path / folder
    place.chmod(mode)
    before = mews.requests
    for use in (load, client.exports, client.cache.entries, client.cache.prune):
        with pytest.raises(CacheError, match="other users can write it") as caught:
            use()
        assert str(place) in caught.value.message
        assert "chmod 700" in caught.value.hint
    assert found(client) == {place}
    assert mews.requests == before


@as_root
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_cache_of_somebody_else_is_refused(client, load, cached, folder):
    place = client.cache.path / folder
    os.chown(place, SOMEBODY_ELSE, SOMEBODY_ELSE)
    with pytest.raises(CacheError, match=r"belongs to another user \(uid 65534\)"):
        load()
    assert found(client) == {place}


@pytest.mark.parametrize("folder", FOLDERS[1:])
def test_a_folder_that_is_a_link_is_refused_and_not_followed(client, load, cached, folder):
    place = client.cache.path / folder
    elsewhere = behind_a_link(place)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(CacheError, match="it is a link"):
        load()
    assert found(client) == {place}
    client.cache.clear()
    assert sorted(elsewhere.rglob("*")) == before
    assert not place.is_symlink()
    assert load().collect().height == 300


def test_a_link_of_ones_own_may_lead_to_the_cache(client, load, cached, mews):
    shutil.move(client.cache.path, client.cache.path.with_name("large disk"))
    client.cache.path.symlink_to(client.cache.path.with_name("large disk"))
    before = mews.requests
    assert load().collect().height == 300
    assert mews.requests == before


@as_root
def test_a_link_of_somebody_else_does_not(client, load, cached):
    shutil.move(client.cache.path, client.cache.path.with_name("large disk"))
    client.cache.path.symlink_to(client.cache.path.with_name("large disk"))
    os.chown(client.cache.path, SOMEBODY_ELSE, SOMEBODY_ELSE, follow_symlinks=False)
    with pytest.raises(CacheError, match="it is a link of another user"):
        load()


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o755])
def test_an_empty_folder_that_a_user_made_becomes_private(tmp_path, mode):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(mode)
    layout = Layout(tmp_path / "cache")
    layout.make(layout.requests)
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_a_folder_with_something_else_in_it_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "notes.txt").write_text("mine")
    layout = Layout(tmp_path)
    layout.make(layout.requests)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "v1").stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_folders_above_are_private_too(tmp_path, umask):
    before = os.umask(umask)
    try:
        layout = Layout(tmp_path / "new" / "deep" / "cache")
        layout.make(layout.export(EXPORT_ID))
    finally:
        os.umask(before)
    for path in (tmp_path / "new").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


# ----------------------------------------------------------------- one export, one file


def opened_to_others(path):
    path.chmod(0o722 if path.is_dir() else 0o662)


def given_away(path):
    os.chown(path, SOMEBODY_ELSE, SOMEBODY_ELSE)


@pytest.mark.parametrize(
    "plant", [behind_a_link, opened_to_others, pytest.param(given_away, marks=as_root)]
)
@pytest.mark.parametrize("name", ["", "part-00002.parquet", "export.json"])
def test_an_export_that_others_could_have_written_is_rebuilt(
    client, load, whole, cached, mews, plant, name
):
    place = cached / name
    elsewhere = plant(place)
    before = sorted(elsewhere.rglob("*")) if elsewhere else None
    assert found(client) == {place}
    downloads = sent(mews, "download")
    assert load().collect().equals(whole)
    are_ours = name == "export.json"  # parts that nobody else could have written stay
    assert (sent(mews, "download") == downloads) == are_ours
    assert sent(mews, "add") == 1
    assert found(client) == set()
    assert not place.is_symlink()
    assert stat.S_IMODE(place.stat().st_mode) == (0o700 if place.is_dir() else 0o600)
    assert before is None or sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize(
    "plant", [behind_a_link, opened_to_others, pytest.param(given_away, marks=as_root)]
)
def test_a_journal_record_that_others_could_have_written_is_not_believed(
    client, load, cached, mews, plant
):
    (record,) = (client.cache.path / "v1" / "requests").iterdir()
    plant(record)
    assert found(client) == {record}
    assert load().collect().height == 300
    assert sent(mews, "add") == 2
    assert found(client) == set()


@pytest.mark.parametrize("place", ["v1/locks", "CACHEDIR.TAG", "partial", "sums"])
def test_nothing_is_written_through_a_planted_link(client, load, cached, whole, tmp_path, place):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    if place in {"partial", "sums"}:
        links = [cached / f"part-00001.jsonl.{place}"]
    elif place == "v1/locks":
        links = list((client.cache.path / place).iterdir())
    else:
        links = [client.cache.path / place]
    assert links
    for link in links:
        link.unlink(missing_ok=True)
        link.symlink_to(precious)
    assert found(client) >= set(links)
    (cached / "export.json").unlink()  # so that it is brought again
    assert load().collect().equals(whole)
    assert precious.read_text() == "mine"
    assert found(client) == set()


def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(client, load, cached, whole):
    (record,) = (client.cache.path / "v1" / "requests").iterdir()
    for path in (cached / "export.json", record):
        path.unlink()
        os.mkfifo(path)
    assert found(client) == {cached / "export.json", record}
    assert load().collect().equals(whole)


def test_what_others_can_read_is_found(client, cached):
    (cached / "part-00001.parquet").chmod(0o644)
    cached.chmod(0o755)
    assert found(client) == {cached}
    cached.chmod(0o700)
    assert found(client) == {cached / "part-00001.parquet"}


@pytest.mark.parametrize(
    "name",
    ["v1/other", "v1/requests/notes.txt", "v1/locks/notes.txt", "v1/exports/notes"],
)
def test_what_is_no_part_of_the_cache_is_found(client, cached, name):
    place = client.cache.path / name
    place.mkdir(mode=0o700)
    assert found(client) == {place}


@pytest.mark.parametrize("name", ["v2/requests", "v0/exports"])
def test_another_layout_is_found(client, cached, name):
    place = client.cache.path / name
    place.mkdir(mode=0o700, parents=True)
    assert found(client) == {place.parent}


@pytest.mark.parametrize("name", ["part-00009.parquet", "merge-0123456789abcdef.json", "run.sh"])
def test_what_is_no_part_of_an_export_is_found(client, cached, name):
    (cached / name).touch(mode=0o600)
    assert found(client) == {cached / name}


def test_a_tag_that_is_damaged_is_found_and_written_again(client, load, cached):
    tag = client.cache.path / "CACHEDIR.TAG"
    tag.write_bytes(b"")  # as a full disk leaves it
    assert found(client) == {tag}
    load()
    assert found(client) == set()


def test_clear_leaves_nothing_whatever_lies_there(client, load, cached):
    root = client.cache.path
    (root / "CACHEDIR.TAG.0123456789abcdef.tmp").touch()
    (root / "v1" / "requests" / "x.json.0123456789abcdef.tmp").touch()
    for layout in ("v0", "v2"):
        (root / layout / "exports").mkdir(parents=True)
        (root / layout / "exports" / "part.parquet").touch()
    client.cache.clear()
    assert not root.exists()


@pytest.mark.parametrize("mode", [0o700, 0o775])
@pytest.mark.parametrize("used", [False, True], ids=["never loaded", "loaded"])
def test_clear_leaves_what_others_keep_in_a_folder_of_that_name(mews, tmp_path, mode, used):
    weights = tmp_path / "project/v1/model/weights.bin"
    weights.parent.mkdir(parents=True)
    weights.write_text("mine")
    for folder in ("project", "project/v1"):
        (tmp_path / folder).chmod(0o700)
    client = mews.client(cache_dir=tmp_path / "project")
    if used:
        client.load_entities("Company", progress=False)
        (tmp_path / "project/v1/clock.json.0123456789abcdef.tmp").touch()
    (tmp_path / "project/v1").chmod(mode)
    if mode == 0o700:
        client.cache.clear()
    else:
        with pytest.raises(CacheError, match="other users can write it"):
            client.cache.clear()
    left = {path for path in (tmp_path / "project").rglob("*") if path.is_file()}
    assert left - {tmp_path / "project/CACHEDIR.TAG"} == {weights}


def test_clear_keeps_of_a_running_export_its_record_alone(client, load, cached):
    client.start_export("Company")
    (record,) = [
        p for p in (client.cache.path / "v1/requests").iterdir() if "Company" in p.read_text()
    ]
    Path(f"{record}.0123456789abcdef.tmp").touch()
    record.with_name("0" * 64 + ".json").touch()
    client.cache.clear()
    left = {path for path in client.cache.path.rglob("*") if path.is_file()}
    assert left - {client.cache.path / "CACHEDIR.TAG"} == {record}
