"""A lock that somebody holds keeps nobody waiting for ever, nor silently."""

import threading
import time

import pytest

import mews_frames as mf
from mews_frames._cache.layout import MOMENT, Layout
from mews_frames.errors import ExportTimeoutError


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=10, clock=clock) as opened:
        yield opened


@pytest.fixture
def held(client):
    """Hold every lock of a load of OrderItem, as a process does that hangs while it adds."""
    layout = Layout(client.cache.path)
    name = f"{client._pipe._account[:16]}-OrderItem"
    with layout.lock(name):
        yield


@pytest.mark.usefixtures("held")
def test_a_timeout_bounds_the_wait_for_another_process(client):
    began = time.monotonic()
    with pytest.raises(ExportTimeoutError, match="another process") as caught:
        client.load_entities("OrderItem", timeout=0.2, progress=False)
    assert time.monotonic() - began < 5
    assert "hint:" in str(caught.value)


def test_whoever_waits_for_another_process_hears_of_it(tmp_path):
    layout, heard = Layout(tmp_path), threading.Event()
    with layout.lock("x"):
        waiter = threading.Thread(target=wait_for, args=(layout, heard))
        waiter.start()
        assert heard.wait(10 * MOMENT)
    waiter.join(10)
    assert not waiter.is_alive()


def wait_for(layout, heard):
    with layout.lock("x", waiting=heard.set):
        pass


def test_a_lock_that_is_free_is_not_talked_about(tmp_path):
    said = []
    with Layout(tmp_path).lock("x", waiting=lambda: said.append(1)):
        assert said == []
