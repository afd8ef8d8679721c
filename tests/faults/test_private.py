"""Whatever the umask, and when a process is killed: files are private and hold what was asked."""

import os
import stat
import subprocess
import sys

import pytest

import mews_frames as mf
from mews_frames.testing import Drip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="mode bits and signals are POSIX")

SCRIPT = """
import os, sys
os.umask(int(sys.argv[1], 8))
import mews_frames as mf
columns = sys.argv[2].split(",") if sys.argv[2:] else None

def tell(event):
    print(event.stage, event.size_done, flush=True)

mf.load_entities("Customer", columns=columns, progress=tell)
"""


def start(mews, folder, *words):
    settings = {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
        "MEWS_FRAMES_CACHE_DIR": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *words],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed_midway(mews, folder, *words):
    """Run until bytes have come, and kill it; give what lay on disk while it ran, and after."""
    with start(mews, folder, *words) as process:
        for line in process.stdout:
            stage, size = line.split()
            if stage == "downloading" and int(size):
                break
        during = contents(folder)
        process.kill()
    return during, contents(folder)


def contents(folder):
    """Read every byte of every file, under any name."""
    found = {}
    for path in folder.rglob("*"):
        try:
            found[path] = (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        except FileNotFoundError:
            continue  # it was scratch
    return found


@pytest.fixture
def slow_mews():
    """Its downloads do not end while a test looks on."""
    with mf.sandbox(rows=4000, duration=0, faults=[Drip(rate=100_000, times=None)]) as mews:
        yield mews


@pytest.mark.parametrize("umask", ["000", "077"])
def test_every_file_is_private_at_every_moment(slow_mews, tmp_path, umask):
    folder = tmp_path / "deep" / "cache"
    for seen in killed_midway(slow_mews, folder, umask):
        kinds = {path.suffix for path in seen}
        assert {".partial", ".sums", ".json", ".lock", ".TAG"} <= kinds
        for path, (mode, _) in seen.items():
            allowed = 0o700 if stat.S_ISDIR(mode) else 0o600
            assert stat.S_IMODE(mode) == allowed, (path, oct(mode))
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def names_in(mews):
    """Give texts that only the columns left out hold."""
    with mews.client(cache_dir=mews.folder / "other") as client:
        frame = client.load_entities("Customer", progress=False, columns=["LastName", "Email"])
        rows = frame.collect()
    texts = {t for name in ("LastName", "Email") for t in rows[name].drop_nulls().to_list()}
    return [text.encode() for text in texts if len(text) > 5]


def test_what_was_not_asked_for_never_reaches_the_disk(tmp_path):
    with mf.sandbox(rows=4000, duration=0) as mews:
        names = names_in(mews)
    assert len(names) > 20
    slowly = [Drip(rate=200_000, times=None)]
    with mf.sandbox(rows=4000, duration=0, faults=slowly) as mews:
        for seen in killed_midway(mews, tmp_path / "all", "022"):
            assert any(name in data for _, data in seen.values() for name in names)
        for seen in killed_midway(mews, tmp_path / "some", "022", "Id,CreatedUtc"):
            assert seen
            for path, (_, data) in seen.items():
                assert not [name for name in names if name in data], path
        # And what an earlier run that wanted everything has left goes as well.
        for _, data in killed_midway(mews, tmp_path / "all", "022", "Id,CreatedUtc")[1].values():
            assert not [name for name in names if name in data]
