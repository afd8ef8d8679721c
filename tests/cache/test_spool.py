"""Between download and decoding no byte is lost, doubled or swapped, and memory has a bound."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._cache.spool import MOST_IN_MEMORY, DiskSpool, MemorySpool
from mews_frames._stopped import OtherBytes, Stopped

PART = bytes(range(256)) * 40


@pytest.fixture(params=["disk", "memory"])
def open_spool(request, tmp_path):
    opened = []

    def open_one(size=10_240):
        disk = request.param == "disk"
        spool = DiskSpool(tmp_path / "part.partial", size) if disk else MemorySpool(size)
        opened.append(spool)
        return spool

    yield open_one
    for spool in opened:
        spool.close()


def test_what_is_written_is_read(open_spool):
    spool = open_spool()
    for start in range(0, len(PART), 1000):
        spool.write(PART[start : start + 1000])
    assert spool.position == len(PART)
    assert b"".join(spool.chunks()) == PART


def test_a_part_of_no_bytes_has_no_chunks(open_spool):
    assert list(open_spool(0).chunks()) == []


def test_reading_waits_for_writing(open_spool):
    spool = open_spool()
    read = []
    reader = threading.Thread(target=lambda: read.extend(spool.chunks()))
    reader.start()
    spool.write(PART[:100])
    spool.write(PART[100:])
    reader.join(10)
    assert b"".join(read) == PART


def test_a_part_that_is_sent_again_is_read_once(open_spool):
    spool = open_spool()
    spool.write(PART[:5000])
    spool.restart()
    assert spool.position == 0
    spool.write(PART[:7000])
    spool.restart()
    spool.write(PART)
    assert b"".join(spool.chunks()) == PART


@given(st.lists(st.integers(1, 3000), max_size=8), st.integers(1, 700))
def test_restarts_at_any_byte_change_nothing(stops, step):
    spool = MemorySpool(len(PART))
    for stop in stops:
        for start in range(0, stop, step):
            spool.write(PART[start : min(start + step, stop)])
        spool.restart()
    spool.write(PART)
    assert b"".join(spool.chunks()) == PART


def test_a_failure_at_one_end_ends_the_other(open_spool):
    spool = open_spool()
    spool.write(PART[:10])
    spool.fail(OSError("unplugged"))
    with pytest.raises(OSError, match="unplugged"):
        list(spool.chunks())
    with pytest.raises(Stopped):
        spool.write(PART[10:])


def test_a_later_run_goes_on_where_the_earlier_one_stopped(tmp_path):
    path = tmp_path / "part.partial"
    before = DiskSpool(path, len(PART))
    before.write(PART[:3000])
    before.close()
    after = DiskSpool(path, len(PART))
    assert after.position == 3000
    after.write(PART[3000:])
    assert b"".join(after.chunks()) == PART
    after.close()


def test_a_file_longer_than_the_part_is_not_believed(tmp_path):
    path = tmp_path / "part.partial"
    path.write_bytes(PART + b"more")
    spool = DiskSpool(path, len(PART))
    assert spool.position == 0
    spool.close()


@pytest.mark.parametrize("wrong", [0, 57, 99])
@pytest.mark.parametrize("step", [1, 30, 100, 150])
def test_bytes_that_come_again_must_be_the_same(open_spool, wrong, step):
    spool = open_spool()
    spool.write(PART[:100])
    spool.restart()
    other = bytearray(PART)
    other[wrong] ^= 1
    pieces = [bytes(other[start : start + step]) for start in range(0, 300, step)]
    with pytest.raises(OtherBytes):
        any(map(spool.write, pieces))


def test_two_processes_at_one_part_do_not_harm_each_other(tmp_path):
    path = tmp_path / "part.partial"
    one, other = DiskSpool(path, len(PART)), DiskSpool(path, len(PART))
    one.write(PART[:4000])
    other.write(PART[:6000])
    one.write(PART[4000:])
    other.write(PART[6000:])
    assert b"".join(one.chunks()) == b"".join(other.chunks()) == PART
    assert path.read_bytes() == PART
    one.close()
    other.close()


@pytest.mark.skipif(os.name != "posix", reason="mode bits are POSIX")
def test_the_file_is_private(tmp_path):
    spool = DiskSpool(tmp_path / "part.partial", 10)
    assert (tmp_path / "part.partial").stat().st_mode & 0o777 == 0o600
    spool.close()


def test_a_file_that_can_be_opened_only_once_is_closed_again(tmp_path, monkeypatch):
    opened, really_open = [], Path.open

    def only_once(path, *mode, **options):
        if opened:
            raise FileNotFoundError
        opened.append(really_open(path, *mode, **options))
        return opened[0]

    monkeypatch.setattr(Path, "open", only_once)
    with pytest.raises(FileNotFoundError):
        DiskSpool(tmp_path / "part.partial", 10)
    assert opened[0].closed


def test_a_planted_link_is_not_written_through(tmp_path):
    (tmp_path / "precious").write_text("mine")
    try:
        (tmp_path / "part.partial").symlink_to(tmp_path / "precious")
    except OSError:
        pytest.skip("no right to make links")
    with pytest.raises(OSError):  # noqa: PT011 - the number differs between systems
        DiskSpool(tmp_path / "part.partial", 10)
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_reader_that_is_slow_holds_up_the_writer():
    chunk = bytes(1024 * 1024)
    count = 3 * MOST_IN_MEMORY // len(chunk)
    spool = MemorySpool(count * len(chunk))
    held = []
    writer = threading.Thread(target=lambda: [spool.write(chunk) for _ in range(count)])
    writer.start()
    for data in spool.chunks():
        held.append(spool.position)
        assert len(data) <= len(chunk)
    writer.join(10)
    ahead = [position - len(chunk) * number for number, position in enumerate(held, start=1)]
    assert max(ahead) <= MOST_IN_MEMORY + 2 * len(chunk)
