"""Any byte, anywhere: what is changed in the cache is found, made anew, or changes no row."""

import contextlib
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mews_frames as mf
from mews_frames._cache.files import read_sealed, seal
from mews_frames.errors import DecodeError
from mews_frames.testing import Corrupt, FakeClock

WINDOW = {"updated": ("2025-10-01T00:00:00Z", "2026-05-01T00:00:00Z")}  # of two pieces


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A cache with two exports that are whole and how they merge, and one that was arriving."""
    with mf.sandbox(rows=400, clock=FakeClock(), faults=[Corrupt(part=4, times=1)]) as mews:
        client = mews.client(cache_dir=tmp_path_factory.mktemp("used") / "cache")
        with contextlib.suppress(DecodeError):  # when two parts at least are in their place
            client.load_entities("Reservation", progress=False)
        merged = client.load_entities("OrderItem", progress=False, **WINDOW).collect()
        left = client.load_entities("Reservation", progress=False, cache=False).collect()
        yield mews, client, {"OrderItem": merged, "Reservation": left}


def load(client, entity_type):
    window = WINDOW if entity_type == "OrderItem" else {}
    return client.load_entities(entity_type, progress=False, **window).collect()


@pytest.fixture
def copies(used, tmp_path):
    mews, client, frames = used
    names = iter(range(10_000))

    def copy():
        folder = tmp_path / str(next(names)) / "cache"
        shutil.copytree(client.cache.path, folder)
        return mews.client(cache_dir=folder), frames, folder

    copy.mews = mews
    return copy


def change(path, data):
    """Flip, cut or insert a byte, or cut off the end."""
    whole = bytearray(path.read_bytes())
    how = data.draw(
        st.sampled_from(["flip", "cut", "insert", "end"]) if whole else st.just("insert")
    )
    position = data.draw(st.integers(0, max(0, len(whole) - 1)))
    if how == "flip":
        whole[position] ^= data.draw(st.integers(1, 255))
    elif how == "cut":
        del whole[position]
    elif how == "insert":
        whole.insert(position, data.draw(st.integers(0, 255)))
    else:
        del whole[position:]
    path.write_bytes(whole)


def check(copies, data):
    client, frames, folder = copies()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files), label="file")
    change(path, data)
    for damage in client.cache.verify():  # a byte within a part at rest no query finds
        if damage.export_id is not None:
            client.cache.clear(export_id=damage.export_id)
    for entity_type, frame in frames.items():
        assert load(client, entity_type).equals(frame)
    shutil.rmtree(folder)


@given(data=st.data())
@settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_changed_byte_is_found_or_changes_nothing(copies, data):
    check(copies, data)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(data=st.data())
@settings(max_examples=600, suppress_health_check=list(HealthCheck))
def test_a_changed_byte_is_found_or_changes_nothing_at_length(copies, data):
    check(copies, data)


@pytest.mark.parametrize("suffix", [".parquet", ".json"])
def test_files_that_changed_places_are_found_or_change_nothing(copies, suffix):
    client, frames, folder = copies()
    files = sorted(folder.glob(f"v1/exports/*/*{suffix}"))
    contents = [path.read_bytes() for path in files]
    for path, content in zip(files, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)
    assert client.cache.verify()
    for export in {path.parent.name for path in files}:
        client.cache.clear(export_id=export)
    assert load(client, "OrderItem").equals(frames["OrderItem"])


def test_a_finished_part_of_an_unfinished_export_is_believed_by_its_digest(copies):
    client, frames, folder = copies()
    unfinished = [p for p in folder.glob("v1/exports/*") if not (p / "export.json").exists()]
    part = min(unfinished[0].glob("*.parquet"))
    whole = bytearray(part.read_bytes())
    for position in range(4, len(whole) - 8, max(1, len(whole) // 12)):
        whole[position] ^= 1
        part.write_bytes(whole)
        whole[position] ^= 1
        copy = client.cache.path.with_name(f"copy-{position}")
        shutil.copytree(folder, copy)
        reader = copies.mews.client(cache_dir=copy)
        assert load(reader, "Reservation").equals(frames["Reservation"]), position


def test_how_other_exports_merge_is_not_believed(copies):
    client, frames, folder = copies()
    (path,) = folder.glob("v1/exports/*/merge-*.json")
    ids = frames["OrderItem"]["Id"].to_list()
    data = read_sealed(path) | {"older": [{"ids": ids, "rows": []}] * 2}
    path.write_text(seal(data | {"exports": data["exports"][::-1]}))
    assert {damage.path for damage in client.cache.verify()} == {path}
    assert load(client, "OrderItem").equals(frames["OrderItem"])
    path.write_text(seal({"exports": data["exports"], "older": 7}))
    assert load(client, "OrderItem").equals(frames["OrderItem"])
    assert client.cache.verify() == ()
