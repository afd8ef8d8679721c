"""Waiting: at once, then ever more rarely, for no longer than the caller will."""

import pytest

from mews_frames._exports.wait import Patience, finished, jittered, poll_delay
from mews_frames._models import Export, Seen
from mews_frames.errors import ExportTimeoutError, ServerError

A, B = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"


def seen(export_id, status="Pending"):
    return Seen(Export(export_id, status, "Bill"))


class Looks:
    """Knows when each export ends, and how; counts the looks."""

    def __init__(self, clock, ends):
        self.clock, self.ends, self.asked = clock, ends, []

    def __call__(self, ids, timeout):
        self.asked.append((list(ids), timeout))
        now = self.clock.monotonic()
        return {
            i: seen(i, end if now >= at else "Processing")
            for i, (at, end) in self.ends.items()
            if i in ids and not (end is None and now >= at)
        }


def wait(clock, ends, *, timeout=None, ages=None, told=None):
    looks = Looks(clock, ends)
    tell = (lambda *event: told.append(event)) if told is not None else lambda *_: None
    patience = Patience(timeout, clock)
    return looks, finished(ages or dict.fromkeys(ends, 0.0), looks, patience, tell)


@pytest.mark.parametrize(
    ("waited", "delay"), [(0, 1), (9.9, 1), (10, 1), (60, 6), (3000, 300), (7200, 300), (1e9, 300)]
)
def test_the_delay_is_a_tenth_of_the_time_waited_within_bounds(waited, delay):
    assert poll_delay(waited) == delay


def test_jitter_takes_at_most_a_tenth_off():
    delays = [jittered(100.0) for _ in range(200)]
    assert all(90 <= delay <= 100 for delay in delays)
    assert len(set(delays)) > 1


def test_the_first_look_comes_at_once(clock):
    _, ended = wait(clock, {A: (0, "Success")})
    assert next(ended)[0] == A
    assert clock.slept == []


def test_waiting_costs_at_most_a_tenth_more_than_the_export_took(clock):
    looks, ended = wait(clock, {A: (1800, "Success")})
    assert next(ended)[1].export.status == "Success"
    assert 1800 <= clock.monotonic() <= 1800 * 1.1
    assert len(looks.asked) < 90


def test_an_export_that_is_waited_for_long_is_looked_at_every_five_minutes(clock):
    _, ended = wait(clock, {A: (86_400, "Success")})
    next(ended)
    assert max(clock.slept) <= 300
    assert clock.slept[-1] >= 270


def test_an_older_export_is_looked_at_more_rarely(clock):
    _, ended = wait(clock, {A: (100, "Success")}, ages={A: 600.0})
    next(ended)
    assert 54 <= clock.slept[0] <= 60


def test_all_are_asked_for_in_one_look_until_they_end(clock):
    looks, ended = wait(clock, {A: (0, "Success"), B: (5, "Failed")})
    assert [(i, last.export.status) for i, last in ended] == [(A, "Success"), (B, "Failed")]
    assert looks.asked[0][0] == [A, B]
    assert all(ids == [B] for ids, _ in looks.asked[1:])


def test_an_id_that_mews_forgot_ends_as_none(clock):
    _, ended = wait(clock, {A: (5, None)})
    assert list(ended) == [(A, None)]


def test_an_error_of_a_look_is_the_error(clock):
    def look(ids, timeout):
        raise ServerError("down")

    with pytest.raises(ServerError):
        next(finished({A: 0.0}, look, Patience(None, clock), lambda *_: None))


def test_what_goes_on_is_told(clock):
    told = []
    _, ended = wait(clock, {A: (2, "Success")}, told=told, ages={A: 100.0})
    list(ended)
    (state, waited, delay), *_ = told
    assert (state.export.id, state.export.status) == (A, "Processing")
    assert (waited, delay) == (100.0, 10.0)


def test_a_timeout_says_what_goes_on_and_how_to_pick_it_up(clock):
    _, ended = wait(clock, {A: (7200, "Success")}, timeout=3600)
    with pytest.raises(ExportTimeoutError) as caught:
        next(ended)
    assert clock.monotonic() == pytest.approx(3600)
    error = caught.value
    assert error.message == f"export {A} of Bill is still Processing after 3600 s"
    assert f'mf.load_export("{A}")' in error.hint
    assert error.export_id == A
    assert isinstance(error, TimeoutError)


def test_a_timeout_of_nothing_still_looks_once(clock):
    looks, ended = wait(clock, {A: (0, "Success")}, timeout=0)
    assert next(ended)[0] == A
    looks, ended = wait(clock, {A: (1, "Success")}, timeout=0)
    with pytest.raises(ExportTimeoutError):
        next(ended)
    assert [timeout for _, timeout in looks.asked] == [0.0]


def test_the_last_look_comes_when_time_is_up(clock):
    _, ended = wait(clock, {A: (99, "Success")}, timeout=100)
    assert next(ended)[1].export.status == "Success"


def test_looks_know_how_much_time_is_left(clock):
    looks, ended = wait(clock, {A: (3, "Success")}, timeout=10)
    next(ended)
    lefts = [timeout for _, timeout in looks.asked]
    assert lefts[0] == 10
    assert lefts == sorted(lefts, reverse=True)


def test_no_limit_leaves_no_limit(clock):
    patience = Patience(None, clock)
    clock.sleep(1e6)
    assert patience.left is None
    assert not patience.is_over


def test_nothing_is_left_when_time_is_up_and_never_less(clock):
    patience = Patience(10, clock)
    clock.sleep(11)
    assert patience.left == 0
    assert patience.is_over


def test_a_sleep_ends_with_patience(clock):
    Patience(5, clock).sleep(60)
    assert clock.slept == [5]


def test_a_sleep_is_exact(clock):
    Patience(None, clock).sleep(60)
    assert clock.slept == [60]


def test_what_does_not_count_as_waiting_does_not(clock):
    patience = Patience(10, clock)
    clock.sleep(3)
    with patience.stopped():
        clock.sleep(100)
    assert patience.waited == 3
    assert patience.left == 7


def test_a_clock_that_is_set_back_keeps_nobody_waiting(clock):
    patience = Patience(10, clock)
    clock.move(-86_400)
    clock.sleep(10)
    assert patience.is_over


def test_an_export_that_mews_does_not_show_yet_is_looked_at_again(clock):
    looks = Looks(clock, {A: (60, "Success")})

    def look(ids, timeout):
        return looks(ids, timeout) if clock.monotonic() > 5 else {}

    (outcome,) = finished({A: 0.0}, look, Patience(None, clock), lambda *_: None)
    assert outcome == (A, seen(A, "Success"))


def test_one_that_is_never_shown_is_given_up_after_a_minute(clock):
    (outcome,) = finished({A: 0.0}, lambda *_: {}, Patience(None, clock), lambda *_: None)
    assert outcome == (A, None)
    assert 60 <= clock.monotonic() < 70


def test_a_timeout_names_one_that_is_not_shown(clock):
    with pytest.raises(ExportTimeoutError, match=f"export {A} is still not shown by Mews"):
        list(finished({A: 0.0}, lambda *_: {}, Patience(5, clock), lambda *_: None))


def test_what_is_told_counts_the_time_of_downloads_too(clock):
    told, patience = [], Patience(None, clock)
    looks = Looks(clock, {A: (0, "Success"), B: (200, "Success")})
    outcomes = finished({A: 0.0, B: 0.0}, looks, patience, lambda *event: told.append(event))
    next(outcomes)
    with patience.stopped():
        clock.sleep(100)  # a download
    next(outcomes)
    assert told[0][1] == 100


def test_one_that_cannot_be_read_does_not_hold_up_the_others(clock):
    strange = ServerError("Paused", export_id=A)

    def look(ids, timeout):
        if A in ids:
            raise strange
        return {B: seen(B, "Success")}

    ended = dict(finished({A: 0.0, B: 0.0}, look, Patience(None, clock), lambda *_: None))
    assert ended == {A: strange, B: seen(B, "Success")}
    with pytest.raises(ServerError):
        list(finished({A: 0.0}, look, Patience(None, clock), lambda *_: None))
