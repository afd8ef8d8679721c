"""Faults are data: what each does to requests and downloads, through either door."""

import gzip
import pickle
import threading
from contextlib import closing, suppress

import httpx
import pytest
from support.door import Door

from mews_frames._sandbox.faults import FaultBook
from mews_frames._sandbox.server import SandboxServer
from mews_frames._sandbox.transport import SandboxTransport
from mews_frames.errors import InvalidArgumentError
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

BODY = bytes(range(256)) * 4  # 1024 bytes
RECORDS = {"OrderItem": [BODY]}


@pytest.fixture
def download(open_door):
    """Give a way to download the one part of an export, whole or in part."""

    def open_one(*faults, **options):
        door = open_door(given=RECORDS, faults=faults, **options)
        link = door.link()

        def get(asked=None):
            return door.http.get(link, headers={} if asked is None else {"Range": asked})

        get.door, get.link = door, link
        return get

    return open_one


def received(get):
    """Download as far as it goes: give the bytes that came, and the error that ended it."""
    came = bytearray()
    try:
        with get.door.http.stream("GET", get.link) as answer:
            for chunk in answer.iter_raw():
                came += chunk
    except httpx.HTTPError as error:
        return bytes(came), type(error)
    return bytes(came), None


# --------------------------------------------------------------------------- requests


@pytest.mark.parametrize("status", [302, 400, 403, 408, 429, 500, 503])
def test_refuse_answers_once_with_its_status_and_does_nothing(open_door, status):
    door = open_door(faults=[Refuse(status)])
    refused = door.add("OrderItem")
    assert refused.status_code == status
    assert str(status) in refused.json()["Message"]
    assert "Retry-After" not in refused.headers
    assert door.add("OrderItem").status_code == 200  # so the refused one does not run


@pytest.mark.parametrize(
    ("pause", "sent"), [(3, "3"), (0.5, "1"), ("Wed, 21 Oct 2026 07:28:00 GMT",) * 2]
)
def test_refuse_asks_to_wait_for_seconds_or_until_a_date(open_door, pause, sent):
    door = open_door(faults=[Refuse(429, retry_after=pause)])
    assert door.add("OrderItem").headers["Retry-After"] == sent


def test_refuse_concerns_the_requests_it_names(open_door):
    door = open_door(faults=[Refuse(500, on="getAll"), Refuse(503, on="download")])
    export = door.added("OrderItem")
    door.clock.sleep(3)
    assert door.get_all(export["Id"]).status_code == 500
    link = door.look(export["Id"])["Files"][0]["Url"]
    refused = door.http.get(link)
    assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/xml")
    assert door.http.get(link).status_code == 200


def test_refuse_answers_with_the_body_and_headers_it_is_given(open_door):
    there = {"Location": "https://elsewhere.invalid/"}
    refuse = Refuse(307, body="<p>proxy", content_type="text/html", headers=there)
    answer = open_door(faults=[refuse]).add("OrderItem")
    assert (answer.status_code, answer.text) == (307, "<p>proxy")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Location"] == there["Location"]


def test_a_fault_happens_so_many_times_and_none_stands_for_always(open_door):
    door = open_door(faults=[Refuse(503, times=2), Refuse(500, times=None, on="getAll")])
    assert [door.add("Bill").status_code for _ in range(3)] == [503, 503, 200]
    assert [door.get_all("x").status_code for _ in range(3)] == [500] * 3


def test_after_a_lost_answer_an_export_runs_whose_id_nobody_knows(open_door):
    door = open_door(faults=[LoseAnswer()])
    with pytest.raises(httpx.RemoteProtocolError):
        door.add("OrderItem")
    assert "already in progress" in door.add("OrderItem").json()["Message"]
    assert [request.status for request in door.mews.received] == [200, 400]


def test_an_answer_can_be_lost_for_any_request(open_door):
    door = open_door(faults=[LoseAnswer("getAll"), LoseAnswer("download")])
    export = door.added("OrderItem")
    door.clock.sleep(3)
    with pytest.raises(httpx.RemoteProtocolError):
        door.get_all(export["Id"])
    link = door.look(export["Id"])["Files"][0]["Url"]
    with pytest.raises(httpx.RemoteProtocolError):
        door.http.get(link)
    assert door.http.get(link).status_code == 200


# --------------------------------------------------------------------------- exports


def test_a_failed_export_has_no_files_and_does_not_block_the_next(open_door):
    door = open_door(faults=[Fail("OrderItem", times=1)])
    bill = door.added("Bill")
    export = door.added("OrderItem")
    assert door.look(export["Id"])["Status"] == "Pending"
    door.clock.sleep(3)
    failed = door.look(export["Id"])
    assert (failed["Status"], failed["Files"], failed["ExpiresUtc"]) == ("Failed", [], None)
    assert door.look(bill["Id"])["Status"] == "Success"
    assert door.finish("OrderItem")["Status"] == "Success"


def test_an_add_that_is_refused_does_not_use_up_a_failure(open_door):
    door = open_door(faults=[Fail(times=2)])
    first = door.added("OrderItem")
    assert door.add("OrderItem").status_code == 400
    door.clock.sleep(3)
    assert door.look(first["Id"])["Status"] == "Failed"
    assert [door.finish("OrderItem")["Status"] for _ in range(2)] == ["Failed", "Success"]


def test_an_unknown_status_stands_in_place_of_the_real_one(open_door):
    door = open_door(faults=[UnknownStatus("Paused", times=1)])
    export = door.added("OrderItem")
    assert export["Status"] == "Pending"
    assert door.look(export["Id"])["Status"] == "Paused"
    assert door.look(export["Id"])["Status"] == "Pending"


def test_links_expire_as_early_as_told(open_door):
    door = open_door(faults=[ExpireUrls(after=60, times=1)])
    export = door.finish()
    link = export["Files"][0]["Url"]
    door.clock.sleep(59)
    assert door.http.get(link).status_code == 200
    door.clock.sleep(1)
    assert door.http.get(link).status_code == 403
    link = door.look(export["Id"])["Files"][0]["Url"]
    door.clock.sleep(599)
    assert door.http.get(link).status_code == 200


def test_only_a_look_that_shows_links_uses_up_their_early_end(open_door):
    door = open_door(faults=[ExpireUrls(after=0, times=1)])
    export = door.added()
    door.look(export["Id"])  # Pending: there are no links yet
    door.clock.sleep(3)
    assert door.http.get(door.look(export["Id"])["Files"][0]["Url"]).status_code == 403
    assert door.http.get(door.look(export["Id"])["Files"][0]["Url"]).status_code == 200


# --------------------------------------------------------------------------- downloads


@pytest.mark.parametrize("after", [0, 1, 1000, 1023])
def test_a_dropped_download_ends_after_so_many_bytes(download, after):
    get = download(Drop(after))
    assert received(get) == (BODY[:after], httpx.RemoteProtocolError)
    assert received(get) == (BODY, None)


def test_a_body_that_is_not_longer_is_not_dropped(download):
    get = download(Drop(1000))
    assert get("bytes=24-").content == BODY[24:]
    with pytest.raises(httpx.RemoteProtocolError):
        get("bytes=23-")


@pytest.mark.parametrize("after", [0, 1000])
def test_a_stalled_download_stops_until_the_client_gives_up(download, after):
    get = download(Stall(after), timeout=0.2)
    assert received(get) == (BODY[:after], httpx.ReadTimeout)
    assert received(get) == (BODY, None)


def test_without_a_socket_a_stall_takes_its_time_on_the_clock(open_mews):
    clock = FakeClock()
    mews = open_mews(clock=clock, given=RECORDS, faults=[Stall(0)])
    transport = SandboxTransport(mews, clock)
    with httpx.Client(base_url=mews.address, transport=transport, timeout=600) as http:
        link = Door(mews, clock, http).link()
        with pytest.raises(httpx.ReadTimeout):
            http.get(link)
    assert clock.slept[-1] == 600


def test_a_dripping_download_comes_whole_and_takes_its_time(download):
    get = download(Drip(rate=2, after=1000))
    began = get.door.clock.monotonic()
    assert received(get) == (BODY, None)
    assert get.door.clock.monotonic() - began == pytest.approx(24 / 2)
    assert received(get) == (BODY, None)
    assert get.door.clock.monotonic() - began == pytest.approx(24 / 2)


def test_a_drip_may_take_longer_than_a_second_for_a_byte(download):
    get = download(Drip(rate=0.25, after=1022))
    began = get.door.clock.monotonic()
    assert received(get) == (BODY, None)
    assert get.door.clock.monotonic() - began == pytest.approx(2 / 0.25)


def test_a_drip_begins_where_told_also_in_a_large_part(open_door):
    part = bytes(300_000)
    door = open_door(given={"OrderItem": [part]}, faults=[Drip(rate=1000, after=298_000)])
    link, began = door.link(), door.clock.monotonic()
    assert door.http.get(link).content == part
    assert door.clock.monotonic() - began == pytest.approx(2)


def test_what_has_dripped_arrives_before_the_rest(open_mews):
    """The server holds nothing back: a byte is there while the next one is still to come."""
    from support.door import Door

    may_go_on = threading.Event()

    class Waiting(FakeClock):
        def sleep(self, seconds):
            if seconds == 1.0:
                assert may_go_on.wait(10)
            super().sleep(seconds)

    clock = Waiting()
    mews = open_mews(clock=clock, given=RECORDS, faults=[Drip(rate=1, after=1000)])
    server = SandboxServer(mews)
    with closing(server), httpx.Client(base_url=server.address) as http:
        link = Door(mews, clock, http).link()
        with http.stream("GET", link) as answer:
            chunks = answer.iter_raw()
            first = next(chunks)
            may_go_on.set()
            assert first == BODY[:1000]
            assert first + b"".join(chunks) == BODY


@pytest.mark.parametrize("rate", [0, -1])
def test_a_drip_without_a_rate_is_refused(rate):
    with pytest.raises(InvalidArgumentError, match="Stall"):
        Drip(rate=rate)


@pytest.mark.parametrize(("mask", "byte"), [(0xFF, 0xF5), (1, 0x0B)])
def test_a_corrupt_part_has_one_wrong_byte(download, mask, byte):
    get = download(Corrupt(offset=522, mask=mask))
    wrong = BODY[:522] + bytes([byte]) + BODY[523:]
    for _ in range(2):
        assert get().content == wrong
    assert get("bytes=500-").content == wrong[500:]
    assert get("bytes=0-521").content == BODY[:522]
    assert get("bytes=523-").content == BODY[523:]


def test_a_byte_is_wrong_wherever_in_a_large_part_it_lies(open_door):
    part = bytes(700_000)
    door = open_door(given={"OrderItem": [part, part]}, faults=[Corrupt(2, offset=600_000)])
    first, second = (door.http.get(file["Url"]).content for file in door.finish()["Files"])
    assert first == part
    assert second == part[:600_000] + b"\xff" + part[600_001:]


def test_only_a_download_that_holds_the_byte_uses_up_a_corruption(download):
    get = download(Corrupt(offset=522, times=1))
    assert get("bytes=600-").content == BODY[600:]
    assert get().content != BODY
    assert get().content == BODY


def test_a_truncated_part_is_shorter_than_mews_says_and_does_not_tell(download):
    get = download(Truncate(by=24, times=2))
    assert get().content == BODY[:1000]
    rest = get("bytes=10-")
    assert (rest.content, rest.headers["Content-Range"]) == (BODY[10:1000], "bytes 10-999/1000")
    assert get().content == BODY


def test_a_part_that_is_not_named_is_not_truncated(download):
    assert download(Truncate(part=2))().content == BODY


def test_without_ranges_the_whole_part_comes(download):
    get = download(NoRange(times=1))
    answer = get("bytes=1000-")
    assert (answer.status_code, answer.content) == (200, BODY)
    assert "Accept-Ranges" not in answer.headers
    assert get("bytes=1000-").content == BODY[1000:]


def test_a_compressed_part_comes_without_length_and_whole(download):
    get = download(Compress(times=1))
    with get.door.http.stream("GET", get.link, headers={"Range": "bytes=9-"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer.headers
    assert gzip.decompress(raw) == BODY
    assert get().headers.get("Content-Encoding") is None


def test_a_compressed_part_can_be_corrupt_too(download):
    raw, _ = received(download(Compress(), Corrupt(offset=9)))
    assert gzip.decompress(raw) == BODY[:9] + b"\xf6" + BODY[10:]


def test_what_was_sent_is_counted(download):
    get = download(Drop(1000))
    received(get)
    received(get)
    downloads = [each for each in get.door.mews.received if each.operation == "download"]
    assert [each.sent for each in downloads] == [1000, 1024]


# --------------------------------------------------------------------------- values


def test_earlier_faults_go_first():
    book = FaultBook([Refuse(500), Refuse(503), Refuse(429)])
    assert [book.take(Refuse).status for _ in range(3)] == [500, 503, 429]
    assert book.take(Refuse) is None


def test_a_fault_that_does_not_fit_is_kept_for_later():
    book = FaultBook([Drop(after=10), Drop(after=5)])
    assert book.take(Drop, lambda drop: drop.after < 8) == Drop(5)
    assert book.take(Drop, lambda drop: drop.after < 8) is None
    assert book.take(Drop) == Drop(10)


def test_threads_do_not_share_a_fault_that_happens_once():
    book, both = FaultBook([Refuse(500)]), threading.Barrier(2)
    taken = []

    def fits(_fault):
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # s; passed only if both are in here at once
        return True

    threads = [threading.Thread(target=lambda: taken.append(book.take(Refuse, fits))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fault is None for fault in taken) == [False, True]


@pytest.mark.parametrize(
    "fault",
    [
        Compress(),
        Corrupt(),
        Drip(1),
        Drop(1),
        ExpireUrls(1),
        Fail(),
        LoseAnswer(),
        NoRange(),
        Refuse(500, headers={"Location": "/"}),
        Stall(1),
        Truncate(),
        UnknownStatus("x"),
    ],
)
def test_a_fault_is_a_value(fault):
    assert pickle.loads(pickle.dumps(fault)) == fault  # noqa: S301 - our own
    assert hash(fault) == hash(pickle.loads(pickle.dumps(fault)))  # noqa: S301 - our own
    assert repr(fault).startswith(type(fault).__name__)
    with pytest.raises(AttributeError):
        fault.times = 7
