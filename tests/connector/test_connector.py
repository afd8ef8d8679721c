"""The two operations, and the patience of each."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.tracebacks import shown

from mews_frames import errors
from mews_frames._cache.layout import Layout
from mews_frames._cache.mews_clock import MewsClock
from mews_frames._connector.connector import Connector, Credentials
from mews_frames._connector.http import Answer
from mews_frames._models import Filters, Scope
from mews_frames._redact import Secret
from mews_frames.testing import FakeClock

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
TOKENS = "CLIENT-TOKEN-OF-A-TEST", "ACCESS-TOKEN-OF-A-TEST"
EXPORT = {"Id": ID, "Status": "Pending", "EntityType": "Bill", "Scope": {}, "Files": []}


@dataclass
class Wire:
    """Gives the answers it was given, one after the other, the last one for ever."""

    answers: list
    clock: FakeClock
    sent: list = field(default_factory=list)

    def post(self, url, body, within=None):
        self.within = within
        self.sent.append((url.rpartition("/v1/")[2], json.loads(body.reveal())))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status=200, data=None, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, names, Secret(json.dumps(data or {"Message": "No."}).encode()))


def exports(*found):
    return answer(200, {"Exports": list(found)})


@pytest.fixture
def connect(clock, tmp_path):
    def make(*answers, tokens=TOKENS):
        wire = Wire(list(answers), clock)
        credentials = Credentials(*map(Secret, tokens), "tests 1.0")
        mews_clock = MewsClock(Layout(tmp_path / "cache"), clock)
        return Connector(wire, "https://mews.example", credentials, clock, mews_clock), wire

    return make


def test_an_add_says_who_asks_and_for_what(connect):
    mews, wire = connect(answer(200, {"Export": EXPORT}))
    seen = mews.add("Bill", Scope((ID,)), Filters(updated=(datetime(2026, 1, 1, tzinfo=UTC), None)))
    assert seen.export.id == ID
    assert wire.sent == [
        (
            "exports/add",
            {
                "ClientToken": TOKENS[0],
                "AccessToken": TOKENS[1],
                "Client": "tests 1.0",
                "EntityType": "Bill",
                "Scope": {"EnterpriseIds": [ID]},
                "Filters": {"UpdatedUtc": {"StartUtc": "2026-01-01T00:00:00Z", "EndUtc": None}},
            },
        )
    ]


def test_an_add_sends_nothing_that_was_not_asked(connect):
    mews, wire = connect(answer(200, {"Export": EXPORT}))
    mews.add("Bill", Scope(), Filters())
    assert not {"Scope", "Filters"} & wire.sent[0][1].keys()


def test_posting_dates_are_dates(connect):
    mews, wire = connect(answer(200, {"Export": EXPORT}))
    mews.add("LedgerEntry", Scope(), Filters(posted=(date(2026, 1, 1), date(2026, 1, 31))))
    posting = wire.sent[0][1]["Filters"]["LedgerEntryFilters"]["Posting"]
    assert posting == {"Start": "2026-01-01", "End": "2026-01-31"}


@pytest.mark.parametrize(
    "lost", [answer(503), answer(429, Retry_After="1"), errors.ConnectionFailedError("gone")]
)
def test_an_add_is_sent_once_whatever_happens(connect, clock, lost):
    mews, wire = connect(lost)
    with pytest.raises(errors.ConnectorError):
        mews.add("Bill", Scope(), Filters())
    assert len(wire.sent) == 1
    assert clock.slept == []


def test_an_add_that_is_answered_without_an_export_is_an_error(connect):
    mews, _ = connect(answer(200, {"Other": 1}))
    with pytest.raises(errors.ServerError, match="Bill was answered without an export"):
        mews.add("Bill", Scope(), Filters())


def test_the_id_in_an_answer_that_cannot_be_understood_is_in_the_error(connect):
    mews, _ = connect(answer(200, {"Export": EXPORT | {"Status": "Dreaming"}}))
    with pytest.raises(errors.ServerError, match="'Dreaming'") as caught:
        mews.add("Bill", Scope(), Filters())
    assert caught.value.export_id == ID


def test_a_look_asks_for_all_ids_at_once(connect):
    mews, wire = connect(exports(EXPORT))
    assert mews.look([ID, "other"])[ID].export.status == "Pending"
    assert [sent["ExportIds"] for _, sent in wire.sent] == [[ID, "other"]]


def test_a_look_at_more_than_a_thousand_takes_two(connect):
    mews, wire = connect(exports())
    mews.look([str(number) for number in range(1001)])
    assert [len(sent["ExportIds"]) for _, sent in wire.sent] == [1000, 1]


def test_an_id_that_mews_does_not_know_is_missing(connect):
    mews, _ = connect(exports())
    assert mews.look([ID]) == {}


@pytest.mark.parametrize("data", [{"Other": 1}, {"Exports": None}, {"Exports": {}}])
def test_a_look_that_is_answered_without_a_list_is_an_error(connect, data):
    mews, _ = connect(answer(200, data))
    with pytest.raises(errors.ServerError, match="without a list"):
        mews.look([ID])


@pytest.mark.parametrize("wire", ["x", None, 3, [], {}, EXPORT | {"Files": [{"SizeInBytes": -1}]}])
def test_an_export_that_cannot_be_read_is_an_error(connect, wire):
    mews, _ = connect(exports(wire))
    with pytest.raises(errors.ServerError, match="cannot be read"):
        mews.look([ID])


@pytest.mark.parametrize(
    "trouble", [answer(500), answer(503), answer(408), errors.ConnectionFailedError("gone")]
)
def test_a_look_is_repeated_with_growing_pauses(connect, clock, trouble):
    mews, wire = connect(trouble, trouble, trouble, exports(EXPORT))
    assert ID in mews.look([ID])
    assert clock.slept == [1, 2, 4]
    assert len(wire.sent) == 4


def test_a_repeated_look_is_logged(connect, caplog):
    caplog.set_level("INFO")
    mews, _ = connect(answer(503), exports(EXPORT))
    mews.look([ID])
    assert "HTTP 503: No.; asking again in 1 s" in caplog.text


def test_a_look_is_not_repeated_after_a_refusal(connect, clock):
    for trouble in (
        answer(401),
        answer(403),
        answer(404),
        answer(302),
        Answer(200, {}, Secret(b"<p>")),
    ):
        mews, wire = connect(trouble)
        with pytest.raises(errors.ConnectorError):
            mews.look([ID])
        assert len(wire.sent) == 1
    assert clock.slept == []


def test_a_look_gives_up_after_three_minutes(connect, clock):
    mews, _ = connect(answer(503))
    with pytest.raises(errors.ServerError):
        mews.look([ID])
    assert 120 < sum(clock.slept) <= 180


def test_a_look_gives_up_when_the_caller_does(connect, clock):
    mews, _ = connect(answer(503))
    with pytest.raises(errors.ServerError):
        mews.look([ID], timeout=10)
    assert clock.slept == [1, 2, 4]


def test_a_retry_after_in_seconds_is_obeyed_to_the_second(connect, clock):
    mews, _ = connect(answer(429, Retry_After="240"), exports(EXPORT))
    mews.look([ID])
    assert clock.slept == [240]


def test_a_retry_after_as_a_date_is_obeyed(connect, clock):
    until = format_datetime(clock.now() + timedelta(minutes=5), usegmt=True)
    mews, _ = connect(answer(429, Retry_After=until), exports(EXPORT))
    mews.look([ID])
    assert clock.slept == [300]


def test_a_retry_after_as_a_date_is_by_the_clock_of_mews(connect, clock):
    there = clock.now() + timedelta(hours=1)
    mews, _ = connect(
        answer(
            429,
            Date=format_datetime(there, usegmt=True),
            Retry_After=format_datetime(there + timedelta(seconds=30), usegmt=True),
        ),
        exports(EXPORT),
    )
    mews.look([ID])
    assert clock.slept == [30]


def test_a_rate_limit_without_a_time_is_answered_with_growing_pauses(connect, clock):
    mews, _ = connect(answer(429), answer(429), answer(429), exports(EXPORT))
    mews.look([ID])
    assert clock.slept == [1, 2, 4]


@pytest.mark.parametrize(("retry_after", "timeout"), [("901", None), ("60", 59)])
def test_a_retry_after_beyond_all_patience_is_an_error_that_names_it(
    connect, clock, retry_after, timeout
):
    mews, _ = connect(answer(429, Retry_After=retry_after))
    with pytest.raises(errors.RateLimitedError, match=f"{retry_after} s") as caught:
        mews.look([ID], timeout)
    assert caught.value.retry_after == float(retry_after)
    assert clock.slept == []


def test_the_date_of_an_answer_tells_the_time_at_mews(connect, clock):
    there = clock.now() - timedelta(hours=2)
    mews, _ = connect(answer(200, {"Exports": []}, Date=format_datetime(there, usegmt=True)))
    assert mews.now() == clock.now()
    mews.look([ID])
    assert mews.now() == there
    assert mews.ahead == timedelta(hours=-2)


def test_a_few_seconds_are_rounding(connect, clock):
    there = clock.now() + timedelta(seconds=4)
    mews, _ = connect(answer(200, {"Exports": []}, Date=format_datetime(there, usegmt=True)))
    mews.look([ID])
    assert mews.ahead == timedelta(0)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 15 Jun 99999999999 12:00:00 GMT"])
def test_an_unreadable_date_tells_nothing(connect, date):
    mews, _ = connect(answer(200, {"Exports": []}, Date=date))
    mews.look([ID])
    assert mews.ahead == timedelta(0)


@pytest.mark.parametrize("status", [200, 400])
def test_the_time_is_learnt_from_any_answer_and_once_a_minute(connect, clock, status):
    there = clock.now() + timedelta(hours=1)
    date = format_datetime(there, usegmt=True)
    mews, wire = connect(answer(status, {"Exports": [], "Message": "Unknown id."}, Date=date))
    mews.learn_time()
    mews.learn_time()
    assert mews.now() == there
    assert len(wire.sent) == 1
    clock.sleep(61)
    mews.learn_time()
    assert len(wire.sent) == 2


def test_learning_the_time_does_not_hide_a_wrong_token(connect):
    mews, _ = connect(answer(401))
    with pytest.raises(errors.AuthenticationError):
        mews.learn_time()


@pytest.mark.parametrize("operation", ["add", "look"])
def test_a_refusal_that_sends_tokens_back_shows_none(connect, operation):
    mews, _ = connect(answer(401, {"Message": f"Invalid AccessToken '{TOKENS[1]}' of {TOKENS[0]}"}))
    ask = {"add": lambda: mews.add("Bill", Scope(), Filters()), "look": lambda: mews.look([ID])}
    with pytest.raises(errors.AuthenticationError, match=r"'\.\.\.' of \.\.\.") as caught:
        ask[operation]()
    texts = shown(caught.value)
    assert len(texts) > 5
    assert not [text for text in texts for token in TOKENS if token in text]


def test_short_made_up_tokens_do_not_spoil_messages(connect):
    mews, _ = connect(answer(400, {"Message": "Invalid Client."}), tokens=("a", "I"))
    with pytest.raises(errors.RequestRejectedError, match="Invalid Client"):
        mews.look([ID])


def test_each_attempt_is_given_the_time_that_is_left(connect, clock):
    mews, wire = connect(answer(500), exports())
    mews.look([ID], 30)
    assert wire.within == 30 - clock.monotonic() > 0


def test_an_add_is_given_its_time_whatever_is_left(connect):
    mews, wire = connect(answer(200, {"Export": EXPORT}))
    mews.add("Bill", Scope(), Filters())
    assert wire.within is None


OTHER = "4fa85f64-5717-4562-b3fc-2c963f66afa6"
UNKNOWN = answer(400, {"Message": "Invalid ExportIds."})


def test_an_id_that_mews_refuses_counts_as_missing(connect):
    mews, _ = connect(UNKNOWN)
    assert mews.look([ID]) == {}


def test_of_several_ids_those_that_mews_takes_are_looked_at(connect):
    mews, wire = connect(UNKNOWN, exports(EXPORT), UNKNOWN)
    assert list(mews.look([ID, OTHER])) == [ID]
    assert [sent["ExportIds"] for _, sent in wire.sent] == [[ID, OTHER], [ID], [OTHER]]


@pytest.mark.parametrize("message", ["Bad Request", "Invalid Client.", "Invalid AccessToken."])
def test_for_any_other_refusal_no_id_counts_as_missing(connect, message):
    mews, _ = connect(answer(400, {"Message": message}))
    with pytest.raises(errors.RequestRejectedError):
        mews.look([ID])


@pytest.mark.parametrize("year", ["9999", "1970"])
def test_a_date_out_of_this_world_tells_nothing(connect, year):
    mews, _ = connect(answer(200, {"Exports": []}, Date=f"Fri, 31 Dec {year} 23:59:59 -0100"))
    mews.look([ID])
    assert mews.ahead == timedelta(0)
