"""Stores hold named bytes, whole; what else they can do is nothing that we rely on."""

import cloudpickle
import fsspec
import pyarrow.parquet as pq
import pytest
from support.elsewhere import PLACES

from mews_frames._bridges.stores import FsspecStore
from mews_frames.errors import CacheError

everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)


@everywhere
def test_a_name_holds_what_was_written_last(place, tmp_path):
    store = FsspecStore(place)
    assert store.read("v1/a/b.json") is None
    assert store.names("v1") == []
    store.write("v1/a/b.json", b"one")
    store.write("v1/a/b.json", b"two")
    assert FsspecStore(place).read("v1/a/b.json") == b"two"
    assert store.names("v1/a") == ["b.json"]
    assert store.touched("v1/a") > 0
    (tmp_path / "file").write_bytes(b"three")
    store.put(tmp_path / "file", "v1/a/c")
    assert store.get("v1/a/c", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"three"
    assert not store.get("v1/a/d", tmp_path / "no")
    store.remove("v1/a")
    store.remove("v1/a")
    assert store.names("v1/a") == []


def test_a_folder_is_the_same_one_for_processes_that_stand_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team").mkdir()
    store = FsspecStore("team")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    cloudpickle.loads(cloudpickle.dumps(store)).write("a", b"one")
    assert (tmp_path / "team" / "a").read_bytes() == b"one"


def test_what_is_damaged_there_is_an_error_of_the_cache(tmp_path):
    store = FsspecStore(str(tmp_path))
    store.write("a.parquet", b"no Parquet")
    with (
        pytest.raises(CacheError, match=r"a.parquet in the shared cache at .* cannot be read"),
        store.open("a.parquet") as file,
    ):
        pq.read_table(file)


@everywhere
def test_these_stores_can_create_exclusively(place):
    """Tried, and not needed: docs/decisions/0020 says why, and names this test."""
    files, root = fsspec.url_to_fs(place)
    files.pipe_file(f"{root}/claim", b"first", mode="create")
    with pytest.raises(FileExistsError):
        files.pipe_file(f"{root}/claim", b"second", mode="create")
    assert files.cat_file(f"{root}/claim") == b"first"
