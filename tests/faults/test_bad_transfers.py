"""Downloads that go wrong over real sockets: the frame is the one it should be, or an error."""

import base64
import hashlib
import json
import os
import subprocess
import sys

import httpx
import pytest
from support.shop import ROWS, meeting
from support.troubles import (
    bomb,
    changed,
    cut,
    disturb,
    fine,
    longer_by,
    reset,
    saying,
    without_length,
)

import mews_frames as mf
from mews_frames import errors
from mews_frames._clock import SystemClock
from mews_frames._connector import http as wire
from mews_frames.testing import Compress, Corrupt, Drip, FakeClock, NoRange, Stall, Truncate

DAY = 86_400


@pytest.fixture(scope="module")
def clean():
    """What every load must come to."""
    with mf.sandbox(rows=ROWS, clock=FakeClock()) as mews:
        return mews.client().load_entities("OrderItem", progress=False).collect()


@pytest.fixture
def meet(monkeypatch, clock):
    def open_one(*troubles, **options):
        return meeting(monkeypatch, clock, *troubles, **options)

    return open_one


def is_error_and_nothing_is_served(met, kind, match):
    with pytest.raises(errors.MewsError, match=match) as caught:
        met.load()
    assert type(caught.value) is kind
    assert not any(entry.complete for entry in met.client.cache.entries())
    return caught.value


# --------------------------------------------------------------------------- it ends well


@pytest.mark.parametrize(
    "troubles",
    [
        [cut(0)],
        [cut(5000), cut(10_000), cut(1)],
        [reset(0)],
        [reset(5000), reset(10)],
        [without_length()],
        [without_length(until=5000)],
        [without_length(until=0)],
        [cut(5000), saying(500, body=b"oops"), saying(503), saying(429, Retry_After="3")],
        [cut(5000), saying(408, body=b""), reset(1000), without_length(until=70)],
    ],
    ids=[
        "cut at once",
        "cut thrice",
        "reset at once",
        "reset twice",
        "no length",
        "no length, short",
        "no length, empty",
        "busy in the middle",
        "a bit of all",
    ],
)
@pytest.mark.parametrize("columns", [None, ["Id", "Amount"]], ids=["disk", "memory"])
def test_trouble_on_the_way_changes_nothing(meet, clean, troubles, columns):
    """With columns left out a part is spooled in memory, and else on disk."""
    with meet(*troubles, parts=1) as met:
        frame = met.load(columns=columns)
        assert frame.equals(clean.select(frame.columns))
        met.check()


def test_what_has_arrived_is_not_fetched_again(meet, clean):
    with meet(reset(5000), cut(5000), parts=1) as met:
        assert met.load().equals(clean)
        assert met.ranges == ["bytes=5000-", "bytes=10000-"]
        met.check()


def test_a_silent_storage_is_given_up_and_asked_again(meet, clean, monkeypatch):
    monkeypatch.setitem(wire.TIMEOUT, "read", 0.2)
    with meet(faults=[Stall(5000), Stall(0)], parts=1) as met:
        assert met.load().equals(clean)
        assert met.ranges == ["bytes=5000-"] * 2
        met.check()


def test_a_byte_a_second_is_cut_and_gone_on_with(meet, clean, clock):
    with meet(faults=[Drip(rate=1, after=5000)], parts=1) as met:
        assert met.load().equals(clean)
        assert met.statuses == [200, 206]
        assert clock.monotonic() > 30
        met.check()


@pytest.mark.parametrize("after", [None, 5000])
def test_what_comes_compressed_though_nobody_asked_is_read(meet, clean, after):
    troubles = [] if after is None else [cut(after)]
    with meet(*troubles, faults=[Compress()], parts=1) as met:
        assert met.load().equals(clean)
        met.check()


def test_a_pause_that_was_asked_for_is_kept(meet, clean, clock):
    with meet(saying(503, Retry_After="100"), parts=1) as met:
        assert met.load().equals(clean)
        assert 100 <= clock.monotonic() < 150


# --------------------------------------------------------------------------- it is an error


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_of_a_day_is_an_error_at_once(meet, clock, status):
    with meet(always=saying(status, Retry_After=str(DAY))) as met:
        began = clock.monotonic()
        is_error_and_nothing_is_served(met, errors.DownloadError, "asks to wait 86400 s")
        assert clock.monotonic() - began < 60  # the export itself took its time


def test_a_storage_that_is_always_cut_off_is_an_error_in_the_end(meet):
    with meet(always=cut(0)) as met:
        is_error_and_nothing_is_served(met, errors.DownloadError, "stopped at 0 of")


def test_a_part_that_is_short_is_an_error(meet):
    with meet(faults=[Truncate(part=2, by=1)]) as met:
        error = is_error_and_nothing_is_served(met, errors.IntegrityError, "Mews promised")
        assert error.part == 2


def test_a_part_that_is_always_short_without_saying_so_is_an_error(meet):
    with meet(always=without_length(until=5000), faults=[NoRange()], parts=1) as met:
        is_error_and_nothing_is_served(met, errors.DownloadError, "stopped at 5000 of")


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("extra", [1, 1_000_000])
def test_a_part_that_is_long_is_an_error(meet, extra, said):
    with meet(always=longer_by(extra, said=said), parts=1) as met:
        is_error_and_nothing_is_served(met, errors.IntegrityError, "is longer than")


def test_a_damaged_byte_that_breaks_a_line_is_an_error_and_the_next_call_fetches_anew(meet):
    with meet(faults=[Corrupt(part=1, offset=5000, times=1)]) as met:
        is_error_and_nothing_is_served(met, errors.DecodeError, r"part 1 of export .*: line 4")
        assert met.load().height == ROWS
        met.check()


def flip(body):
    """Make another digit of a digit: valid JSON of the same length."""
    where = body.index(b'"NetValue":') + len(b'"NetValue":')
    while not body[where : where + 1].isdigit():
        where += 1
    digit = b"7" if body[where : where + 1] != b"7" else b"3"
    return body[:where] + digit + body[where + 1 :]


def test_a_damaged_digit_cannot_be_noticed(meet, clean):
    """So it is said in docs/explanation/reliability.md. TLS notices, and nothing after it can."""
    with meet(changed(flip), parts=1) as met:
        frame = met.load()
        assert frame.height == clean.height
        assert not frame.equals(clean)


@pytest.mark.parametrize("columns", [None, ["Id", "Amount"]], ids=["disk", "memory"])
def test_a_damaged_digit_is_noticed_where_the_storage_gives_a_digest(meet, clean, columns):
    def damaged(handler, answer):
        body = b"".join(answer.body)
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        saying(body=flip(body), Content_MD5=digest)(handler, answer)

    with meet(damaged, parts=1) as met:
        with pytest.raises(errors.IntegrityError, match=r"part 1 of export .* MD5"):
            met.load(columns=columns)
        assert not any(entry.complete for entry in met.client.cache.entries())
        frame = met.load(columns=columns)
        assert frame.equals(clean.select(frame.columns))
        met.check()


@pytest.mark.parametrize("columns", [None, ["Id", "Amount"]], ids=["disk", "memory"])
def test_two_versions_of_a_part_are_never_mixed(meet, clean, columns):
    with meet(cut(20_000), saying(416), changed(flip), parts=1) as met:
        with pytest.raises(errors.IntegrityError, match=r"part 1 of export .* other bytes"):
            met.load(columns=columns)
        frame = met.load(columns=columns)
        assert frame.equals(clean.select(frame.columns))
        met.check()


# --------------------------------------------------------------------------- bombs

CHILD = """
from pathlib import Path
import mews_frames as mf

def in_mb(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))

mf.load_entities("OrderItem", progress=False).collect()  # what a good part needs
Path("/proc/self/clear_refs").write_text("5")  # the peak begins here: man 5 proc
before = in_mb("VmRSS")
try:
    mf.load_entities("OrderItem", progress=False, refresh=True)
except mf.errors.MewsError as error:
    print(type(error).__name__, error.message)
print(in_mb("VmHWM") - before)
"""


def grown(mews, folder):
    """Load in a process of its own; give its error, and by how many MB it has grown."""
    settings = {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
        "MEWS_FRAMES_CACHE_DIR": str(folder),
    }
    said = subprocess.run(
        [sys.executable, "-c", CHILD],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not said.stderr
    message, megabytes = said.stdout.splitlines()
    return message, int(megabytes)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_gzip_bomb_takes_no_memory(monkeypatch, tmp_path):
    """4 GB of zeros in 4 MB. What httpx does itself would unpack 64 MB at a time."""
    troubles = fine, bomb(4 << 30)
    with meeting(monkeypatch, SystemClock(), *troubles, parts=1, duration=0) as met:
        message, megabytes = grown(met.mews, tmp_path)
    assert message.startswith("IntegrityError")
    assert "is longer than" in message
    assert megabytes < 40


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_gzip_bomb_of_the_api_itself_is_no_answer(monkeypatch, tmp_path):
    """A proxy may send anything: 64 MB are taken at most, and those that one block unpacks to."""
    with mf.sandbox(rows=ROWS, parts=1, duration=0) as mews:
        disturb(monkeypatch, fine, bomb(4 << 30), on="exports/add")
        message, megabytes = grown(mews, tmp_path)
    assert message.startswith("ServerError")
    assert "answered with more than 64 MB" in message
    assert megabytes < 200


@pytest.mark.parametrize("door", ["socket", "transport"])
def test_a_storage_that_drips_from_its_first_byte_is_slow_and_no_more(clock, door):
    with mf.sandbox(rows=30, parts=1, clock=clock, faults=[Drip(2000)]) as mews:
        client = mews.client(**{"transport": mews.transport} if door == "transport" else {})
        assert client.load_entities("OrderItem", progress=False).collect().height == 30
        (download,) = [r for r in mews.requests if r.operation == "download"]
        assert download.status == 200


def test_an_answer_about_something_else_is_not_served(clock):
    """Two processes that share a connection, or a proxy, may mix up answers."""
    with mf.sandbox(rows=30, clock=clock) as mews:
        client = mews.client()
        wrong = client.start_export("Company").id
        clock.sleep(600)

        def mixed_up(request):
            answer = mews.transport.handle_request(request)
            if not request.url.path.endswith("/add") or len(mews.requests) > 3:
                return answer
            data = json.loads(b"".join(answer.stream))
            data["Export"]["Id"] = wrong
            return httpx.Response(200, json=data)

        other = mews.client(transport=httpx.MockTransport(mixed_up), cache_dir=mews.folder / "b")
        with pytest.raises(errors.ServerError, match="one of Company"):
            other.load_entities("OrderItem", progress=False)
        clock.sleep(3600)
        frame = other.load_entities("OrderItem", progress=False).collect()
        assert frame.height == 30
        assert frame["_rescued_data"].null_count() == 30
