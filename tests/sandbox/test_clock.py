"""The fake clock of `mews_frames.testing` moves only when somebody moves it."""

import threading
from datetime import UTC, datetime, timedelta

from mews_frames import testing
from mews_frames.testing import FakeClock

START = datetime(2026, 1, 31, tzinfo=UTC)


def test_time_stands_still_until_somebody_sleeps():
    clock = FakeClock(START)
    assert (clock.now(), clock.monotonic()) == (START, 0.0)
    clock.sleep(90)
    clock.sleep(0.5)
    assert clock.now() == START + timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5
    assert clock.slept == [90, 0.5]


def test_moving_the_wall_clock_leaves_the_other_one_alone():
    clock = FakeClock(START)
    clock.move(-86_400)
    assert clock.now() == START - timedelta(days=1)
    assert (clock.monotonic(), clock.slept) == (0.0, [])


def test_threads_may_share_it():
    clock = FakeClock(START)

    def sleep_often():
        for _ in range(500):
            clock.sleep(1)

    threads = [threading.Thread(target=sleep_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() == len(clock.slept) == 2000


def test_every_fault_is_public_and_says_how_often_it_happens():
    for fault in testing.Fault.__args__:
        assert fault.__name__ in testing.__all__
        assert fault.__module__ == "mews_frames.testing"
        assert "times" in fault.__dataclass_fields__
