"""Ctrl-C in a script: the process ends at once, even if a storage has fallen silent."""

import os
import signal
import subprocess
import sys
import time

import pytest

import mews_frames as mf
from mews_frames.testing import Stall

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGINT to a process is POSIX")

SCRIPT = """
import mews_frames as mf

def tell(event):
    print(event.stage, event.size_done, flush=True)

mf.load_entities("OrderItem", progress=tell)
"""

AT_ONCE = 5.0
"""Seconds; a socket that nobody wakes is given up after 60."""


def settings(mews, folder):
    return os.environ | {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
        "MEWS_FRAMES_CACHE_DIR": str(folder),
    }


def test_an_interrupted_download_ends_at_once_and_goes_on_later(tmp_path):
    silent = Stall(after=200_000, times=2)  # as many parts as are fetched at a time
    with mf.sandbox(rows=3000, duration=0, faults=[silent]) as mews:
        words = [sys.executable, "-c", SCRIPT]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(words, env=settings(mews, tmp_path), **pipes) as process:
            for line in process.stdout:  # until bytes have come, and no more will
                stage, size = line.split()
                if stage == "downloading" and int(size) >= 200_000:
                    break
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=50)[1]
        assert time.monotonic() - began < AT_ONCE
        assert process.returncode != 0
        export_id = mews.requests[1].body["ExportIds"][0]
        assert f'mf.load_export("{export_id}")' in said
        before = len(mews.requests)
        with mews.client(cache_dir=tmp_path) as client:
            assert client.load_entities("OrderItem", progress=False).collect().height == 3000
        assert "add" not in [r.operation for r in mews.requests[before:]]
        assert any("range" in r.headers for r in mews.requests[before:])
