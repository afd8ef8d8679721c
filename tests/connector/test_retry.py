"""When to ask again, and after how long."""

from datetime import UTC, datetime, timedelta

import pytest

from mews_frames._retry import (
    LONGEST_PAUSE,
    PATIENCE,
    is_transient,
    may_have_arrived,
    next_pause,
    read_retry_after,
    retry_delay,
)
from mews_frames.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DecodeError,
    ExportAlreadyRunningError,
    RateLimitedError,
    RequestRejectedError,
    ServerError,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 599])
def test_faults_of_a_server_pass(status):
    assert is_transient(ServerError(status=status))


@pytest.mark.parametrize("status", [None, 200, 204, 302])
def test_an_answer_that_is_no_answer_does_not_pass(status):
    assert not is_transient(ServerError(status=status))


def test_rate_limits_and_broken_connections_pass():
    assert is_transient(RateLimitedError())
    assert is_transient(ConnectionFailedError())


@pytest.mark.parametrize(
    "refusal", [AuthenticationError, RequestRejectedError, ExportAlreadyRunningError, DecodeError]
)
def test_refusals_do_not_pass(refusal):
    assert not is_transient(refusal(status=400))


def test_delays_grow_to_a_minute():
    assert [retry_delay(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_delays_do_not_overflow():
    assert retry_delay(100_000) == 60


def test_what_mews_asks_for_goes_first():
    assert retry_delay(7, retry_after=3) == 3
    assert retry_delay(7, retry_after=0) == 0


def test_nobody_pauses_after_a_refusal():
    assert next_pause(RequestRejectedError(status=400), 1, 0) is None


def test_own_patience_ends():
    error = ServerError(status=503)
    assert next_pause(error, 1, PATIENCE - 1) == 1
    assert next_pause(error, 1, PATIENCE - 0.9) is None


def test_what_mews_asks_for_may_take_longer_than_own_patience():
    for error in (RateLimitedError(retry_after=600), ServerError(status=503, retry_after=600)):
        assert next_pause(error, 1, 0) == 600


def test_what_mews_asks_for_may_not_take_for_ever():
    assert next_pause(RateLimitedError(retry_after=LONGEST_PAUSE), 1, 0) == LONGEST_PAUSE
    assert next_pause(RateLimitedError(retry_after=LONGEST_PAUSE + 1), 1, 0) is None
    assert next_pause(RateLimitedError(retry_after=600), 2, 600) is None


def test_no_pause_is_longer_than_the_caller_will_wait():
    assert next_pause(RateLimitedError(retry_after=10), 1, 0, left=10) == 10
    assert next_pause(RateLimitedError(retry_after=10), 1, 0, left=9.9) is None


def test_a_refusal_did_not_arrive():
    for kind in (AuthenticationError, RequestRejectedError, RateLimitedError):
        assert not may_have_arrived(kind())


def test_a_lost_answer_may_have_arrived():
    assert may_have_arrived(ServerError(status=500))
    assert may_have_arrived(ServerError(status=200))  # a page of a proxy, say
    assert may_have_arrived(ConnectionFailedError())


def test_what_was_never_sent_did_not_arrive():
    error = ConnectionFailedError()
    error.was_sent = False
    assert not may_have_arrived(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Mon, 15 Jun 2026 12:05:00 GMT", 300.0),
        ("Mon, 15 Jun 2026 12:05:00", 300.0),
        ("Monday, 15-Jun-26 12:05:00 GMT", 300.0),
        ("Mon, 15 Jun 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert read_retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "soon",
        "-5",
        "1.5",
        "٣",
        "Mon, 15 Jun 99999999999999999999 12:00:00 GMT",
        "Mon, 31 Feb 2026 12:00:00 GMT",
    ],
)
def test_an_unreadable_retry_after_is_none(header):
    assert read_retry_after(header, NOW) is None


def test_an_absurd_retry_after_is_an_error_and_no_wait():
    pause = read_retry_after("9" * 1000, NOW)
    assert next_pause(RateLimitedError(retry_after=pause), 1, 0) is None


def test_a_date_counts_from_now():
    later = read_retry_after("Mon, 15 Jun 2026 12:05:00 GMT", NOW + timedelta(minutes=4))
    assert later == 60
