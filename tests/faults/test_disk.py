"""A disk that is full, a limit, a folder that cannot be written: a clear word, and nothing lost."""

import os
import shutil
import subprocess
import sys

import httpx
import pytest

import mews_frames as mf
from mews_frames.errors import CacheError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and mode bits are POSIX")

ROWS = 1500
SCRIPT = """
import os, resource, sys
import mews_frames as mf

def midway(event):
    if event.stage == "downloading" and "lose" in sys.argv:
        os.chmod(os.path.join(mf.cache.path, "v1", "exports", event.export_id), 0o500)

if "limit" in sys.argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    print(mf.load_entities("OrderItem", progress=midway).collect().height)
except mf.errors.CacheError as error:
    print(f"refused: {error}")
"""


@pytest.fixture
def mews():
    with mf.sandbox(rows=ROWS, duration=0) as opened:
        yield opened


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A disk of 8 MB."""
    folder = tmp_path_factory.mktemp("disk")
    words = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(folder)]
    try:
        made = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


@pytest.fixture
def emptied(disk):
    yield disk
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def fill(disk, free=0):
    """Leave so many bytes free."""
    with (disk / "ballast").open("ab", buffering=0) as file:
        try:
            while (left := shutil.disk_usage(disk).free - free) > 0:
                file.write(bytes(min(left, 1 << 16)))
        except OSError:
            pass


def adds(mews):
    return [request.operation for request in mews.requests].count("add")


def child(mews, folder, *words, before=()):
    """Load in a process of its own; give what it printed."""
    settings = {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
        "MEWS_FRAMES_CACHE_DIR": str(folder),
    }
    ran = subprocess.run(
        [*before, sys.executable, "-c", SCRIPT, *words],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def heeding_modes():
    """Say how to start a process that mode bits bind; root heeds them only without a right."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root cannot give up its right to ignore modes here: no setpriv")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def nothing_half_written(cache):
    assert not list(cache.glob("v1/exports/*/export.json"))


# -------------------------------------------------------------------------- a full disk


def test_a_full_disk_is_told_by_a_process_and_the_next_one_goes_on(mews, emptied):
    cache = emptied / "cache"
    fill(emptied, free=600_000)
    said = child(mews, cache)
    assert "refused: part" in said
    assert "the disk is full" in said
    assert "MB are needed for this export while it arrives" in said
    nothing_half_written(cache)
    (emptied / "ballast").unlink()
    assert child(mews, cache) == f"{ROWS}\n"
    assert adds(mews) == 1


@pytest.mark.parametrize("free", [0, 4096, 12_288, 20_480, 36_864, 65_536, 262_144])
def test_wherever_room_ends_nothing_is_lost(mews, emptied, free):
    fill(emptied, free)
    client = mews.client(cache_dir=emptied / "cache", transport=mews.transport)
    with pytest.raises(CacheError, match="the disk is full") as caught:
        client.load_entities("OrderItem", progress=False)
    assert "are needed" in caught.value.hint
    nothing_half_written(client.cache.path)
    (emptied / "ballast").unlink()
    assert client.load_entities("OrderItem", progress=False).collect().height == ROWS
    assert client.cache.verify() == ()
    assert not list(client.cache.path.rglob("*.tmp"))
    assert adds(mews) == 1


class FillAfter(httpx.BaseTransport):
    """Fills the disk as soon as Mews has answered an add, or a download has begun."""

    def __init__(self, inner, disk, operation):
        self._inner, self._disk, self._operation = inner, disk, operation

    def handle_request(self, request):
        answer = self._inner.handle_request(request)
        if request.url.path.endswith(self._operation):
            fill(self._disk)
        return answer


@pytest.mark.parametrize("operation", ["add", "getAll"])
def test_a_disk_that_fills_up_after_the_add_loses_no_id(mews, emptied, operation):
    cache = emptied / "cache"
    filling = FillAfter(mews.transport, emptied, operation)
    with pytest.raises(CacheError, match="the disk is full"):
        mews.client(cache_dir=cache, transport=filling).load_entities("OrderItem", progress=False)
    (emptied / "ballast").unlink()
    client = mews.client(cache_dir=cache)
    assert client.exports().height == 1
    assert client.load_entities("OrderItem", progress=False).collect().height == ROWS
    assert adds(mews) == 1


def test_a_manifest_and_a_merge_that_find_no_room_are_written_later(mews, emptied):
    client = mews.client(cache_dir=emptied / "cache")
    window = {"updated": ("2025-06-01T00:00:00Z", "2026-05-01T00:00:00Z")}

    def full_when_ready(event):
        if event.stage == "ready" and client.cache.entries()[1:]:
            fill(emptied)

    with pytest.raises(CacheError, match=r"merge-.* cannot be written: the disk is full"):
        client.load_entities("OrderItem", progress=full_when_ready, **window)
    (emptied / "ballast").unlink()
    before = mews.requests
    frame = client.load_entities("OrderItem", progress=False, **window).collect()
    assert mews.requests == before
    assert frame["Id"].is_unique().all()


# ----------------------------------------------------------------------- limits and modes


def test_a_limit_on_the_size_of_files_is_told(mews, tmp_path):
    said = child(mews, tmp_path / "cache", "limit")
    assert "this process may not write files that large" in said
    assert "MB are needed" in said
    nothing_half_written(tmp_path / "cache")
    assert child(mews, tmp_path / "cache") == f"{ROWS}\n"
    assert adds(mews) == 1


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(mews, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    said = child(mews, tmp_path / "cache", before=heeding_modes())
    assert "cannot be written: Permission denied" in said
    assert "MEWS_FRAMES_CACHE_DIR" in said
    assert mews.requests == ()
    (tmp_path / "cache").chmod(0o700)
    assert child(mews, tmp_path / "cache") == f"{ROWS}\n"


def test_a_permission_that_is_lost_midway_loses_nothing_else(mews, tmp_path):
    said = child(mews, tmp_path / "cache", "lose", before=heeding_modes())
    assert "Permission denied" in said
    nothing_half_written(tmp_path / "cache")
    for folder in (tmp_path / "cache" / "v1" / "exports").iterdir():
        folder.chmod(0o700)
    assert child(mews, tmp_path / "cache") == f"{ROWS}\n"
    assert adds(mews) == 1
