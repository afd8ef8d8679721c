"""``mews-frames sandbox`` serves a pretend Mews to other programs."""

import os
import signal
import subprocess
import sys

import pytest

import mews_frames as mf


@pytest.mark.skipif(os.name != "posix", reason="SIGINT as POSIX has it")
def test_what_it_tells_leads_other_programs_to_it(tmp_path):
    words = [sys.executable, "-m", "mews_frames", "sandbox", "--rows", "50", "--seed", "7"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        told = {}
        while len(told) < 3:
            name, is_set, value = process.stderr.readline().strip().partition("=")
            if is_set and name.startswith("export MEWS_"):
                told[name.removeprefix("export MEWS_").lower()] = value
        with mf.Client(**told, cache_dir=tmp_path) as client:
            assert client.start_export("OrderItem").status == "Pending"
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 0


def test_a_port_that_is_taken_is_one_clear_error(mews, run):
    ran = run("sandbox", "--port", mews.address.rpartition(":")[2])
    assert ran.code == 2
    assert ran.err.startswith("error: ")
