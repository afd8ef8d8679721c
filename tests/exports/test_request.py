"""What callers ask for: read, checked, fingerprinted."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from mews_frames._exports.request import (
    Request,
    account_digest,
    fingerprint,
    make_request,
    read_seconds,
)
from mews_frames._exports.window import depends_on_time, resolved_filters
from mews_frames._models import Filters, Scope
from mews_frames.errors import InvalidArgumentError

ONE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
TWO = "00000000-5717-4562-b3fc-2c963f66afa6"
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def window(start, end):
    return Filters(updated=(start, end))


def test_a_bare_request_asks_for_everything():
    assert make_request("Bill") == Request("Bill", Scope(), Filters())


def test_ids_are_sorted_lower_case_and_each_once():
    ids = [f"{n:08}-5717-4562-b3fc-2c963f66afa6" for n in range(9)]
    request = make_request("Bill", enterprise_ids=[ONE.upper(), *reversed(ids), ONE])
    assert request.scope == Scope(enterprise_ids=(*ids, ONE))


@pytest.mark.parametrize("ids", [(ONE,), {ONE}, np.array([ONE]), pd.Series([ONE])])
def test_ids_may_come_in_any_collection(ids):
    assert make_request("Customer", chain_ids=ids).scope == Scope(chain_ids=(ONE,))


def test_instants_come_as_text_or_aware_datetimes():
    asked = [
        ("2026-01-01T00:00:00Z", "2026-02-01T01:00:00+01:00"),
        [JANUARY, datetime(2026, 2, 1, 1, tzinfo=timezone(timedelta(hours=1)))],
        (pd.Timestamp(JANUARY), pd.Timestamp("2026-02-01T00:00:00Z")),
    ]
    read = [make_request("Bill", updated=one).filters for one in asked]
    assert read == [window(JANUARY, datetime(2026, 2, 1, tzinfo=UTC))] * 3


def test_an_open_end_stays_open():
    assert make_request("Bill", updated=(JANUARY, None)).filters == window(JANUARY, None)


def test_dates_come_as_text_or_dates():
    asked = [("2026-01-01", "2026-01-31"), (date(2026, 1, 1), date(2026, 1, 31))]
    for posted in asked:
        filters = make_request("LedgerEntry", posted=posted).filters
        assert filters == Filters(posted=(date(2026, 1, 1), date(2026, 1, 31)))


def test_one_posting_day_is_a_range():
    assert make_request("LedgerEntry", posted=("2026-01-01", "2026-01-01")).filters.posted


# --------------------------------------------------------------------------- by the clock


def test_an_open_end_is_closed_six_minutes_ago():
    resolved = resolved_filters(window(JANUARY, None), NOW)
    assert resolved == window(JANUARY, NOW - timedelta(minutes=6))


def test_an_end_that_is_too_young_is_moved():
    resolved = resolved_filters(window(JANUARY, NOW - timedelta(minutes=5)), NOW)
    assert resolved == window(JANUARY, NOW - timedelta(minutes=6))


def test_an_end_that_is_old_enough_stays():
    asked = window(JANUARY, NOW - timedelta(minutes=6))
    assert resolved_filters(asked, NOW) == asked


def test_the_clock_closes_on_a_whole_second():
    resolved = resolved_filters(window(JANUARY, None), NOW.replace(microsecond=7))
    assert resolved.updated[1].microsecond == 0


def test_without_a_window_there_is_nothing_to_close():
    posted = Filters(posted=(date(2026, 1, 1), date(2026, 1, 2)))
    assert resolved_filters(posted, NOW) == posted
    assert resolved_filters(Filters(), NOW) == Filters()


@pytest.mark.parametrize("end", [None, NOW])
def test_a_window_that_begins_too_late_is_refused(end):
    with pytest.raises(InvalidArgumentError, match="up to 2026-06-15T11:54:00Z"):
        resolved_filters(window(NOW - timedelta(minutes=6), end), NOW)


def test_a_window_of_180_days_is_not_too_long():
    asked = window(NOW - timedelta(days=180, minutes=6), None)
    assert resolved_filters(asked, NOW).updated[0] == asked.updated[0]


def test_an_open_window_that_is_too_long_by_now_is_refused():
    with pytest.raises(InvalidArgumentError, match="180 days"):
        resolved_filters(window(NOW - timedelta(days=181), None), NOW)


@pytest.mark.parametrize(
    ("filters", "depends"),
    [
        (Filters(), False),
        (Filters(posted=(date(2026, 1, 1), date(2026, 6, 15))), False),
        (window(JANUARY, None), True),
        (window(JANUARY, NOW), True),
        (window(JANUARY, NOW - timedelta(hours=23)), True),
        (window(JANUARY, NOW - timedelta(hours=25)), False),
    ],
)
def test_the_clock_decides_only_about_open_and_late_ends(filters, depends):
    assert depends_on_time(filters, NOW) is depends


# --------------------------------------------------------------------------- identity

ACCOUNT = account_digest("https://api.mews.com", "client", "access")


def test_equal_requests_have_equal_fingerprints():
    asked = [
        make_request("Bill", enterprise_ids=[ONE, TWO], updated=("2026-01-01T00:00:00Z", None)),
        make_request("Bill", enterprise_ids=[TWO, ONE.upper(), ONE], updated=(JANUARY, None)),
    ]
    assert len({fingerprint(ACCOUNT, one) for one in asked}) == 1


def test_other_requests_have_other_fingerprints():
    asked = [
        make_request("Bill"),
        make_request("Payment"),
        make_request("Bill", enterprise_ids=[ONE]),
        make_request("Bill", enterprise_ids=[ONE, TWO]),
        make_request("Bill", updated=(JANUARY, None)),
        make_request("Bill", updated=(JANUARY, NOW)),
        make_request("LedgerEntry", posted=("2026-01-01", "2026-01-31")),
    ]
    assert len({fingerprint(ACCOUNT, one) for one in asked}) == len(asked)


def test_every_part_of_an_account_counts():
    accounts = {
        ACCOUNT,
        account_digest("https://api.mews-demo.com", "client", "access"),
        account_digest("https://api.mews.com", "other", "access"),
        account_digest("https://api.mews.com", "client", "other"),
        account_digest("https://api.mews.com", "clientaccess", ""),
    }
    assert len(accounts) == 5
    assert len({fingerprint(account, make_request("Bill")) for account in accounts}) == 5


def test_a_digest_shows_no_token():
    digest = account_digest("https://api.mews.com", "client-token", "access-token")
    assert set(digest) <= set("0123456789abcdef")


# --------------------------------------------------------------------------- lengths of time


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (0, 0.0),
        (1.5, 1.5),
        (timedelta(minutes=2), 120.0),
        (np.int64(3), 3.0),
        (np.float32(0.5), 0.5),
        (float("inf"), float("inf")),
    ],
)
def test_lengths_of_time_are_seconds_or_timedeltas(value, seconds):
    assert read_seconds("timeout", value) == seconds


@pytest.mark.parametrize(
    "value", [-1, timedelta(seconds=-1), float("nan"), "10", True, [1], NOW, 1j]
)
def test_other_lengths_of_time_are_refused(value):
    with pytest.raises(InvalidArgumentError, match="timeout must be"):
        read_seconds("timeout", value)
