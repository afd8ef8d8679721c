"""The stop button of a notebook: the cell ends at once, says how to go on, and does go on."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from support.notebook import open_notebook

import mews_frames as mf
from mews_frames.testing import FakeClock, Stall

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="kernels are interrupted by SIGINT"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of jupyter_client's own
]

AT_ONCE = 3.0
"""Seconds from the stop button to the answer of the kernel, on a machine that runs other tests.
Alone it answers within one (docs/explanation/reliability.md); a silent socket takes 60."""

LOAD = """
import mews_frames as mf

def tell(event):
    print(event.stage, event.size_done, flush=True)

frame = mf.load_entities("OrderItem", progress=tell).collect()
print("rows", frame.height)
"""


@pytest.fixture(autouse=True)
def _ipython(tmp_path, monkeypatch):
    (tmp_path / "ipython").mkdir()
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


def settings(mews, folder):
    return os.environ | {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
        "MEWS_FRAMES_CACHE_DIR": str(folder / "cache"),
    }


def sent(mews, operation):
    return [r for r in mews.requests if r.operation == operation]


def stop_when(notebook, sign):
    """Press the stop button as soon as a cell has printed a sign; remember when."""
    pressed = []

    def hear(printed):
        if sign(printed) and not pressed:
            pressed.append(time.monotonic())
            notebook.interrupt()

    return hear, pressed


def stopped(notebook, sign):
    hear, pressed = stop_when(notebook, sign)
    cell = notebook.run(LOAD, hear)
    took = time.monotonic() - pressed[0]
    assert cell.status == "error", cell
    assert "KeyboardInterrupt" in cell.traceback
    assert took < AT_ONCE
    return cell


def check_message(cell, mews):
    (export_id,) = sent(mews, "getAll")[-1].body["ExportIds"]
    assert f'mf.load_export("{export_id}")' in cell.traceback
    assert "is not lost" in cell.traceback


def has_arrived(printed):
    words = [line.split() for line in printed.splitlines()]
    return any(w[0] == "downloading" and int(w[1]) >= 200_000 for w in words if len(w) == 2)


def test_a_wait_that_is_stopped_ends_at_once_and_goes_on(tmp_path):
    clock = FakeClock(datetime.now(UTC))  # of Mews: the export runs until the test says so
    with (
        mf.sandbox(rows=30, duration=1000, clock=clock) as mews,
        open_notebook(settings(mews, tmp_path)) as notebook,
    ):
        cell = stopped(notebook, lambda printed: "waiting" in printed)
        check_message(cell, mews)
        clock.sleep(1000)
        again = notebook.run(LOAD)
        assert "rows 30\n" in again.printed
        assert len(sent(mews, "add")) == 1


def test_a_silent_download_that_is_stopped_ends_at_once_and_goes_on(tmp_path):
    silent = Stall(after=200_000, times=2)  # as many parts as are fetched at a time
    with (
        mf.sandbox(rows=1000, duration=0, faults=[silent]) as mews,
        open_notebook(settings(mews, tmp_path)) as notebook,
    ):
        cell = stopped(notebook, has_arrived)
        check_message(cell, mews)
        before = len(mews.requests)
        again = notebook.run(LOAD)
        assert "rows 1000\n" in again.printed
        assert len(sent(mews, "add")) == 1
        assert any("range" in r.headers for r in mews.requests[before:])


def test_a_notebook_and_a_script_share_one_export_and_one_download(tmp_path):
    with (
        mf.sandbox(rows=300, duration=0.5) as mews,
        open_notebook(settings(mews, tmp_path)) as notebook,
    ):
        words, pipes = [sys.executable, "-c", LOAD], {"stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(words, env=settings(mews, tmp_path), **pipes) as script:
            cell = notebook.run(LOAD)
            printed = script.communicate(timeout=60)[0]
        assert "rows 300\n" in cell.printed
        assert "rows 300\n" in printed
        assert len(sent(mews, "add")) == 1
        paths = [r.path for r in sent(mews, "download")]
        assert len(paths) == len(set(paths)) == 4
