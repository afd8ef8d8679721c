"""Parts are copied side by side, and nothing holds up whoever waits for them."""

import concurrent.futures
import threading

import pytest

from mews_frames import _shared
from mews_frames.errors import CacheError

LONG = 20
"""Seconds that only a test which fails waits."""


@pytest.fixture
def hanging():
    """A copy that hangs until the test is over."""
    over = threading.Event()
    yield lambda: over.wait(LONG)
    over.set()


def test_what_was_done_comes_in_the_order_of_the_parts():
    assert _shared._side_by_side(str, range(20)) == [str(number) for number in range(20)]


def test_the_wait_ends_now_and_then_since_windows_tells_of_ctrl_c_only_then(hanging, monkeypatch):
    def wait(*asked):
        if concurrent.futures.wait(*asked).not_done:
            raise KeyboardInterrupt
        pytest.fail("it waited until all was done")

    monkeypatch.setattr(_shared, "wait", wait)
    monkeypatch.setattr(_shared, "EVERY", 0)
    with pytest.raises(KeyboardInterrupt):
        _shared._side_by_side(lambda _: hanging(), [1])


def test_a_copy_that_fails_is_told_while_another_hangs(hanging):
    def do(part):
        if part == 2:
            raise CacheError("full")
        assert not hanging(), "it was waited for"

    with pytest.raises(CacheError, match="full"):
        _shared._side_by_side(do, [1, 2])
    assert [each for each in threading.enumerate() if each.name.startswith("mews-shared")]
