"""Files reach their place whole, private, and under names that are ours."""

import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._cache.files import read_sealed, remove, replace_with, scratch, write_sealed
from mews_frames._cache.layout import Layout
from mews_frames._trust import flaw_at
from mews_frames.errors import CacheError, InvalidArgumentError

EXPORT_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
posix = pytest.mark.skipif(os.name != "posix", reason="mode bits are POSIX")


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "deep" / "cache")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_made_before_something_is_written(layout):
    assert not layout.root.parent.exists()
    assert read_sealed(layout.request("0" * 64)) is None


@posix
@pytest.mark.parametrize("umask", [0o000, 0o177])
def test_folders_are_private_whatever_the_umask(layout, umask):
    before = os.umask(umask)
    try:
        layout.make(layout.export(EXPORT_ID))
    finally:
        os.umask(before)
    folder = layout.export(EXPORT_ID)
    while folder != layout.root.parent:
        assert mode_of(folder) == 0o700
        folder = folder.parent


@posix
def test_files_are_private_whatever_the_umask(layout):
    path = layout.make(layout.requests) / "record.json"
    before = os.umask(0o000)
    try:
        write_sealed(path, {"a": 1})
    finally:
        os.umask(before)
    assert mode_of(path) == 0o600


def test_the_folder_says_that_it_is_a_cache(layout):
    layout.make(layout.requests)
    first = (layout.root / "CACHEDIR.TAG").read_text("utf-8").splitlines()[0]
    assert first == "Signature: 8a477f597d28d172789f06886806bc55"  # https://bford.info/cachedir/


def test_a_sealed_file_comes_back_as_it_was(layout):
    path = layout.make(layout.requests) / "record.json"
    write_sealed(path, {"text": "Müller", "number": 1, "none": None})
    assert read_sealed(path) == {"text": "Müller", "number": 1, "none": None}


def test_a_sealed_file_with_any_byte_changed_counts_as_missing(layout):
    path = layout.make(layout.requests) / "record.json"
    write_sealed(path, {"export": EXPORT_ID, "rows": 12})
    whole = path.read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        path.write_bytes(changed)
        data = read_sealed(path)
        # White space between the values may change without changing them.
        assert data is None or data == {"export": EXPORT_ID, "rows": 12}


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000])
def test_a_file_that_is_not_ours_counts_as_missing(layout, content):
    path = layout.make(layout.requests) / "record.json"
    path.write_bytes(content)
    assert read_sealed(path) is None


def test_a_failed_write_leaves_the_old_file_and_nothing_else(layout):
    path = layout.make(layout.requests) / "record.json"
    write_sealed(path, {"version": "old"})
    with pytest.raises(TypeError):
        write_sealed(path, {"version": object()})
    assert read_sealed(path) == {"version": "old"}
    assert [each.name for each in path.parent.iterdir()] == ["record.json"]


def test_scratch_names_are_never_shared_and_never_stay(tmp_path):
    target = tmp_path / "part.parquet"
    with scratch(target) as one, scratch(target) as other:
        assert one != other
        assert one.parent == target.parent
        one.write_bytes(b"whole")
        other.write_bytes(b"left behind")
        replace_with(one, target)
    assert [each.name for each in tmp_path.iterdir()] == ["part.parquet"]
    assert target.read_bytes() == b"whole"


@given(st.text() | st.from_regex(r"[./\\0-9a-f-]{1,40}"))
def test_only_uuids_become_names(text):
    layout = Layout(Path("cache"))
    try:
        path = layout.export(text)
    except CacheError:
        return
    assert path.parent == layout.exports
    assert len(path.name) == 36


def test_an_export_id_in_capitals_is_the_same_export(layout):
    assert layout.export(EXPORT_ID.upper()) == layout.export(EXPORT_ID)


def test_remove_follows_no_link_out_of_the_cache(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    inside = tmp_path / "cache"
    inside.mkdir()
    try:
        (inside / "link").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("no right to make links")
    remove(inside)
    assert not inside.exists()
    assert (outside / "precious").read_text() == "mine"


@pytest.fixture
def junction(tmp_path, monkeypatch):
    """A folder that Windows would say is a junction; what is in it lies elsewhere."""
    path = tmp_path / "cache" / "junction"
    path.mkdir(parents=True, mode=0o700)
    (path / "precious").touch()
    lstat = Path.lstat

    def lstat_there(self):
        seen = lstat(self)
        if self != path:
            return seen
        return SimpleNamespace(
            st_mode=seen.st_mode, st_uid=seen.st_uid, st_size=0, st_reparse_tag=0xA0000003
        )

    monkeypatch.setattr(Path, "lstat", lstat_there)
    return path


def test_remove_takes_a_junction_and_not_what_it_leads_to(junction, monkeypatch):
    gone = []

    def unlink(path):
        gone.append(path)

    monkeypatch.setattr(Path, "unlink", unlink)
    assert remove(junction) == 0
    assert gone == [junction]
    assert (junction / "precious").exists()


def test_a_junction_in_the_cache_is_a_link(junction):
    assert flaw_at(junction, folder=True) == "it is a link"


def test_a_junction_may_lead_to_the_cache(junction):
    assert list(Layout(junction).flaws()) == []


def test_remove_counts_the_bytes(tmp_path):
    (tmp_path / "cache" / "below").mkdir(parents=True)
    (tmp_path / "cache" / "below" / "a").write_bytes(b"12345")
    (tmp_path / "cache" / "b").write_bytes(b"123")
    assert remove(tmp_path / "cache") == 8
    assert remove(tmp_path / "cache") == 0


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    layout = Layout(tmp_path / "file" / "cache")
    with pytest.raises(CacheError, match="cannot be written") as caught:
        layout.make(layout.requests)
    assert "MEWS_FRAMES_CACHE_DIR" in caught.value.hint
    assert str(tmp_path / "file") in caught.value.message


@pytest.mark.skipif(sys.platform != "linux", reason="/proc takes no folders")
def test_a_place_that_takes_no_folders_is_a_clear_error():
    with pytest.raises(CacheError, match="cannot be written"):
        Layout(Path("/proc/nope/cache")).make(Path("/proc/nope/cache/v1"))


def test_a_thread_that_would_wait_for_itself_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("mews_frames._cache.layout.MOMENT", 0.01)
    layout = Layout(tmp_path / "cache")
    with (
        layout.lock("one"),
        pytest.raises(InvalidArgumentError, match="would wait for itself"),
        layout.lock("one"),
    ):
        pass
    with layout.lock("one", timeout=0):  # it was let go
        pass
