"""Between download and decoding no byte is lost, doubled or swapped, and memory has a bound."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mews_frames._cache.spool import CHUNK, MOST_IN_MEMORY, DiskSpool, MemorySpool
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


BLOCK = 65_536
LARGE = bytes(i * i % 251 for i in range(3 * BLOCK + 1234))


def left_by(end, tmp_path, stop, step=4096):
    """Leave the files of a run that ended after `stop` bytes; killed, it closed nothing."""
    spool = DiskSpool(tmp_path / "part.partial", len(LARGE))
    for start in range(0, stop, step):
        spool.write(LARGE[start : min(start + step, stop)])
    if end == "kill":
        files = {p: p.read_bytes() for p in tmp_path.iterdir()}
        spool.close()
        for path, data in files.items():
            path.write_bytes(data)
    else:
        spool.close()
    return tmp_path / "part.partial"


@pytest.mark.parametrize("stop", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, len(LARGE)])
@pytest.mark.parametrize("step", [1000, BLOCK, 2 * BLOCK])
def test_neither_an_interrupt_nor_a_kill_costs_a_byte_that_was_written(tmp_path, stop, step):
    path = left_by("interrupt", tmp_path, stop, step)
    spool = DiskSpool(path, len(LARGE))
    assert spool.position == stop
    spool.write(LARGE[stop:])
    assert b"".join(spool.chunks()) == LARGE
    spool.close()
    path.unlink()
    path = left_by("kill", tmp_path, stop, step)
    spool = DiskSpool(path, len(LARGE))
    assert spool.position == stop
    spool.write(LARGE[spool.position :])
    assert b"".join(spool.chunks()) == LARGE
    spool.close()


@pytest.mark.parametrize("suffix", [".partial", ".sums"])
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_only_bytes_as_they_came_are_built_upon(tmp_path, suffix, data):
    path = left_by(data.draw(st.sampled_from(["kill", "interrupt"])), tmp_path, 2 * BLOCK + 777)
    change(path.with_suffix(suffix), data)
    spool = DiskSpool(path, len(LARGE))
    assert path.read_bytes()[: spool.position] == LARGE[: spool.position]
    spool.write(LARGE[spool.position :])
    assert b"".join(spool.chunks()) == LARGE
    spool.close()
    for each in tmp_path.iterdir():
        each.unlink()


def change(path, data):
    """Flip, cut or insert a byte somewhere in a file."""
    whole = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(whole) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "insert", "end"])):
        case "flip":
            whole[position] ^= data.draw(st.integers(1, 255))
        case "cut":
            del whole[position]
        case "insert":
            whole.insert(position, data.draw(st.integers(0, 255)))
        case "end":
            del whole[position:]
    path.write_bytes(whole)


def test_the_beginning_of_another_part_is_not_built_upon(tmp_path):
    path = left_by("interrupt", tmp_path, 2 * BLOCK)
    for each in (path, path.with_suffix(".sums")):
        each.rename(each.with_stem("other"))
    spool = DiskSpool(tmp_path / "other.partial", len(LARGE))
    assert spool.position == 0
    spool.close()


def test_blocks_that_changed_places_are_not_built_upon(tmp_path):
    path = left_by("interrupt", tmp_path, 2 * BLOCK)
    for each, size in ((path, BLOCK), (path.with_suffix(".sums"), 20)):
        whole = each.read_bytes()
        each.write_bytes(whole[size:] + whole[:size])
    spool = DiskSpool(path, len(LARGE))
    assert spool.position == 0
    spool.close()


def test_what_an_older_release_left_without_digests_is_fetched_again(tmp_path):
    path = left_by("interrupt", tmp_path, 2 * BLOCK)
    path.with_suffix(".sums").unlink()
    spool = DiskSpool(path, len(LARGE))
    assert spool.position == 0
    spool.write(LARGE)
    assert b"".join(spool.chunks()) == LARGE
    spool.close()


def test_a_part_that_is_sent_again_has_right_digests(tmp_path):
    path = tmp_path / "part.partial"
    spool = DiskSpool(path, len(LARGE))
    spool.write(LARGE[: BLOCK + 5])
    spool.restart()
    spool.write(LARGE[: 2 * BLOCK])
    spool.close()
    spool = DiskSpool(path, len(LARGE))
    assert spool.position == 2 * BLOCK
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


def test_a_writer_that_waits_for_room_is_let_go_when_nobody_reads_any_more():
    spool = MemorySpool(100 * CHUNK)
    stopped = threading.Event()

    def write():
        try:
            for _ in range(100):
                spool.write(bytes(CHUNK))
        except Stopped:
            stopped.set()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    next(spool.chunks())
    spool.close()
    thread.join(20)
    assert stopped.is_set()
