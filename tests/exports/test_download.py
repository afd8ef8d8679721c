"""One part, whole and in order, across broken connections and links that die."""

import base64
import gzip
import hashlib
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime

import pytest

from mews_frames._exports import download as room
from mews_frames._exports import opening
from mews_frames._exports.download import Download
from mews_frames._exports.links import Link
from mews_frames._models import ExportFile
from mews_frames._redact import Secret
from mews_frames._stopped import OtherBytes, Stopped
from mews_frames.errors import ConnectionFailedError, DownloadError, IntegrityError

EXPORT = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
PART = bytes(range(256)) * 40
SIZE = len(PART)
URL = "https://files.example/part-1.jsonl?sig=CANARY"


@dataclass
class Reply:
    """An answer of a storage: some chunks, and then perhaps no good end."""

    status: int = 200
    chunks: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)

    def body(self, clock):
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if isinstance(chunk, float):
                clock.sleep(chunk)
            else:
                yield chunk

    @contextmanager
    def open(self, clock):
        yield Opened(self.status, self.headers, lambda: self.body(clock))


@dataclass
class Opened:
    status: int
    headers: dict
    chunks: object


def in_chunks(data, size=1000):
    return [data[start : start + size] for start in range(0, len(data), size)]


BROKEN = ConnectionFailedError("files.example broke off the connection (ReadError)")


def whole(*, until=SIZE, end=None, **headers):
    return Reply(200, in_chunks(PART[:until]) + ([end] if end else []), named(headers))


def rest(offset, *, until=SIZE, end=None, total=SIZE, **headers):
    ranged = {"Content-Range": f"bytes {offset}-{until - 1}/{total}"}
    chunks = in_chunks(PART[offset:until]) + ([end] if end else [])
    return Reply(206, chunks, ranged | named(headers))


def other(reply):
    """Give an answer other bytes: whoever takes them for the part is found out."""
    return Reply(reply.status, [bytes(len(chunk)) for chunk in reply.chunks], reply.headers)


def packed_other(reply):
    zeros = b"".join(other(reply).chunks)
    return Reply(reply.status, [gzip.compress(zeros)], reply.headers)


def refused(status, **headers):
    return Reply(status, [b"<Error/>"], named(headers))


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Spool:
    def __init__(self, there=b""):
        self.data, self.position = bytearray(there), len(there)

    def write(self, data):
        self.data[self.position : self.position + len(data)] = data
        self.position += len(data)

    def restart(self):
        self.position = 0


class OneLink:
    def __init__(self, url=URL):
        self.url, self.renewed = url, 0

    def get(self, _number):
        return Link(Secret(self.url), self.renewed)

    def refused(self, link):
        assert link.generation == self.renewed
        self.renewed += 1


class Storage:
    """Answers downloads from a script; the last answer stays."""

    def __init__(self, clock, replies, *, url=URL, insecure=False):
        self.clock, self.replies, self.asked, self.told = clock, list(replies), [], []
        self.links, self.stop = OneLink(url), threading.Event()
        self.download = Download(EXPORT, self.get, self.links, clock, self.stop, insecure=insecure)

    def get(self, url, headers):
        self.asked.append((url.reveal(), dict(headers)))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply.open(self.clock)

    def bring(self, spool=None, size=SIZE):
        spool = Spool() if spool is None else spool
        self.download(ExportFile(1, size), spool, self.told.append)
        return bytes(spool.data[: spool.position])

    @property
    def ranges(self):
        return [headers.get("Range") for _, headers in self.asked]


@pytest.fixture
def storage(clock):
    return lambda *replies, **options: Storage(clock, replies, **options)


def test_a_part_comes_whole_and_is_counted(storage, clock):
    there = storage(whole())
    assert there.bring() == PART
    assert there.asked == [(URL, {"Accept-Encoding": "identity"})]
    assert sum(there.told) == SIZE
    assert clock.slept == []


def test_an_empty_part_is_not_asked_for(storage):
    there = storage(refused(500))
    assert there.bring(size=0) == b""
    assert there.asked == []


def test_what_is_there_already_is_not_asked_for(storage):
    there = storage(refused(500))
    assert there.bring(Spool(PART)) == PART
    assert there.asked == []


# --------------------------------------------------------------------------- resume


def test_a_broken_download_goes_on_where_it_stopped(storage):
    there = storage(whole(until=4000, end=BROKEN), rest(4000))
    assert there.bring() == PART
    assert there.ranges == [None, "bytes=4000-"]
    assert sum(there.told) == SIZE


def test_what_an_earlier_run_left_is_gone_on_with(storage):
    there = storage(rest(4000))
    assert there.bring(Spool(PART[:4000])) == PART
    assert there.ranges == ["bytes=4000-"]


def test_a_capped_range_is_gone_on_with(storage, clock):
    there = storage(whole(until=4000, end=BROKEN), rest(4000, until=6000), rest(6000))
    assert there.bring() == PART
    assert there.ranges == [None, "bytes=4000-", "bytes=6000-"]


def test_a_range_names_the_version_that_it_goes_on_with(storage):
    there = storage(whole(until=4000, end=BROKEN, ETag='"1"'), rest(4000, ETag='"1"'))
    assert there.bring() == PART
    assert there.asked[1][1]["If-Range"] == '"1"'


def test_a_weak_version_is_not_named(storage):
    """RFC 9110, section 13.1.5: If-Range takes strong ones only."""
    there = storage(whole(until=4000, end=BROKEN, ETag='W/"1"'), rest(4000, ETag='W/"1"'))
    assert there.bring() == PART
    assert "If-Range" not in there.asked[1][1]


@pytest.mark.parametrize(
    "unfit",
    [
        whole(),  # ranges are not honoured
        refused(416),
        other(rest(4000, total=SIZE + 1)),
        other(rest(3000)),
        other(rest(4000, ETag='"2"')),
        packed_other(rest(4000, Content_Encoding="gzip")),
        other(Reply(206, [PART[4000:]], {})),
    ],
    ids=["200", "416", "other total", "other start", "other version", "compressed", "no range"],
)
def test_a_range_that_does_not_fit_is_not_taken(storage, unfit):
    there = storage(whole(until=4000, end=BROKEN, ETag='"1"'), unfit, whole())
    assert there.bring() == PART
    assert sum(there.told) == SIZE


def test_after_a_refused_range_the_whole_part_is_asked_for(storage):
    there = storage(
        whole(until=4000, end=BROKEN), refused(416), whole(until=5000, end=BROKEN), whole()
    )
    assert there.bring() == PART
    assert there.ranges == [None, "bytes=4000-", None, None]


# --------------------------------------------------------------------------- links


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_link_that_is_refused_is_renewed(storage, status):
    there = storage(refused(status), whole())
    assert there.bring() == PART
    assert there.links.renewed == 1


@pytest.mark.parametrize("ask", ["get", "refused"])
def test_that_mews_gives_no_links_is_not_tried_again(storage, ask):
    there = storage(refused(403), whole())

    def fail(*_):
        there.asked.append(ask)
        raise ConnectionFailedError("api.mews.com could not be reached")

    setattr(there.links, ask, fail)
    with pytest.raises(ConnectionFailedError, match="api"):
        there.bring()
    assert there.asked[-1:] == [ask]
    assert len(there.asked) <= 2


def test_a_fresh_link_is_tried_at_once_and_the_next_one_after_a_pause(storage, clock):
    assert storage(refused(403), whole()).bring() == PART
    assert clock.slept == []
    assert storage(refused(403), refused(403), whole()).bring() == PART
    assert clock.slept != []


def test_a_link_that_dies_half_way_is_renewed_and_gone_on_with(storage):
    there = storage(whole(until=4000, end=BROKEN), refused(403), rest(4000))
    assert there.bring() == PART
    assert there.ranges == [None, "bytes=4000-", "bytes=4000-"]


@pytest.mark.parametrize("url", ["http://files.example/1?sig=CANARY", "ftp://x/1", "", "http://[x"])
def test_a_link_that_is_not_https_is_refused(storage, url):
    there = storage(whole(), url=url)
    with pytest.raises(DownloadError, match="not https") as caught:
        there.bring()
    assert there.asked == []
    assert "CANARY" not in str(caught.value)


def test_a_link_may_be_http_where_the_platform_is(storage):
    assert storage(whole(), url="http://127.0.0.1/1", insecure=True).bring() == PART


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_host_is_followed(storage, status):
    there = storage(refused(status, Location="/moved?sig=2"), whole())
    assert there.bring() == PART
    assert there.asked[1] == ("https://files.example/moved?sig=2", there.asked[0][1])


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/part?sig=CANARY",
        "//elsewhere.example/part?sig=CANARY",
        "https://files.example:8443/part",
        "http://files.example/part?sig=CANARY",
        "https://[x",
    ],
)
def test_a_redirect_out_of_the_host_is_refused(storage, location):
    there = storage(refused(302, Location=location), whole())
    with pytest.raises(DownloadError, match="another host") as caught:
        there.bring()
    assert len(there.asked) == 1
    assert caught.value.export_id == EXPORT
    assert "CANARY" not in str(caught.value)


def test_redirects_in_a_circle_end(storage):
    there = storage(refused(302, Location="/again"))
    with pytest.raises(DownloadError, match="circles"):
        there.bring()
    assert len(there.asked) == opening.MOST_REDIRECTS + 1


# --------------------------------------------------------------------------- patience


@pytest.mark.parametrize(
    "trouble", [refused(500), refused(503), refused(408), refused(429), BROKEN]
)
def test_trouble_is_waited_out_with_growing_pauses(storage, clock, trouble):
    there = storage(trouble, trouble, trouble, whole())
    assert there.bring() == PART
    assert clock.monotonic() == 1 + 2 + 4


def test_a_retry_after_is_obeyed(storage, clock):
    assert storage(refused(503, Retry_After="100"), whole()).bring() == PART
    assert clock.monotonic() == 100


def test_a_retry_after_beyond_all_patience_is_an_error_that_names_it(storage, clock):
    with pytest.raises(DownloadError, match="wait 1000 s"):
        storage(refused(503, Retry_After="1000")).bring()
    assert clock.slept == []


def test_attempts_that_bring_nothing_end(storage):
    there = storage(BROKEN)
    with pytest.raises(DownloadError, match="stopped at 0 of 10240 bytes: files") as caught:
        there.bring()
    assert len(there.asked) == room.BUDGET
    assert (caught.value.export_id, caught.value.part) == (EXPORT, 1)
    assert type(caught.value) is DownloadError


def test_every_byte_gained_resets_the_budget(storage):
    drops = [rest(n, until=n + 1, end=BROKEN) for n in range(1, 100)]
    there = storage(whole(until=1, end=BROKEN), *drops, rest(100))
    assert there.bring() == PART


def test_bytes_that_came_before_are_no_gain(storage):
    """Where ranges do not work, a restart that ends earlier brings nothing."""
    there = storage(
        *[whole(until=n, end=BROKEN) for n in (5000, 4000, 4500, 3000, 4900, 100, 4000)]
    )
    with pytest.raises(DownloadError):
        there.bring()
    assert len(there.asked) == 1 + room.BUDGET


def test_a_link_that_drips_is_cut(storage, clock):
    drip = [piece for byte in PART[:200] for piece in (bytes([byte]), 1.0)]
    there = storage(Reply(200, drip), rest(32))
    assert there.bring() == PART
    assert there.ranges == [None, "bytes=32-"]
    assert clock.monotonic() < 35


def test_links_that_always_drip_are_an_error(storage, clock):
    def drip(status, start):
        pieces = [piece for byte in PART[start:] for piece in (bytes([byte]), 1.0)]
        ranged = {"Content-Range": f"bytes {start}-{SIZE - 1}/{SIZE}"} if start else {}
        return Reply(status, pieces, ranged)

    there = storage(drip(200, 0), *(drip(206, 32 * n) for n in range(1, 10)))
    with pytest.raises(DownloadError, match="bytes came in 31 s"):
        there.bring()
    assert len(there.asked) == room.BUDGET


def test_a_link_that_is_slow_but_steady_is_not_cut(storage, clock):
    steady = [piece for chunk in in_chunks(PART, 1100) for piece in (chunk, 1.0)]
    storage(Reply(200, steady * 10)).bring(size=SIZE * 10)
    assert clock.monotonic() >= 90


def test_a_fast_beginning_does_not_excuse_a_drip(storage, clock):
    fast = [bytes(100_000), 1.0] * 31
    size = 31 * 100_000 + 1000
    end = {"Content-Range": f"bytes {size - 900}-{size - 1}/{size}"}
    there = storage(Reply(200, [*fast, *[b"x", 1.0] * 999]), Reply(206, [bytes(900)], end))
    with pytest.raises(DownloadError):
        there.bring(size=size)
    cut = int(there.ranges[1].removeprefix("bytes=").removesuffix("-"))
    assert cut < size - 900


def test_the_time_that_writing_takes_is_not_the_fault_of_the_link(storage, clock):
    class Busy(Spool):
        def write(self, data):
            clock.sleep(100)
            super().write(data)

    there = storage(whole())
    there.bring(Busy())
    assert len(there.asked) == 1


# --------------------------------------------------------------------------- sizes


def test_a_part_that_is_too_short_is_an_error_and_not_asked_for_forever(storage):
    short = whole(until=4000, Content_Length="4000")
    there = storage(short, refused(416), short)
    with pytest.raises(
        IntegrityError, match="ends after 4000 bytes; Mews promised 10240"
    ) as caught:
        there.bring()
    assert len(there.asked) == 3
    assert (caught.value.export_id, caught.value.part) == (EXPORT, 1)


def test_a_part_that_is_empty_though_it_should_not_be_is_an_error(storage):
    with pytest.raises(IntegrityError, match="ends after 0 bytes"):
        storage(Reply(200, [], {"Content-Length": "0"})).bring()


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_only_a_body_that_says_its_end_says_that_the_part_is_short(storage, headers):
    """Where it does not, a connection that is cut looks like the end."""
    there = storage(Reply(200, [], headers), whole())
    if headers:
        with pytest.raises(IntegrityError, match="ends after 0 bytes"):
            there.bring()
    else:
        assert there.bring() == PART


def test_an_answer_that_ended_early_only_once_is_made_up_for(storage):
    there = storage(whole(until=4000), rest(4000))
    assert there.bring() == PART


@pytest.mark.parametrize("extra", [[b"x"], [b"", b"x"], [PART]])
def test_a_part_that_is_too_long_is_an_error(storage, extra):
    spool = Spool()
    with pytest.raises(IntegrityError, match="longer than the 10240 bytes"):
        storage(Reply(200, [*in_chunks(PART), *extra])).bring(spool)
    assert spool.position < SIZE  # the reading end never took it for whole


def test_the_last_bytes_are_handed_over_when_the_body_has_ended_well(storage):
    spool = Spool()
    there = storage(whole(end=BROKEN), rest(10_000))
    assert there.bring(spool) == PART
    assert there.ranges == [None, "bytes=10000-"]


@pytest.mark.parametrize("status", [201, 203, 206, 304])
def test_a_status_that_no_storage_gives_is_an_error(storage, status):
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        storage(refused(status)).bring()
    assert caught.value.status == status


# --------------------------------------------------------------------------- checksums


def md5_of(data):
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def test_a_body_with_the_digest_of_its_headers_is_taken(storage):
    assert storage(whole(Content_MD5=md5_of(PART))).bring() == PART


def test_a_body_without_the_digest_of_its_headers_is_damaged(storage):
    spool = Spool()
    with pytest.raises(IntegrityError, match=r"part 1 of export .* MD5") as caught:
        storage(whole(Content_MD5=md5_of(b"another"))).bring(spool)
    assert spool.position < SIZE  # the reading end never took it for whole
    assert (caught.value.export_id, caught.value.part) == (EXPORT, 1)


@pytest.mark.parametrize("digest", ["", "what?", "YWJj", "ü"])
def test_what_is_no_digest_is_not_compared(storage, digest):
    assert storage(whole(Content_MD5=digest)).bring() == PART


def test_a_digest_says_nothing_of_a_rest_or_of_what_was_unpacked(storage):
    wrong = md5_of(b"another")
    there = storage(whole(until=4000, end=BROKEN), rest(4000, Content_MD5=wrong))
    assert there.bring() == PART
    body = packed(PART)
    body.headers["Content-MD5"] = wrong
    assert storage(body).bring() == PART


def test_a_body_that_is_short_is_short_whatever_its_digest(storage):
    there = storage(whole(until=4000, Content_MD5=md5_of(PART)), rest(4000))
    assert there.bring() == PART


def test_other_bytes_of_a_part_that_is_sent_again_are_an_error_that_names_it(storage):
    class Comparing(Spool):
        def write(self, data):
            if self.data[self.position : self.position + len(data)] not in (b"", data):
                raise OtherBytes
            super().write(data)

    there = storage(whole(until=4000, end=BROKEN), refused(416), other(whole()))
    with pytest.raises(IntegrityError, match=r"part 1 of export .* with other bytes") as caught:
        there.bring(Comparing())
    assert (caught.value.export_id, caught.value.part) == (EXPORT, 1)


# --------------------------------------------------------------------------- compressed


def packed(data, encoding="gzip"):
    body = gzip.compress(data) if encoding.endswith("gzip") else zlib.compress(data)
    return Reply(200, in_chunks(body, 100), {"Content-Encoding": encoding})


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate"])
def test_what_comes_compressed_though_nobody_asked_is_read(storage, encoding):
    assert storage(packed(PART, encoding)).bring() == PART


@pytest.mark.parametrize("data", [b"a" * 5_000_000, b"ab" * 2_000_000 + b"c", bytes(1_048_576 * 2)])
def test_what_compresses_well_comes_to_its_last_byte(storage, data):
    assert storage(packed(data)).bring(size=len(data)) == data


def test_a_bomb_is_read_in_bounded_steps_and_no_further_than_the_size(storage):
    sizes = []

    class Watching(Spool):
        def write(self, data):
            sizes.append(len(data))
            super().write(data)

    bomb = Reply(200, [gzip.compress(bytes(200_000_000))], {"Content-Encoding": "gzip"})
    with pytest.raises(IntegrityError, match="longer"):
        storage(bomb).bring(Watching(), size=3_000_000)
    assert max(sizes) <= 1024 * 1024
    assert sum(sizes) <= 3_000_000


def test_a_wrong_checksum_is_noticed_before_the_last_bytes_are_handed_over(storage):
    body = bytearray(gzip.compress(PART))
    body[-8] ^= 1  # CRC32 stands before the length
    damaged = Reply(200, [bytes(body)], {"Content-Encoding": "gzip"})
    spool = Spool()
    with pytest.raises(DownloadError, match="damaged"):
        storage(damaged).bring(spool)
    assert spool.position < SIZE
    assert storage(damaged, packed(PART)).bring() == PART


def test_a_compressed_body_without_its_end_is_not_taken(storage):
    cut = Reply(200, [gzip.compress(PART)[:-8]], {"Content-Encoding": "gzip"})
    assert storage(cut, packed(PART)).bring() == PART
    with pytest.raises(DownloadError, match="cut short"):
        storage(cut).bring()


def test_a_compressed_download_that_broke_begins_anew(storage):
    first = packed(PART)
    first.chunks = [*first.chunks[:3], BROKEN]
    assert storage(first, packed(PART)).bring() == PART


def test_a_compression_that_nobody_knows_is_an_error(storage):
    with pytest.raises(DownloadError, match="'br'"):
        storage(Reply(200, [PART], {"Content-Encoding": "br"})).bring()


# --------------------------------------------------------------------------- stop


def test_a_stop_is_noticed_between_chunks(storage):
    there = storage(whole())
    spool = Spool()

    def tell(size):
        there.stop.set()

    with pytest.raises(Stopped):
        there.download(ExportFile(1, SIZE), spool, tell)
    assert spool.position == 1000


def test_a_stop_is_noticed_before_anything_is_asked(storage):
    there = storage(whole())
    there.stop.set()
    with pytest.raises(Stopped):
        there.bring()
    assert there.asked == []


def test_a_stop_is_noticed_during_a_pause(storage, clock):
    there = storage(refused(503, Retry_After="800"))
    sleep = clock.sleep

    def stopping(seconds):
        sleep(seconds)
        there.stop.set()

    clock.sleep = stopping
    with pytest.raises(Stopped):
        there.bring()
    assert clock.monotonic() <= 1


def test_errors_show_no_signature(storage):
    for reply in (BROKEN, refused(418), whole(until=10), Reply(200, [*in_chunks(PART), b"x"])):
        with pytest.raises(DownloadError) as caught:
            storage(reply).bring()
        assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("ours", [-3600, 0, 3600])
def test_a_date_to_wait_for_is_told_by_the_clock_of_the_storage(storage, clock, ours):
    there = clock.now() - timedelta(seconds=ours)
    headers = {"Date": format_datetime(there, usegmt=True)}
    headers["Retry_After"] = format_datetime(there + timedelta(seconds=90), usegmt=True)
    assert storage(refused(503, **headers), whole()).bring() == PART
    assert sum(clock.slept) == 90
