"""A clock that is wrong: nothing expired is served, and nothing waits for ever."""

from datetime import timedelta

import httpx
import pytest

import mews_frames as mf
from mews_frames.testing import Fail, FakeClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = timedelta(days=7)
"""For so long Mews keeps the files of an export (operations/exports.md)."""


class Wrong(FakeClock):
    """Passes time together with another clock, and shows another one; it may jump."""

    def __init__(self, right, off, since=0.0):
        super().__init__()
        self.right, self.off, self.since = right, off, since

    def now(self):
        return self.right.now() + self.off

    def monotonic(self):
        return self.right.monotonic() - self.since

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


@pytest.mark.parametrize("off", [-400 * DAY, -DAY, -HOUR, HOUR, 3 * DAY, 400 * DAY])
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


@pytest.mark.parametrize("off", [-400 * DAY, -DAY, -HOUR, HOUR, 3 * DAY, 400 * DAY])
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


def expire(client, clock, *, but=0.0):
    """Let time pass until a second after the export has expired, or that many before."""
    (expires,) = client.exports()["expires"]
    clock.sleep((expires - clock.now()).total_seconds() + 1 - but)


def another(mews, client, clock):
    """Open the same cache as another process of the same machine does."""
    return mews.client(clock=clock, cache_dir=client.cache.path)


def test_a_clock_that_jumps_ahead_costs_no_export(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    wrong.off = WEEK + HOUR
    before = len(mews.requests)
    assert load(another(mews, client, wrong)) == 30
    assert sent(mews, "add") == 1
    assert len(mews.requests) == before + 1  # for the time


@pytest.mark.parametrize("off", [8 * DAY, 400 * DAY, -400 * DAY])
def test_a_machine_whose_clock_is_far_off_remembers_what_it_loaded(mews, clock, off):
    client = mews.client(clock=Wrong(clock, off))
    load(client)
    before = len(mews.requests)
    assert load(another(mews, client, Wrong(clock, off))) == 30
    assert len(mews.requests) == before


@pytest.mark.parametrize("off", [-HOUR, -DAY, -400 * DAY])
@pytest.mark.parametrize("who", ["same process", "another one", "after a restart"])
def test_a_clock_that_is_set_back_makes_nothing_live_longer(mews, clock, off, who):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    wrong.off = off
    if who == "another one":
        client = another(mews, client, Wrong(clock, off))
    elif who == "after a restart":
        wrong = Wrong(clock, off, since=clock.monotonic())
        client = another(mews, client, wrong)
        load(client)  # within the time by which it was set back
    expire(client, clock)
    assert load(client) == 30
    assert sent(mews, "add") == 2


def test_a_clock_that_is_set_back_costs_one_question_and_no_export(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    wrong.off, before, notes = -DAY, len(mews.requests), []
    frame = client.load_entities("OrderItem", progress=lambda e: notes.append(e.message))
    assert frame.collect().height == 30
    assert len(mews.requests) == before + 1
    assert any("was set back" in note for note in notes)
    assert load(client) == load(another(mews, client, wrong)) == 30
    assert len(mews.requests) == before + 1
    assert sent(mews, "add") == 1


def test_a_clock_that_is_set_right_again_serves_what_is_there(mews, clock):
    wrong = Wrong(clock, 3 * DAY)
    client = mews.client(clock=wrong)
    load(client)
    wrong.off = timedelta(0)
    assert load(another(mews, client, wrong)) == 30
    assert sent(mews, "add") == 1
    expire(client, clock)
    assert load(client) == 30
    assert sent(mews, "add") == 2


def test_an_export_by_its_id_goes_by_the_time_at_mews_too(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    (export_id,) = client.exports()["id"]
    wrong.off = -DAY
    assert client.load_export(export_id, progress=False).collect().height == 30
    expire(client, clock)
    with pytest.raises(mf.errors.MewsError):
        client.load_export(export_id, progress=False)


def test_parts_are_not_given_away_by_a_clock_that_was_set_back(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    (export_id,) = client.exports()["id"]
    assert client.cache.parts(export_id)
    wrong.off = -DAY
    with pytest.raises(mf.errors.CacheError, match="was set back"):
        client.cache.parts(export_id)
    client.load_export(export_id, progress=False)
    assert client.cache.parts(export_id)


@pytest.mark.parametrize("theirs", [-3 * DAY, timedelta(0), 3 * DAY])
@pytest.mark.parametrize("ours", [-DAY, -HOUR, HOUR])
def test_what_others_brought_goes_by_the_time_at_mews(mews, clock, tmp_path, theirs, ours):
    shared = tmp_path / "shared"
    shared.mkdir()
    client = mews.client(clock=Wrong(clock, theirs), shared_cache=shared)
    load(client)
    expire(client, clock, but=2)
    load(mews.client(clock=Wrong(clock, ours), shared_cache=shared, cache_dir=tmp_path / "a"))
    assert sent(mews, "add") == 1
    clock.sleep(2)
    load(mews.client(clock=Wrong(clock, ours), shared_cache=shared, cache_dir=tmp_path / "b"))
    assert sent(mews, "add") == 2


@pytest.mark.parametrize(("off", "days"), [(10 * DAY, 175), (3 * DAY, 179), (400 * DAY, 30)])
def test_a_window_until_now_ends_by_the_time_at_mews(mews, clock, off, days):
    client = mews.client(clock=Wrong(clock, off))  # which Mews has never told the time
    window = (clock.now() - days * DAY, None)
    assert load(client, updated=window) <= 30


def test_a_jump_within_a_minute_of_an_answer_costs_no_export_either(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    client.load_entities("Payment", progress=False)  # Mews tells the time
    wrong.off = 8 * DAY
    clock.sleep(10)
    load(client)
    assert sent(mews, "add") == 2


def test_without_a_network_a_clock_that_was_set_back_is_the_reason_given(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    wrong.off = -HOUR

    def no_network(_request):
        raise httpx.ConnectError("no route")

    offline = mews.client(
        clock=wrong, cache_dir=client.cache.path, transport=httpx.MockTransport(no_network)
    )
    began = clock.monotonic()
    with pytest.raises(mf.errors.ConnectionFailedError) as caught:
        load(offline)
    assert clock.monotonic() - began <= 10
    assert "was set back" in caught.value.__notes__[0]


def test_what_any_answer_has_told_is_enough_for_the_parts(mews, clock):
    wrong = Wrong(clock, timedelta(0))
    client = mews.client(clock=wrong)
    load(client)
    (export_id,) = client.exports()["id"]
    wrong.off = -DAY
    client.load_entities("Payment", progress=False)
    assert client.cache.parts(export_id)


def test_an_export_that_failed_is_forgotten_in_the_end(clock):
    with mf.sandbox(rows=30, clock=clock, faults=[Fail()]) as mews:
        client = mews.client()
        with pytest.raises(mf.errors.ExportFailedError):
            load(client)
        assert client.exports()["status"].to_list() == ["Failed"]
        clock.sleep((8 * DAY).total_seconds() + 1)
        client.cache.prune()
        assert client.exports().is_empty()
