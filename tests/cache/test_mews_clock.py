"""What time it is at Mews is remembered, and doubted where the clock of this machine went back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._cache.files import machine, write_sealed
from mews_frames._cache.layout import Layout
from mews_frames._cache.mews_clock import SLACK, MewsClock, Told
from mews_frames.testing import FakeClock

START = FakeClock().now()
WEEK = 7 * 86_400.0
SECONDS = st.floats(0, WEEK)
TOLD = Told("here", START, 1000.0, ahead=0.0)


def after(seconds):
    return START + timedelta(seconds=seconds)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "cache")
    layout.make(layout.base)
    return layout


@given(up=SECONDS, asleep=SECONDS)
def test_a_machine_that_slept_is_not_doubted(up, asleep):
    assert not TOLD.is_doubtful(after(up + asleep), TOLD.uptime + up)


@given(passed=SECONDS, up=SECONDS)
def test_a_machine_that_was_started_anew_is_not_doubted(passed, up):
    assert not TOLD.is_doubtful(after(passed), min(up, passed))


@given(up=SECONDS, back=st.floats(SLACK + 1, 100 * WEEK))
def test_a_clock_that_was_set_back_is_seen_while_the_machine_is_up(up, back):
    assert TOLD.is_doubtful(after(up - back), TOLD.uptime + up)


@given(passed=SECONDS, back=st.floats(SLACK + 1, 100 * WEEK), up=SECONDS)
def test_after_a_restart_a_clock_is_doubted_until_it_has_caught_up(passed, back, up):
    seen = TOLD.is_doubtful(after(passed - back), min(up, TOLD.uptime))
    assert seen == (passed - back < -SLACK)


@given(up=SECONDS, drift=st.floats(-SLACK + 1, SLACK - 1))
def test_two_clocks_of_one_machine_may_drift_apart(up, drift):
    assert not TOLD.is_doubtful(after(up + drift), TOLD.uptime + up)


def test_the_next_process_knows_what_this_one_was_told(layout, clock):
    here = MewsClock(layout, clock)
    assert not here.is_known
    here.learn(clock.now() + timedelta(hours=2))
    assert here.is_known
    assert here.is_fresh
    assert not MewsClock(layout, clock).is_known
    here.keep()
    there = MewsClock(layout, clock)
    assert there.is_known
    assert not there.is_fresh
    assert there.ahead == timedelta(hours=2)
    assert there.now() == clock.now() + timedelta(hours=2)


def test_of_another_machine_only_the_time_at_mews_counts(layout, clock):
    told = Told("elsewhere", clock.now() - timedelta(days=3), 1e9, ahead=3 * 86_400.0)
    write_sealed(layout.clock, told.to_data())
    here = MewsClock(layout, clock)
    assert not here.is_known
    assert not here.is_doubtful
    assert here.ahead == timedelta(0)
    clock.move(-3600)
    assert here.is_doubtful


@pytest.mark.parametrize("change", [{"layout": 2}, {"ahead": "soon"}, {"instant": None}])
def test_what_makes_no_sense_is_not_known(layout, clock, change):
    told = Told(machine(), clock.now(), 0.0, ahead=3600.0)
    write_sealed(layout.clock, told.to_data() | change)
    here = MewsClock(layout, clock)
    assert here.now() == clock.now()
    assert not here.is_known
    assert not here.is_doubtful


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path, clock):
    here = MewsClock(Layout(tmp_path / "none"), clock)
    here.learn(clock.now())
    here.keep()
    assert not (tmp_path / "none").exists()


def test_nothing_that_was_not_told_is_written(layout, clock):
    MewsClock(layout, clock).keep()
    assert not layout.clock.exists()


@pytest.mark.parametrize("jump", [-3600, 8 * 86_400])
def test_what_was_told_a_moment_ago_is_not_fresh_after_a_jump(layout, clock, jump):
    here = MewsClock(layout, clock)
    here.learn(clock.now())
    clock.sleep(10)
    assert here.is_fresh
    clock.move(jump)
    assert not here.is_fresh


def test_the_disk_is_looked_at_once(layout, clock):
    told = Told(machine(), clock.now(), 0.0, ahead=3600.0)
    write_sealed(layout.clock, told.to_data())
    here = MewsClock(layout, clock)
    assert here.ahead == timedelta(hours=1)
    layout.clock.unlink()
    assert here.ahead == timedelta(hours=1)
