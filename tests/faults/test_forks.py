"""After a fork, a child opens connections of its own: no process gets the answer to another."""

import os
import signal
import sys

import pytest

import mews_frames as mf
from mews_frames._connector.http import Http
from mews_frames._redact import Secret

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


@pytest.fixture
def mews():
    with mf.sandbox(rows=30, duration=0) as opened:
        yield opened


def in_a_child(do):
    """Fork, do something there, and give what it printed; the parent waits."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)  # s: one that hangs ends
        try:
            os.write(writing, str(do()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
def test_a_child_uses_no_connection_of_its_parent(mews):
    with Http() as http:
        http.post(f"{mews.address}/api/connector/v1/exports/getAll", Secret("{}"))
        parents = http._client
        assert in_a_child(lambda: http._open() is parents) == "False"
        assert http._client is parents


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
def test_a_lock_that_a_thread_of_the_parent_held_stops_no_child(mews):
    with Http() as http:
        http.post(f"{mews.address}/api/connector/v1/exports/getAll", Secret("{}"))
        with http._lock:
            said = in_a_child(lambda: http._open() and "went on")
    assert said == "went on"
