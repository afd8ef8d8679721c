"""The life of an export, from the call to the frame, against the sandbox."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.tracebacks import shown

import mews_frames as mf
from mews_frames import errors
from mews_frames.testing import (
    Compress,
    Corrupt,
    Drip,
    Drop,
    ExpireUrls,
    Fail,
    FakeClock,
    LoseAnswer,
    NoRange,
    Refuse,
    Stall,
    Truncate,
    UnknownStatus,
)

WINDOW = {"updated": ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")}


class CrashError(Exception):
    """What ends a process in the middle of something."""


@pytest.fixture
def open_mews(clock):
    """Open a sandbox in which nothing waits; closed at the end."""
    opened = []

    def make(*faults, rows=60, **options):
        opened.append(mf.sandbox(rows=rows, faults=faults, clock=clock, **options))
        return opened[-1]

    yield make
    for mews in opened:
        mews.close()


@pytest.fixture
def mews(open_mews):
    return open_mews()


def sent(mews, operation=None):
    operations = [request.operation for request in mews.requests]
    return operations if operation is None else operations.count(operation)


def rows(frame):
    return frame.collect().height


def listen():
    events = []
    return events, events.append


def crash_at(stage):
    def listener(event):
        if event.stage == stage:
            raise CrashError

    return listener


def notes(events):
    return [event.message for event in events if event.stage == "note"]


def journal(client):
    return [json.loads(p.read_text()) for p in client.cache.path.glob("v1/requests/*.json")]


# --------------------------------------------------------------------------- once


def test_a_load_adds_waits_and_downloads(mews):
    events, hear = listen()
    assert rows(mews.client().load_entities("OrderItem", progress=hear)) == 60
    assert sent(mews, "add") == 1
    assert sent(mews, "download") == 4
    stages = list(dict.fromkeys(event.stage for event in events))
    assert stages == ["added", "waiting", "downloading", "decoding", "ready"]


def test_the_second_load_sends_nothing_and_opens_no_connection(mews):
    first = mews.client().load_entities("OrderItem").collect()
    before = mews.requests
    client = mews.client()
    events, hear = listen()
    second = client.load_entities("OrderItem", progress=hear).collect()
    assert second.equals(first)
    assert mews.requests == before
    assert not client._http.is_open
    assert [event.stage for event in events] == ["found"]
    assert "data as of 15 Jun 2026, 12:00 UTC" in events[0].message
    assert "refresh=True" in events[0].message


def test_the_id_is_on_disk_before_the_wait_begins(mews):
    client, seen = mews.client(), []

    def look_at_disk(event):
        if event.stage in {"added", "waiting"}:
            (record,) = journal(client)
            seen.append((event.stage, [e["export"]["Id"] for e in record["exports"]]))

    client.load_entities("OrderItem", progress=look_at_disk)
    assert seen[0][0] == "added"
    assert all(len(ids) == 1 for _, ids in seen)


def test_nothing_on_disk_holds_a_token_or_a_link(mews):
    client = mews.client()
    with pytest.raises(CrashError):
        client.load_entities("OrderItem", progress=crash_at("downloading"))
    client.load_entities("OrderItem")
    everything = b"".join(p.read_bytes() for p in client.cache.path.rglob("*") if p.is_file())
    assert len(everything) > 1000
    for secret in (mews.client_token, mews.access_token, "sig=", "/storage/"):
        assert secret.encode() not in everything


# --------------------------------------------------------------------------- attach


@pytest.mark.parametrize("stage", ["added", "waiting", "downloading"])
def test_an_interrupted_load_goes_on(mews, stage):
    with pytest.raises(CrashError):
        mews.client().load_entities("OrderItem", progress=crash_at(stage))
    assert rows(mews.client().load_entities("OrderItem")) == 60
    assert sent(mews, "add") == 1


def test_ctrl_c_says_how_to_go_on(mews):
    events, hear = listen()

    def interrupt(event):
        hear(event)
        if event.stage == "waiting":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        mews.client().load_entities("OrderItem", progress=interrupt)
    export_id = events[0].export_id
    assert f'mf.load_export("{export_id}")' in caught.value.__notes__[0]
    assert events[-1].stage == "interrupted"


def test_a_second_client_attaches_to_the_same_request(mews):
    export = mews.client().start_export("OrderItem", **WINDOW)
    events, hear = listen()
    mews.client().load_entities("OrderItem", **WINDOW, progress=hear)
    assert events[0].stage == "attached"
    assert events[0].export_id == export.id
    assert sent(mews, "add") == 1


def test_a_started_export_is_found_again(mews):
    client = mews.client()
    export = client.start_export("OrderItem")
    assert export.status == "Pending"
    assert client.start_export("OrderItem").id == export.id
    assert sent(mews) == ["add"]


def test_many_threads_add_one_export(mews):
    client = mews.client()
    with ThreadPoolExecutor(4) as threads:
        frames = list(threads.map(lambda _: client.load_entities("OrderItem"), range(4)))
    assert [rows(frame) for frame in frames] == [60] * 4
    assert sent(mews, "add") == 1
    assert sent(mews, "download") == 4


# --------------------------------------------------------------------------- the slot


def test_another_request_waits_for_the_slot_and_then_adds(mews):
    client = mews.client()
    running = client.start_export("OrderItem")
    events, hear = listen()
    client.load_entities("OrderItem", **WINDOW, progress=hear)
    assert running.id in notes(events)[0]
    assert [r.status for r in mews.requests if r.operation == "add"] == [200, 200]


def test_a_stranger_in_the_slot_is_waited_out_and_mews_is_quoted(mews, tmp_path):
    mews.client(cache_dir=tmp_path / "stranger").start_export("OrderItem")
    events, hear = listen()
    assert rows(mews.client().load_entities("OrderItem", progress=hear)) == 60
    statuses = [r.status for r in mews.requests if r.operation == "add"]
    assert statuses == [200, *[400] * (len(statuses) - 2), 200]
    assert len(statuses) > 2
    assert "An export of OrderItem is already in progress." in notes(events)[0]


def test_a_start_does_not_wait_for_the_slot(mews, clock):
    client = mews.client()
    client.start_export("OrderItem")
    with pytest.raises(errors.ExportAlreadyRunningError, match="OrderItem"):
        client.start_export("OrderItem", **WINDOW)
    assert clock.slept == []


def test_a_start_does_not_wait_for_a_stranger_and_quotes_mews(mews, clock, tmp_path):
    mews.client(cache_dir=tmp_path / "stranger").start_export("OrderItem")
    with pytest.raises(errors.ExportAlreadyRunningError, match="already in progress") as caught:
        mews.client().start_export("OrderItem")
    assert caught.value.status == 400
    assert caught.value.request_id
    assert clock.slept == []


def test_a_timeout_for_the_slot_is_its_own_error(open_mews, clock):
    mews = open_mews(duration=3600)
    client = mews.client()
    client.start_export("OrderItem")
    with pytest.raises(errors.ExportAlreadyRunningError):
        client.load_entities("OrderItem", **WINDOW, timeout=100)
    assert clock.monotonic() == pytest.approx(100)


def test_other_types_are_not_in_the_way(mews, clock):
    client = mews.client()
    assert client.start_export("OrderItem").id != client.start_export("Bill").id
    assert clock.slept == []


# --------------------------------------------------------------------------- how it ends


def test_a_timeout_leaves_the_export_to_be_picked_up(open_mews, clock):
    mews = open_mews(duration=3600)
    client = mews.client()
    with pytest.raises(errors.ExportTimeoutError, match="still Processing after 1800 s") as caught:
        client.load_entities("OrderItem", timeout=timedelta(minutes=30))
    assert rows(client.load_export(caught.value.export_id)) == 60
    assert rows(client.load_entities("OrderItem")) == 60
    assert sent(mews, "add") == 1


def test_a_failed_export_is_an_error_and_not_added_again_by_itself(open_mews):
    mews = open_mews(Fail(times=1))
    client = mews.client()
    with pytest.raises(errors.ExportFailedError, match="OrderItem failed at Mews") as caught:
        client.load_entities("OrderItem")
    assert sent(mews, "add") == 1
    with pytest.raises(errors.ExportFailedError):
        client.load_export(caught.value.export_id)
    assert sent(mews, "add") == 1
    assert rows(client.load_entities("OrderItem")) == 60
    assert sent(mews, "add") == 2


def test_a_status_that_nobody_knows_is_an_error_with_its_name(open_mews, clock):
    mews = open_mews(UnknownStatus("Dreaming"))
    with pytest.raises(errors.ServerError, match="'Dreaming'") as caught:
        mews.client().load_entities("OrderItem")
    assert caught.value.export_id
    assert clock.slept == []


def test_an_expired_export_is_replaced(mews, clock):
    client = mews.client()
    client.load_entities("OrderItem")
    clock.sleep(8 * 86_400)
    assert rows(client.load_entities("OrderItem")) == 60
    assert sent(mews, "add") == 2


def test_an_export_that_expired_unseen_is_replaced(mews, clock):
    client = mews.client()
    client.start_export("OrderItem")
    clock.sleep(8 * 86_400)
    events, hear = listen()
    assert rows(client.load_entities("OrderItem", progress=hear)) == 60
    assert sent(mews, "add") == 2
    assert notes(events)


def test_an_id_that_mews_forgot_is_replaced(mews, clock):
    client = mews.client()
    old = client.start_export("OrderItem")
    clock.sleep(60 * 86_400)
    # Any export added later makes the sandbox forget what expired a month ago.
    client.start_export("Bill")
    assert rows(client.load_entities("OrderItem")) == 60
    assert old.id not in client.exports()["id"]
    with pytest.raises(errors.InvalidArgumentError, match="does not know"):
        client.load_export(old.id)


def test_an_expired_export_cannot_be_loaded_by_its_id(mews, clock):
    client = mews.client()
    export = client.start_export("OrderItem")
    clock.sleep(8 * 86_400)
    with pytest.raises(errors.ExportExpiredError, match="has expired") as caught:
        client.load_export(export.id)
    assert caught.value.export_id == export.id
    assert "refresh=True" in caught.value.hint


def test_what_the_cache_holds_is_not_served_after_it_expired(mews, clock):
    client = mews.client()
    client.load_entities("OrderItem")
    (export_id,) = client.exports()["id"]
    clock.sleep(8 * 86_400)
    with pytest.raises(errors.ExportExpiredError):
        client.load_export(export_id)


def test_an_export_without_files_is_an_empty_frame(open_mews):
    mews = open_mews(records={"OrderItem": []})
    frame = mews.client().load_entities("OrderItem").collect()
    assert frame.height == 0
    assert frame.schema == mf.schema_of("OrderItem")


# --------------------------------------------------------------------------- newer data


def test_a_refresh_makes_a_new_export(mews):
    client = mews.client()
    client.load_entities("OrderItem")
    client.load_entities("OrderItem", refresh=True)
    assert sent(mews, "add") == 2
    client.load_entities("OrderItem")
    assert sent(mews, "add") == 2


def test_a_refresh_attaches_to_an_equal_running_export(mews):
    client = mews.client()
    client.load_entities("OrderItem")
    export = client.start_export("OrderItem", refresh=True)
    assert client.start_export("OrderItem", refresh=True).id == export.id
    assert sent(mews, "add") == 2


def test_an_age_limit_counts_from_the_add(mews, clock):
    client = mews.client()
    client.load_entities("OrderItem")
    age = clock.monotonic()
    clock.sleep(100)
    client.load_entities("OrderItem", max_age=101 + age)
    assert sent(mews, "add") == 1
    client.load_entities("OrderItem", max_age=timedelta(seconds=99 + age))
    assert sent(mews, "add") == 2


# --------------------------------------------------------------------------- windows


def end_of(mews):
    adds = [r for r in mews.requests if r.operation == "add" and r.status == 200]
    return adds[-1].body["Filters"]["UpdatedUtc"]["EndUtc"]


@pytest.mark.parametrize("end", [None, "2026-06-15T11:58:00Z", "2026-07-01T00:00:00Z"])
def test_a_late_end_is_moved_to_six_minutes_ago_and_said(mews, end):
    events, hear = listen()
    mews.client().load_entities("OrderItem", updated=("2026-06-01T00:00:00Z", end), progress=hear)
    assert end_of(mews) == "2026-06-15T11:54:00Z"
    assert "2026-06-15T11:54:00Z" in notes(events)[0]


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_clock_of_mews_decides_what_is_late(mews, clock, hours):
    wrong = FakeClock(clock.now() + timedelta(hours=hours))
    wrong.sleep = lambda seconds: (FakeClock.sleep(wrong, seconds), clock.sleep(seconds))
    client = mews.client(clock=wrong)
    client.start_export("OrderItem", updated=("2026-06-01T00:00:00Z", None))
    assert end_of(mews) == "2026-06-15T11:54:00Z"
    (added,) = client.exports()["added"]
    assert added == datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_an_old_end_is_sent_as_asked(mews):
    events, hear = listen()
    mews.client().load_entities("OrderItem", **WINDOW, progress=hear)
    assert end_of(mews) == "2026-02-01T00:00:00Z"
    assert notes(events) == []
    assert sent(mews)[0] == "add"


def test_an_open_window_is_one_request_tomorrow_too(mews, clock):
    client = mews.client()
    for _ in range(2):
        client.load_entities("OrderItem", updated=("2026-06-01T00:00:00Z", None))
        clock.sleep(86_400)
    assert sent(mews, "add") == 1


# --------------------------------------------------------------------------- by id, by token


def test_an_export_is_loaded_by_its_id_from_anywhere(mews, tmp_path):
    export = mews.client().start_export("OrderItem")
    elsewhere = mews.client(cache_dir=tmp_path / "elsewhere")
    assert rows(elsewhere.load_export(export.id)) == 60
    assert rows(elsewhere.load_export(export.id.upper())) == 60
    assert sent(mews, "add") == 1
    assert sent(mews, "download") == 4


def test_an_export_that_was_loaded_is_loaded_by_its_id_without_asking(mews):
    mews.client().load_entities("OrderItem")
    before = mews.requests
    client = mews.client()
    (export_id,) = client.exports()["id"]
    assert rows(client.load_export(export_id)) == 60
    assert mews.requests == before


def other_token(mews):
    return mf.Client(
        mews.client_token,
        "ANOTHER-MADE-UP-TOKEN",
        platform_address=mews.address,
        cache_dir=mews.client().cache.path,
        clock=mews.clock,
    )


def test_rows_of_one_token_are_not_served_to_another(mews):
    mews.client().load_entities("OrderItem")
    (export_id,) = mews.client().exports()["id"]
    with other_token(mews) as other:
        for load in (
            lambda: other.load_export(export_id),
            lambda: other.load_entities("OrderItem"),
        ):
            before = len(mews.requests)
            with pytest.raises(errors.AuthenticationError):
                load()
            assert len(mews.requests) == before + 1


def test_another_token_gets_what_mews_shows_it_from_the_cache(mews):
    """Both tokens of one property see its exports; here Mews is told to say so."""
    mews.client().load_entities("OrderItem")
    (export_id,) = mews.client().exports()["id"]
    looks = [r for r in mews.requests if r.operation == "getAll"]
    with other_token(mews) as other:
        other._pipe._connector._credentials = mews.client()._pipe._connector._credentials
        assert rows(other.load_export(export_id)) == 60
    assert len([r for r in mews.requests if r.operation == "getAll"]) == len(looks) + 1
    assert sent(mews, "download") == 4


# --------------------------------------------------------------------------- several


def test_several_types_go_side_by_side_with_one_look_for_all(mews):
    frames = mews.client().load_many(["Reservation", "OrderItem", "Bill"])
    assert list(frames) == ["Reservation", "OrderItem", "Bill"]
    assert rows(frames["OrderItem"]) == 60
    assert sent(mews)[:3] == ["add"] * 3
    first, *_ = [r.body["ExportIds"] for r in mews.requests if r.operation == "getAll"]
    assert len(first) == 3


def test_options_go_to_the_types_that_take_them(mews):
    (enterprise, *_), (chain, *_) = mews.enterprise_ids, mews.chain_ids
    mews.client().load_many(
        ["OrderItem", "Customer", "LedgerEntry"],
        enterprise_ids=[enterprise],
        chain_ids=[chain],
        posted=("2026-01-01", "2026-01-31"),
        **WINDOW,
    )
    adds = {r.body["EntityType"]: r.body for r in mews.requests if r.operation == "add"}
    assert adds["OrderItem"]["Scope"] == {"EnterpriseIds": [enterprise]}
    assert adds["Customer"]["Scope"] == {"ChainIds": [chain]}
    assert set(adds["Customer"]["Filters"]) == {"UpdatedUtc"}
    assert set(adds["LedgerEntry"]["Filters"]) == {"LedgerEntryFilters"}


def test_one_that_fails_does_not_stop_the_others(open_mews):
    mews = open_mews(Fail("Bill"))
    client = mews.client()
    with pytest.raises(errors.ExportFailedError, match="Bill"):
        client.load_many(["Bill", "OrderItem", "Payment"])
    before = mews.requests
    assert rows(client.load_entities("OrderItem")) == 60
    client.load_entities("Payment")
    assert mews.requests == before


def test_a_slot_that_is_taken_does_not_hold_up_the_others(open_mews):
    mews = open_mews(duration=600)
    client = mews.client()
    client.start_export("OrderItem")
    events, hear = listen()
    frames = client.load_many(["OrderItem", "Bill"], **WINDOW, progress=hear)
    assert set(frames) == {"OrderItem", "Bill"}
    ready = [event.entity_type for event in events if event.stage == "ready"]
    assert ready == ["Bill", "OrderItem"]


def test_what_is_cached_of_several_is_not_asked_for(mews):
    client = mews.client()
    client.load_entities("OrderItem")
    client.load_many(["OrderItem", "Bill"])
    adds = [r.body["EntityType"] for r in mews.requests if r.operation == "add"]
    assert adds == ["OrderItem", "Bill"]


# --------------------------------------------------------------------------- Mews has trouble


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("on", ["add", "getAll"])
def test_trouble_at_mews_is_waited_out(open_mews, status, on):
    mews = open_mews(Refuse(status, on=on, times=2))
    assert rows(mews.client().load_entities("OrderItem")) == 60


@pytest.mark.parametrize("on", ["add", "getAll"])
def test_a_lost_answer_is_made_up_for(open_mews, on):
    mews = open_mews(LoseAnswer(on))
    assert rows(mews.client().load_entities("OrderItem")) == 60


def test_a_lost_add_is_told_and_at_most_one_export_is_wasted(open_mews):
    mews = open_mews(LoseAnswer("add"), duration=60)
    events, hear = listen()
    mews.client().load_entities("OrderItem", progress=hear)
    added = [r for r in mews.requests if r.operation == "add" and r.status == 200]
    assert len(added) == 2
    assert "at most one is wasted" in notes(events)[0]
    assert "already in progress" in notes(events)[1]


@pytest.mark.parametrize("on", ["add", "getAll"])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_rate_limit_is_obeyed(open_mews, clock, on, as_date):
    until = format_datetime(clock.now() + timedelta(seconds=200), usegmt=True)
    mews = open_mews(Refuse(429, on=on, retry_after=until if as_date else 200))
    assert rows(mews.client().load_entities("OrderItem")) == 60
    assert 200 in clock.slept


@pytest.mark.parametrize("on", ["add", "getAll"])
def test_a_rate_limit_without_a_time_is_met_with_growing_pauses(open_mews, clock, on):
    mews = open_mews(Refuse(429, on=on, times=3))
    assert rows(mews.client().load_entities("OrderItem")) == 60
    assert clock.slept[:3] == [1, 2, 4]


@pytest.mark.parametrize("on", ["add", "getAll"])
@pytest.mark.parametrize(("retry_after", "timeout"), [(1000, None), (200, 100)])
def test_a_rate_limit_beyond_all_patience_is_an_error(open_mews, clock, on, retry_after, timeout):
    mews = open_mews(Refuse(429, on=on, retry_after=retry_after))
    with pytest.raises(errors.RateLimitedError, match=f"{retry_after} s") as caught:
        mews.client().load_entities("OrderItem", timeout=timeout)
    assert caught.value.retry_after == retry_after
    assert clock.slept == []


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refuse(401), errors.AuthenticationError),
        (Refuse(403), errors.RequestRejectedError),
        (Refuse(404), errors.RequestRejectedError),
        (Refuse(410), errors.RequestRejectedError),
        (Refuse(413), errors.RequestRejectedError),
        (Refuse(302, headers={"Location": "https://login.example/?t=1"}), errors.ServerError),
        (Refuse(204, body=b""), errors.ServerError),
        (Refuse(200, body="<html>", content_type="text/html"), errors.ServerError),
        (Refuse(200, body="[]"), errors.ServerError),
        (Refuse(200, body="{}"), errors.ServerError),
        (Refuse(407, body="<html>", content_type="text/html"), errors.RequestRejectedError),
    ],
    ids=lambda value: str(getattr(value, "status", value.__class__.__name__)),
)
@pytest.mark.parametrize("on", ["add", "getAll"])
def test_a_refusal_is_one_clear_error_at_once(open_mews, clock, refusal, kind, on):
    mews = open_mews(
        Refuse(
            refusal.status,
            on=on,
            times=None,
            body=refusal.body,
            content_type=refusal.content_type,
            headers=refusal.headers,
        )
    )
    with pytest.raises(errors.ConnectorError) as caught:
        mews.client().load_entities("OrderItem")
    assert type(caught.value) is kind
    assert f"exports/{on}" in caught.value.message
    assert clock.slept == []
    assert sent(mews)[-1] == on
    assert mews.access_token not in str(caught.value)


@pytest.mark.parametrize(
    "trouble",
    [
        Refuse(401, times=None),
        Refuse(200, times=None, body="<html>"),
        Refuse(429, times=None, retry_after=5000),
        LoseAnswer("any", times=None),
    ],
)
def test_no_frame_of_an_error_shows_a_token(open_mews, trouble):
    mews = open_mews(trouble)
    client = mews.client()
    with pytest.raises(errors.MewsError) as caught:
        client.load_entities("OrderItem", timeout=60)
    texts = shown(caught.value)
    assert len(texts) > 50
    tokens = (mews.access_token, mews.client_token)
    assert not [text for text in texts for token in tokens if token in text]


@pytest.mark.parametrize(
    "trouble",
    [
        (ExpireUrls(0),),
        (Drop(0, times=None),),
        (Truncate(),),
        (Corrupt(),),
        (Refuse(418, on="download"),),
        (Refuse(302, on="download", headers={"Location": "//elsewhere.example/1?sig=7"}),),
        (Refuse(429, on="download", retry_after=86_400),),
        (ExpireUrls(0, times=1), UnknownStatus("Paused")),
    ],
    ids=lambda trouble: type(trouble[-1]).__name__,
)
def test_no_frame_of_an_error_shows_a_link(open_mews, trouble):
    mews = open_mews(*trouble, duration=0)
    with pytest.raises(errors.MewsError) as caught:
        mews.client().load_entities("OrderItem")
    texts = shown(caught.value)
    assert len(texts) > 50
    assert not [text for text in texts if "sig=" in text]


def test_nobody_at_the_address_is_a_clear_error(clock, tmp_path):
    client = mf.Client(
        "a-token",
        "another",
        platform_address="http://127.0.0.1:9",
        cache_dir=tmp_path / "cache",
        clock=clock,
    )
    with client, pytest.raises(errors.ConnectionFailedError, match=r"127\.0\.0\.1:9") as caught:
        client.load_entities("OrderItem")
    assert not caught.value.was_sent
    assert "network" in caught.value.hint


# --------------------------------------------------------------------------- downloads


def downloads(mews):
    return [r for r in mews.requests if r.operation == "download"]


def test_downloads_carry_no_token_no_cookie_and_no_name(mews):
    mews.client().load_entities("OrderItem")
    for request in downloads(mews):
        assert set(request.headers) == {"host", "accept-encoding"}
        assert request.headers["accept-encoding"] == "identity"


def test_a_broken_download_is_resumed(open_mews):
    mews = open_mews(Drop(after=5000, times=3), rows=200, parts=1)
    assert rows(mews.client().load_entities("OrderItem")) == 200
    ranges = [request.headers.get("range") for request in downloads(mews)]
    assert ranges == [None, "bytes=5000-", "bytes=10000-", "bytes=15000-"]


def test_a_download_that_was_given_up_is_resumed_by_a_later_call(open_mews):
    mews = open_mews(Drop(after=5000), Drop(after=0, times=6), rows=200, parts=1)
    client = mews.client()
    with pytest.raises(errors.DownloadError, match="stopped at 5000 of"):
        client.load_entities("OrderItem")
    assert rows(client.load_entities("OrderItem")) == 200
    assert downloads(mews)[-1].headers["range"] == "bytes=5000-"
    assert sent(mews, "add") == 1
    assert not list(client.cache.path.rglob("*.partial"))


def test_a_storage_without_ranges_is_asked_for_the_whole_again(open_mews):
    mews = open_mews(NoRange(), Drop(after=5000), rows=200, parts=1)
    assert rows(mews.client().load_entities("OrderItem")) == 200
    assert [r.status for r in downloads(mews)] == [200, 200]


def test_links_that_expired_before_use_are_renewed_for_all_parts_at_once(open_mews):
    mews = open_mews(ExpireUrls(0, times=1))
    assert rows(mews.client().load_entities("OrderItem")) == 60
    after = sent(mews)[sent(mews).index("download") :]
    assert after.count("getAll") == 1


def test_links_that_expire_half_way_are_renewed_and_the_part_resumed(open_mews):
    mews = open_mews(
        Refuse(503, on="download", retry_after=700), Drop(after=5000), parts=1, rows=200
    )
    assert rows(mews.client().load_entities("OrderItem")) == 200
    assert [r.status for r in downloads(mews)] == [503, 200, 206]
    operations = sent(mews)
    assert operations[operations.index("download") + 1] == "getAll"  # before it was used in vain


def test_links_that_never_work_are_an_error(open_mews):
    mews = open_mews(ExpireUrls(0), parts=1)
    with pytest.raises(errors.DownloadError, match="HTTP 403"):
        mews.client().load_entities("OrderItem")


@pytest.mark.parametrize("by", [1, 500])
def test_a_short_part_is_an_error_and_no_shorter_frame(open_mews, by):
    mews = open_mews(Truncate(part=2, by=by))
    client = mews.client()
    with pytest.raises(errors.IntegrityError, match="part 2 of export") as caught:
        client.load_entities("OrderItem")
    assert caught.value.part == 2
    assert not any(entry.complete for entry in client.cache.entries())


def test_what_comes_compressed_is_read(open_mews):
    mews = open_mews(Compress())
    plain = open_mews()
    frames = [m.client().load_entities("OrderItem").collect() for m in (mews, plain)]
    assert frames[0].equals(frames[1])


def test_a_stalled_download_is_cut_and_resumed(open_mews, clock):
    mews = open_mews(Stall(after=5000), rows=200, parts=1)
    client = mews.client(transport=mews.transport)
    assert rows(client.load_entities("OrderItem")) == 200
    assert [r.status for r in downloads(mews)] == [200, 206]
    assert 60 in clock.slept


def test_a_dripping_download_is_cut_and_resumed(open_mews, clock):
    mews = open_mews(Drip(rate=10, after=5000), rows=200, parts=1)
    client = mews.client(transport=mews.transport)
    assert rows(client.load_entities("OrderItem")) == 200
    assert [r.status for r in downloads(mews)] == [200, 206]
    assert clock.monotonic() < 60


def test_an_export_by_its_id_is_not_told_of_a_refresh_that_it_does_not_have(mews):
    client, (events, hear) = mews.client(), listen()
    export_id = client.start_export("OrderItem").id
    for _ in range(2):  # brought, then from the cache
        client.load_export(export_id, progress=hear)
    assert events[-1].stage == "found"
    assert not any("refresh" in event.message for event in events)
