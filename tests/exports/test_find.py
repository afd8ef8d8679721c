"""Find, else add: no export is lost, and none is added twice."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from mews_frames._cache.journal import Journal
from mews_frames._cache.layout import Layout
from mews_frames._exports.find import MOST_LOST, STILL_FRESH, Find, usable
from mews_frames._exports.request import fingerprint, make_request
from mews_frames._exports.wait import Patience
from mews_frames._models import Export, Filters, Scope, Seen
from mews_frames._records import Entry, Record
from mews_frames._retry import PATIENCE
from mews_frames.errors import (
    AuthenticationError,
    CacheError,
    ConnectionFailedError,
    ExportAlreadyRunningError,
    InvalidArgumentError,
    RateLimitedError,
    RequestRejectedError,
    ServerError,
)

ACCOUNT = "a" * 64
ALL = make_request("Bill")
SOME = make_request("Bill", updated=("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"))
OPEN = make_request("Bill", updated=("2026-01-01T00:00:00Z", None))
ALREADY = "Mews refused exports/add of Bill (HTTP 400): An export is already in progress."
NOT_SENT = ConnectionFailedError("mews.example could not be reached (ConnectError)")
NOT_SENT.was_sent = False


class Mews:
    """Runs one export at a time for as long as it takes, and loses answers as told."""

    def __init__(self, clock, *, takes=60.0, troubles=()):
        self.clock, self.takes, self.troubles = clock, takes, list(troubles)
        self.ahead = timedelta(0)
        self.really_ahead = timedelta(0)
        self.exports, self.sent, self.looks, self.asked_time = {}, [], [], 0

    def now(self):
        return self.clock.now() + self.ahead

    def keep_time(self):
        """Forget it."""

    def learn_time(self, _timeout=None):
        self.asked_time += 1
        self.ahead = self.really_ahead

    def add(self, _entity_type, _scope, filters):
        self.sent.append((self.clock.monotonic(), filters))
        self.ahead = self.really_ahead
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None and not isinstance(trouble, ServerError):
            raise trouble
        if any(self.state(export_id).export.is_running for export_id in self.exports):
            raise ExportAlreadyRunningError(ALREADY, status=400)
        export_id = str(uuid.uuid4())
        self.exports[export_id] = (self.clock.monotonic(), "Success")
        if trouble is not None:
            raise trouble
        return self.state(export_id)

    def look(self, ids, timeout=None):
        self.looks.append((self.clock.monotonic(), list(ids), timeout))
        return {i: self.state(i) for i in ids if i in self.exports}

    def state(self, export_id):
        added, end = self.exports[export_id]
        running = self.clock.monotonic() < added + self.takes
        return Seen(Export(export_id, "Processing" if running else end, "Bill"))


@pytest.fixture
def journal(tmp_path):
    return Journal(Layout(tmp_path / "cache"))


@pytest.fixture
def told():
    return []


@pytest.fixture
def finder(journal, clock, told):
    def make(**options):
        mews = Mews(clock, **options)
        find = Find(journal, mews, ACCOUNT, told.append)

        def ask(request=ALL, *, timeout=None, **how):
            patience = Patience(timeout, clock)
            return find(fingerprint(ACCOUNT, request), request, patience, **how)

        return mews, ask

    return make


def record_of(journal, request=ALL):
    return journal.read(fingerprint(ACCOUNT, request))


# --------------------------------------------------------------------------- what answers

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def record(*entries):
    return Record("f", ACCOUNT, "Bill", Scope(), Filters(), None, entries)


def entry(status, *, age=0.0, expires_in=None, number=1):
    expires = None if expires_in is None else NOW + timedelta(seconds=expires_in)
    export = Export(f"00000000-0000-4000-8000-{number:012}", status, "Bill", expires=expires)
    return Entry(export, NOW - timedelta(seconds=age))


def answers(*entries, max_age=None, refresh=False):
    return usable(record(*entries), NOW, max_age=max_age, refresh=refresh)


@pytest.mark.parametrize("status", ["Pending", "Processing"])
def test_a_running_export_answers_a_refresh_too(status):
    running = entry(status)
    assert answers(running) == running
    assert answers(running, refresh=True) == running


def test_a_finished_export_answers_until_it_expires_or_a_refresh():
    finished = entry("Success", expires_in=1)
    assert answers(finished) == finished
    assert answers(finished, refresh=True) is None
    assert answers(entry("Success", expires_in=0)) is None
    assert answers(entry("Success")) is not None


@pytest.mark.parametrize("status", ["Failed", "Expired"])
def test_an_export_that_ended_badly_answers_nothing(status):
    assert answers(entry(status, expires_in=9)) is None


def test_the_newest_export_answers():
    old, new = entry("Success", age=9, number=1), entry("Success", age=1, number=2)
    assert answers(old, new) == new
    assert answers(old, entry("Failed", number=2)) == old


@pytest.mark.parametrize("status", ["Pending", "Success"])
def test_an_export_that_is_too_old_does_not_answer(status):
    assert answers(entry(status, age=60), max_age=60) is not None
    assert answers(entry(status, age=61), max_age=60) is None
    assert answers(entry(status, age=600_000), max_age=float("inf")) is not None


def test_a_running_export_that_is_older_than_mews_keeps_any_has_ended():
    assert answers(entry("Pending", age=8 * 86_400)) is not None
    assert answers(entry("Pending", age=8 * 86_400 + 1)) is None


# --------------------------------------------------------------------------- find or add


def test_what_nobody_asked_for_yet_is_added(finder, journal):
    mews, ask = finder()
    found, is_new = ask()
    assert is_new
    assert len(mews.sent) == 1
    assert record_of(journal).entries == (found,)
    assert record_of(journal).intended is None


def test_the_intent_is_on_disk_before_mews_is_asked(finder, journal, clock):
    mews, ask = finder()
    add, seen = mews.add, []

    def adding(*request):
        seen.append(record_of(journal))
        return add(*request)

    mews.add = adding
    ask()
    assert seen[0].intended == clock.now()
    assert seen[0].entries == ()


def test_the_same_request_is_not_added_twice(finder):
    mews, ask = finder()
    found, _ = ask()
    assert ask() == (found, False)
    assert len(mews.sent) == 1
    assert mews.looks == []


def test_another_account_does_not_find_it_and_is_not_blocked_by_it(finder, journal, clock, told):
    _, ask = finder()
    found, _ = ask()
    other = Find(journal, Mews(clock), "b" * 64, told.append)
    _, is_new = other(fingerprint("b" * 64, ALL), ALL, Patience(None, clock))
    assert is_new
    assert record_of(journal).entries == (found,)
    assert told == []


def test_the_time_of_the_add_is_by_the_clock_of_mews(finder, clock):
    mews, ask = finder()
    mews.really_ahead = timedelta(hours=1)
    found, _ = ask()
    assert found.added == clock.now() + timedelta(hours=1)


# --------------------------------------------------------------------------- the slot


def test_another_request_waits_for_the_end_of_the_running_one_and_is_added(finder, clock, told):
    mews, ask = finder(takes=600)
    running, _ = ask(ALL)
    found, is_new = ask(SOME)
    assert is_new
    assert found.export.id != running.export.id
    assert 600 <= clock.monotonic() <= 660
    assert len(mews.sent) == 2  # it was looked at until it ended, not added at random
    assert all(ids == [running.export.id] for _, ids, _ in mews.looks)
    assert running.export.id in told[0]


def test_what_was_seen_of_the_running_one_is_noted(finder, journal):
    _, ask = finder()
    ask(ALL)
    ask(SOME)
    assert record_of(journal, ALL).entries[0].export.status == "Success"


def test_one_that_mews_does_not_show_yet_is_not_forgotten(finder, journal):
    mews, ask = finder()
    running, _ = ask(ALL)
    hidden = mews.exports.pop(running.export.id)
    with pytest.raises(ExportAlreadyRunningError):
        ask(SOME, at_once=True)
    mews.exports[running.export.id] = hidden
    assert ask(ALL) == (running, False)


def test_a_running_one_that_mews_forgot_blocks_nobody(finder, journal, clock):
    mews, ask = finder()
    running, _ = ask(ALL)
    del mews.exports[running.export.id]
    clock.sleep(61)
    _, is_new = ask(SOME, at_once=True)
    assert is_new
    assert record_of(journal, ALL) is None


def test_a_running_one_that_ended_meanwhile_blocks_nobody(finder, clock):
    _, ask = finder(takes=60)
    ask(ALL)
    clock.sleep(60)
    before = clock.monotonic()
    assert ask(SOME, at_once=True)[1]
    assert clock.monotonic() == before


def test_at_once_does_not_wait_for_the_slot(finder, clock):
    _, ask = finder()
    running, _ = ask(ALL)
    with pytest.raises(ExportAlreadyRunningError, match=running.export.id) as caught:
        ask(SOME, at_once=True)
    assert clock.slept == []
    assert caught.value.export_id == running.export.id
    assert f'mf.load_export("{running.export.id}")' in caught.value.hint


def test_patience_for_the_slot_ends(finder, clock):
    _, ask = finder(takes=600)
    running, _ = ask(ALL)
    with pytest.raises(ExportAlreadyRunningError, match=running.export.id):
        ask(SOME, timeout=100)
    assert clock.monotonic() == pytest.approx(100)


def test_a_slot_that_somebody_else_holds_is_asked_for_again_and_again(finder, clock, told):
    mews, ask = finder(takes=600)
    mews.exports["stranger"] = (0.0, "Success")
    _, is_new = ask()
    assert is_new
    assert 600 <= clock.monotonic() <= 660
    assert all("An export is already in progress." in sentence for sentence in told)
    assert mews.looks == []


def test_a_slot_that_is_held_for_hours_is_asked_for_every_five_minutes(finder, clock):
    mews, ask = finder(takes=3 * 3600)
    mews.exports["stranger"] = (0.0, "Success")
    ask()
    assert 270 <= max(clock.slept) <= 300
    assert len(mews.sent) < 120


def test_at_once_does_not_wait_for_somebody_else(finder, clock):
    mews, ask = finder()
    mews.exports["stranger"] = (0.0, "Success")
    with pytest.raises(ExportAlreadyRunningError, match="already in progress"):
        ask(at_once=True)
    assert (len(mews.sent), clock.slept) == (1, [])


def test_patience_with_somebody_else_ends(finder, clock):
    mews, ask = finder(takes=600)
    mews.exports["stranger"] = (0.0, "Success")
    with pytest.raises(ExportAlreadyRunningError, match="already in progress"):
        ask(timeout=50)
    assert clock.monotonic() == pytest.approx(50)


def test_a_refused_add_leaves_no_intent(finder, journal):
    mews, ask = finder()
    mews.exports["stranger"] = (0.0, "Success")
    with pytest.raises(ExportAlreadyRunningError):
        ask(at_once=True)
    assert record_of(journal) is None


def test_a_running_one_that_is_too_old_is_waited_for_and_replaced(finder, clock):
    _, ask = finder(takes=600)
    old, _ = ask()
    clock.sleep(100)
    new, is_new = ask(max_age=60)
    assert is_new
    assert new.export.id != old.export.id
    assert clock.monotonic() >= 600


# --------------------------------------------------------------------------- refresh


def test_a_refresh_attaches_to_what_runs(finder):
    _, ask = finder()
    running, _ = ask()
    assert ask(refresh=True) == (running, False)


def test_a_refresh_replaces_what_has_finished(finder, journal, clock):
    mews, ask = finder()
    old, _ = ask()
    clock.sleep(60)
    journal.see(mews.state(old.export.id))
    new, is_new = ask(refresh=True)
    assert is_new
    assert new.export.id != old.export.id


def test_the_same_refresh_after_a_timeout_picks_up_what_ended_meanwhile(finder, clock):
    """Else a call whose timeout is shorter than the export takes would never see its end."""
    _, ask = finder()
    running, _ = ask(refresh=True)
    clock.sleep(STILL_FRESH)
    assert ask(refresh=True) == (running, False)


def test_a_refresh_does_not_take_an_old_end_for_new(finder, clock):
    _, ask = finder()
    old, _ = ask(refresh=True)
    clock.sleep(STILL_FRESH + 1)
    new, is_new = ask(refresh=True)
    assert is_new
    assert new.export.id != old.export.id


def test_a_refresh_attaches_to_what_has_been_running_for_long(finder, clock):
    _, ask = finder(takes=STILL_FRESH * 2)
    running, _ = ask()
    clock.sleep(STILL_FRESH + 1)
    assert ask(refresh=True)[0].export.id == running.export.id


# --------------------------------------------------------------------------- lost answers

LOST = ServerError("exports/add of Bill was answered with HTTP 503", status=503)


def test_a_lost_answer_wastes_one_export_at_most(finder, journal, clock, told):
    mews, ask = finder(takes=600, troubles=[LOST])
    found, is_new = ask()
    assert is_new
    assert len(mews.exports) == 2
    assert clock.monotonic() >= 600  # the lost one ended first
    assert "at most one is wasted" in told[0]
    assert not [sentence for sentence in told if "an earlier attempt" in sentence]
    assert record_of(journal).entries == (found,)


def test_a_lost_answer_leaves_the_intent_on_disk(finder, journal):
    _, ask = finder(troubles=[LOST] * MOST_LOST)
    with pytest.raises((ServerError, ExportAlreadyRunningError)):
        ask(at_once=True)
    assert record_of(journal).intended is not None


def test_a_later_call_says_that_an_earlier_one_may_have_left_an_export(finder, told, clock):
    _, ask = finder(troubles=[LOST])
    with pytest.raises(ExportAlreadyRunningError):
        ask(at_once=True)
    told.clear()
    clock.sleep(600)
    ask()
    assert "2026-06-15T12:00:0" in told[0]
    assert "may have left an export" in told[0]


def test_what_was_never_sent_is_not_called_lost(finder, journal, told, clock):
    _, ask = finder(troubles=[NOT_SENT, NOT_SENT])
    ask()
    assert clock.slept == [1, 2]
    assert all("no export was added" in sentence for sentence in told)
    assert len(told) == 2


def test_a_lost_answer_again_and_again_is_an_error(finder, journal):
    mews, ask = finder(troubles=[ConnectionFailedError("broke off")] * 9)
    with pytest.raises(ConnectionFailedError):
        ask()
    assert len(mews.sent) == MOST_LOST
    assert record_of(journal).intended is not None


def test_what_is_never_sent_is_tried_for_as_long_as_any_request(finder, journal, clock):
    mews, ask = finder(troubles=[NOT_SENT] * 99)
    with pytest.raises(ConnectionFailedError):
        ask()
    assert len(mews.sent) > MOST_LOST
    assert 60 < clock.monotonic() <= PATIENCE
    assert record_of(journal) is None


def test_a_rate_limit_is_waited_out_as_long_as_mews_asks(finder, clock, told):
    _, ask = finder(troubles=[RateLimitedError("busy", retry_after=100)])
    assert ask()[1]
    assert clock.slept == [100]
    assert "no export was added" in told[0]


def test_a_rate_limit_without_a_time_is_met_with_growing_pauses(finder, clock):
    _, ask = finder(troubles=[RateLimitedError("busy")] * 6)
    assert ask()[1]
    assert clock.slept == [1, 2, 4, 8, 16, 32]


def test_a_rate_limit_without_an_end_is_an_error(finder, clock):
    _, ask = finder(troubles=[RateLimitedError("busy")] * 99)
    with pytest.raises(RateLimitedError):
        ask()
    assert clock.monotonic() <= 180


@pytest.mark.parametrize(("seconds", "timeout"), [(901, None), (60, 59)])
def test_a_rate_limit_beyond_all_patience_is_an_error_at_once(finder, clock, seconds, timeout):
    _, ask = finder(troubles=[RateLimitedError("busy", retry_after=seconds)] * 9)
    with pytest.raises(RateLimitedError) as caught:
        ask(timeout=timeout)
    assert caught.value.retry_after == seconds
    assert clock.slept == []


@pytest.mark.parametrize("kind", [AuthenticationError, RequestRejectedError])
def test_a_refusal_is_an_error_at_once(finder, journal, clock, kind):
    refusal = kind("no")
    mews, ask = finder(troubles=[refusal])
    with pytest.raises(kind) as caught:
        ask()
    assert caught.value is refusal
    assert caught.value.__context__ is None
    assert (len(mews.sent), clock.slept) == (1, [])
    assert record_of(journal) is None


def test_an_answer_that_is_none_is_an_error_and_may_be_an_export(finder, journal):
    mews, ask = finder(troubles=[ServerError("a page", status=200)])
    with pytest.raises(ServerError):
        ask()
    assert len(mews.sent) == 1
    assert record_of(journal).intended is not None


def test_the_id_of_an_export_that_cannot_be_understood_is_kept(finder, journal):
    export_id = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    _, ask = finder(troubles=[ServerError("status 'Dreaming'", export_id=export_id)])
    with pytest.raises(ServerError):
        ask()
    found, is_new = ask()
    assert found.export.id == export_id
    assert not is_new


def test_an_id_that_cannot_be_written_down_is_in_the_error(finder, journal, monkeypatch):
    _, ask = finder()
    write = journal.write

    def full(record):
        if record.entries:
            raise CacheError("the disk is full")
        write(record)

    monkeypatch.setattr(journal, "write", full)
    with pytest.raises(CacheError) as caught:
        ask()
    assert caught.value.export_id in caught.value.hint


# --------------------------------------------------------------------------- windows


def test_an_open_end_is_closed_by_the_clock_of_mews_and_said(finder, clock, told):
    mews, ask = finder()
    mews.really_ahead = timedelta(hours=1)
    ask(OPEN)
    end = clock.now() + timedelta(minutes=54)
    assert mews.sent[0][1].updated[1] == end
    assert f"{end:%Y-%m-%dT%H:%M:%SZ}" in told[0]


@pytest.mark.parametrize("ahead", [timedelta(hours=-2), timedelta(hours=2)])
def test_a_late_end_is_moved_by_the_clock_of_mews_and_said(finder, clock, told, ahead):
    mews, ask = finder()
    mews.really_ahead = ahead
    asked = clock.now() + timedelta(hours=3)
    ask(make_request("Bill", updated=("2026-06-01T00:00:00Z", asked)))
    assert mews.sent[0][1].updated[1] == clock.now() + ahead - timedelta(minutes=6)
    assert len(told) == 1


def test_an_end_that_is_old_enough_at_mews_is_sent_as_asked(finder, clock, told):
    mews, ask = finder()
    mews.really_ahead = timedelta(hours=1)
    asked = clock.now() + timedelta(minutes=30)
    ask(make_request("Bill", updated=("2026-06-01T00:00:00Z", asked)))
    assert mews.sent[0][1].updated[1] == asked
    assert told == []


def test_the_time_is_not_asked_for_where_it_does_not_matter(finder):
    mews, ask = finder()
    ask(SOME)
    ask(ALL)
    assert mews.asked_time == 0


def test_the_time_is_not_asked_for_where_an_export_is_known(finder):
    mews, ask = finder()
    ask(OPEN)
    ask(OPEN)
    assert mews.asked_time == 1


def test_the_request_stays_as_it_was_asked(finder, journal):
    _, ask = finder()
    ask(OPEN)
    assert record_of(journal, OPEN).filters == OPEN.filters


def test_a_window_without_hope_is_refused_before_anything_is_sent(finder, clock):
    mews, ask = finder()
    with pytest.raises(InvalidArgumentError, match="180 days"):
        ask(make_request("Bill", updated=(clock.now() - timedelta(days=181), None)))
    with pytest.raises(InvalidArgumentError, match="5 minutes old"):
        ask(make_request("Bill", updated=(clock.now(), None)))
    assert (mews.sent, mews.asked_time) == ([], 0)
