"""A clock that is wrong: nothing expired is served, and nothing waits for ever."""

from datetime import timedelta

import pytest

import mews_frames as mf
from mews_frames.testing import FakeClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = timedelta(days=7)
"""For so long Mews keeps the files of an export (operations/exports.md)."""


class Wrong(FakeClock):
    """Passes time together with another clock, and shows another one; it may jump."""

    def __init__(self, right, off):
        super().__init__()
        self.right, self.off = right, off

    def now(self):
        return self.right.now() + self.off

    def monotonic(self):
        return self.right.monotonic()

    def sleep(self, seconds):
        self.right.sleep(seconds)


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=30, duration=3600, clock=clock) as opened:
        yield opened


def sent(mews, operation):
    return sum(r.operation == operation for r in mews.requests)


def load(client, **options):
    return client.load_entities("OrderItem", progress=False, **options).collect().height


@pytest.mark.parametrize("off", [-30 * DAY, -DAY, -HOUR, HOUR, 3 * DAY, 30 * DAY])
def test_an_export_is_waited_for_as_long_as_it_takes(mews, clock, off):
    began = clock.monotonic()
    assert load(mews.client(clock=Wrong(clock, off))) == 30
    assert 3600 <= clock.monotonic() - began < 4000


@pytest.mark.parametrize("off", [-DAY, 3 * DAY])
def test_a_clock_that_jumps_during_the_wait_changes_nothing(mews, clock, off):
    wrong = Wrong(clock, timedelta(0))

    def jump(event):
        if event.stage == "waiting":
            wrong.off = off

    client, began = mews.client(clock=wrong), clock.monotonic()
    assert client.load_entities("OrderItem", progress=jump).collect().height == 30
    assert wrong.off == off
    assert 3600 <= clock.monotonic() - began < 4000
    assert sent(mews, "add") == 1


@pytest.mark.parametrize("off", [-DAY, 3 * DAY])
def test_a_timeout_ends_though_the_clock_jumps(mews, clock, off):
    wrong = Wrong(clock, timedelta(0))

    def jump(event):
        if event.stage == "waiting":
            wrong.off += off

    began = clock.monotonic()
    with pytest.raises(mf.errors.ExportTimeoutError):
        mews.client(clock=wrong).load_entities("OrderItem", timeout=60, progress=jump)
    assert 60 <= clock.monotonic() - began < 70


@pytest.mark.parametrize("off", [-DAY, -HOUR, HOUR, 3 * DAY])
def test_what_has_expired_at_mews_is_not_served_by_a_wrong_clock(mews, clock, off):
    client = mews.client(clock=Wrong(clock, off))
    load(client)
    (expires,) = client.exports()["expires"]
    clock.sleep((expires - clock.now()).total_seconds() - 1)
    assert load(client) == 30
    assert sent(mews, "add") == 1
    clock.sleep(2)
    assert load(client) == 30
    assert sent(mews, "add") == 2


def test_a_clock_that_jumps_ahead_serves_nothing_that_it_takes_for_expired(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    wrong.off = WEEK + HOUR
    before = len(mews.requests)
    assert load(client) == 30
    assert len(mews.requests) > before


def test_a_clock_that_is_set_back_serves_what_is_there_and_adds_nothing(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    wrong.off = -DAY
    assert load(client) == 30
    assert sent(mews, "add") == 1
