"""A stretch of a part: only its bytes, whatever the storage makes of ranges."""

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from mews_frames._exports.download import Download, Memory
from mews_frames._exports.links import Link
from mews_frames._models import ExportFile
from mews_frames._redact import Secret
from mews_frames.errors import ConnectionFailedError, DownloadError, IntegrityError

EXPORT = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
PART = bytes(range(256)) * 40
SIZE = len(PART)
CHUNK = 1000


@dataclass
class Opened:
    status: int
    headers: dict
    chunks: object


@dataclass
class Storage:
    """A file behind a link that never dies, and what becomes of those who ask for it."""

    part: bytes = PART
    etag: str | None = '"1"'
    ranges: bool = True
    cut_after: int | None = None
    asked: list = field(default_factory=list)
    sent: int = 0

    @contextmanager
    def get(self, _url, headers):
        self.asked.append(dict(headers))
        start, stop = 0, len(self.part)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        fresh = headers.get("If-Range") in {None, self.etag}
        partial = found and self.ranges and fresh
        answered = {"ETag": self.etag} if self.etag else {}
        if partial:
            start = int(found[1])
            stop = min(int(found[2] or stop) + 1, stop)
            answered["Content-Range"] = f"bytes {start}-{stop - 1}/{len(self.part)}"
        status = 206 if partial else 200
        answered["Content-Length"] = str(stop - start)
        yield Opened(status, answered, lambda: self.body(self.part[start:stop]))

    def body(self, data):
        for start in range(0, len(data), CHUNK):
            if self.cut_after is not None and start >= self.cut_after:
                self.cut_after = None
                raise ConnectionFailedError("files.example broke off the connection")
            chunk = data[start : start + CHUNK]
            self.sent += len(chunk)
            yield chunk

    @property
    def asked_ranges(self):
        return [headers.get("Range") for headers in self.asked]


class OneLink:
    def get(self, _number):
        return Link(Secret("https://files.example/1"), 1)

    def refused(self, _link):
        raise AssertionError


class Spool:
    """Takes what is written, wherever it stands."""

    def __init__(self, start):
        self.position, self.data = start, {}

    def write(self, data):
        self.data |= {self.position + i: byte for i, byte in enumerate(data)}
        self.position += len(data)

    def restart(self):
        self.position = 0


@pytest.fixture
def read(clock):
    memory = Memory()

    def stretch(storage, start, stop, size=SIZE):
        download = Download(EXPORT, storage.get, OneLink(), clock, threading.Event())
        spool = Spool(start)
        download.stretch(ExportFile(1, size), stop, spool, memory)
        return bytes(spool.data[i] for i in range(start, stop))

    stretch.memory = memory
    return stretch


@pytest.mark.parametrize(
    ("start", "stop", "asks"),
    [
        (0, 10, "bytes=0-9"),
        (1000, 5000, "bytes=1000-4999"),
        (SIZE - 1, SIZE, f"bytes={SIZE - 1}-"),
        (0, SIZE, None),
    ],
)
def test_only_the_stretch_is_asked_for(read, start, stop, asks):
    storage = Storage()
    assert read(storage, start, stop) == PART[start:stop]
    assert storage.asked_ranges == [asks]
    assert storage.sent == stop - start


def test_an_empty_stretch_is_not_asked_for(read):
    storage = Storage()
    assert read(storage, 5, 5) == b""
    assert storage.asked == []


def test_a_stretch_that_breaks_off_is_gone_on_with(read):
    storage = Storage(cut_after=2000)
    assert read(storage, 1000, 6000) == PART[1000:6000]
    assert storage.asked_ranges == ["bytes=1000-5999", "bytes=3000-5999"]


@pytest.mark.parametrize(("start", "stop"), [(0, 2000), (1000, 3500), (SIZE - 500, SIZE)])
def test_a_storage_without_ranges_is_read_from_the_start(read, start, stop):
    storage = Storage(ranges=False)
    assert read(storage, start, stop) == PART[start:stop]
    assert not read.memory.ranges
    assert storage.sent < stop + 2 * CHUNK  # no more than it takes to get there
    read(storage, start, stop)
    assert storage.asked_ranges[1] is None


def test_a_storage_with_ranges_is_not_taken_for_one_without(read):
    read(Storage(), 0, SIZE)
    read(Storage(), 1000, 2000)
    assert read.memory.ranges


def test_later_stretches_name_the_version_of_the_first(read):
    storage = Storage()
    read(storage, 0, 10)
    read(storage, 10, 20)
    assert storage.asked[1]["If-Range"] == '"1"'


@pytest.mark.parametrize("ranges", [True, False])
def test_stretches_of_two_versions_are_not_mixed(read, ranges):
    read(Storage(ranges=ranges), 0, 10)
    with pytest.raises(IntegrityError, match=r"part 1 of export .* changed while it was read"):
        read(Storage(ranges=ranges, etag='"2"'), 10, 20)


def test_a_version_is_remembered_across_answers_that_name_none(read):
    read(Storage(), 0, 10)
    read(Storage(etag=None), 10, 20)
    with pytest.raises(IntegrityError, match="changed"):
        read(Storage(etag='"2"'), 20, 30)


def test_the_end_of_a_part_that_is_short_is_an_error(read):
    with pytest.raises(IntegrityError, match=f"ends after {SIZE - 5} bytes"):
        read(Storage(PART[:-5]), SIZE - 100, SIZE)


def test_the_end_of_a_part_that_is_long_is_an_error(read):
    with pytest.raises(IntegrityError, match="longer than"):
        read(Storage(PART + b"more"), SIZE - 100, SIZE)


class Wrong(Storage):
    """Gives ranges wrong names."""

    @contextmanager
    def get(self, url, headers):
        with super().get(url, headers) as answer:
            if answer.status == 206:
                answer.headers["Content-Range"] = f"bytes 0-9/{SIZE}"
                self.etag = '"2"'
            yield answer


def test_what_is_no_range_of_the_part_is_not_taken_for_one(read):
    assert read(Wrong(), 1000, 1010) == PART[1000:1010]


def test_a_refused_range_does_not_make_another_version_welcome(read):
    read(Storage(), 0, 10)
    with pytest.raises(IntegrityError, match="changed"):
        read(Wrong(), 1000, 1010)


def test_a_storage_that_is_down_is_given_up(read):
    class Down(Storage):
        @contextmanager
        def get(self, _url, headers):
            self.asked.append(headers)
            yield Opened(503, {}, lambda: iter([b"busy"]))

    with pytest.raises(DownloadError, match="stopped at 1000"):
        read(Down(), 1000, 2000)
