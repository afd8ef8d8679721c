"""How far a lazy frame reads ahead, and what it costs to stop early."""

import itertools
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from io import BytesIO

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import PLACE, AtOnce

from mews_frames._bridges import reading as room
from mews_frames._bridges.ahead import FIRST, MOST
from mews_frames._bridges.reading import Pace, chunks, reading
from mews_frames._frames.columns import keep
from mews_frames._frames.decode import AHEAD, decode_part
from mews_frames.errors import DecodeError


class Far:
    """A part of so many bytes, and what was read of it."""

    def __init__(self, size, most=4):
        self.size, self.most, self.asked, self.taken = size, most, [], 0
        self.ahead, self.side_by_side = [], []
        self.running = 0

    def submit(self, read, start, stop):
        self.running += 1
        self.asked.append((start, stop))
        self.ahead.append(stop - self.taken)
        self.side_by_side.append(self.running)
        future = Future()
        future.set_result(read(start, stop))
        return future

    def read(self, pace=None):
        read = chunks(
            lambda start, stop: bytes(stop - start),
            self.size,
            pace or Pace(),
            self,
            lambda: self.most,
        )
        for data in read:
            self.running -= 1
            self.taken += len(data)
            yield data


sizes = st.integers(0, 40 * MOST)


@given(sizes, st.integers(1, 5))
def test_all_of_a_part_is_read_once_and_in_order(size, most):
    far = Far(size, most)
    assert sum(map(len, far.read())) == size
    edges = [0, *(stop for _, stop in far.asked)]
    assert far.asked == list(itertools.pairwise(edges))
    assert edges[-1] == size


@given(sizes, st.integers(1, 5))
def test_no_more_is_read_ahead_than_was_taken(size, most):
    far = Far(size, most)
    pace = Pace()
    for _ in far.read(pace):
        _, stop = far.asked[-1]
        assert stop <= max(2 * far.taken, FIRST)
    assert max(far.side_by_side, default=0) <= most
    assert max(far.ahead, default=0) <= most * MOST


def test_memory_is_bounded_however_long_a_part_is():
    far = Far(1_000 * MOST)
    for _ in far.read():
        pass
    assert max(far.ahead) == 4 * MOST
    assert max(stop - start for start, stop in far.asked) == MOST
    assert len(far.asked) < 1_020


def test_the_first_bytes_cost_one_small_stretch():
    far = Far(100 * MOST)
    next(far.read())
    assert far.asked == [(0, FIRST)]


def test_the_next_part_goes_on_at_the_same_pace():
    pace = Pace()
    for _ in Far(100 * MOST).read(pace):
        pass
    far = Far(100 * MOST)
    next(far.read(pace))
    assert far.asked == [(i * MOST, (i + 1) * MOST) for i in range(4)]


def test_a_storage_without_ranges_is_asked_for_one_stretch_at_a_time():
    far = Far(100 * MOST, most=1)
    for _ in far.read():
        pass
    assert max(far.side_by_side) == 1


def test_who_takes_one_table_has_not_paid_for_the_next():
    """Blocks are decoded ahead only once somebody goes on."""
    line = b'{"Id":"a"}\n'
    given = []

    def arriving():
        for _ in range(20):
            given.append(1)
            yield line * 10

    tables = decode_part(arriving(), keep("Bill", None), PLACE, AtOnce(), block_size=len(line) * 10)
    next(tables)
    assert len(given) == 1
    next(tables)
    assert 1 < len(given) <= 2 + AHEAD
    assert sum(next(tables).num_rows for _ in range(8)) == 80
    assert len(given) <= 10 + AHEAD
    assert sum(table.num_rows for table in tables) == 100


def test_polars_hears_of_it_while_nothing_comes(monkeypatch):
    """Between frames, if only empty ones, it looks for Ctrl-C."""
    monkeypatch.setattr(room, "EVERY", 0.0)
    goes_on, empty, full = threading.Event(), pl.DataFrame({"a": []}), pl.DataFrame({"a": [1]})

    def silent():
        yield full
        goes_on.wait()
        yield full

    with reading(BytesIO(), None) as one:
        frames = one.patiently(silent(), empty)
        assert next(each for each in frames if each is not empty) is full
        assert [next(frames) for _ in range(3)] == [empty] * 3
        goes_on.set()
        assert [each for each in frames if each is not empty] == [full]


def test_an_error_comes_as_it_is():
    def broken():
        raise DecodeError("line 1")
        yield

    with (
        pytest.raises(DecodeError, match="line 1"),
        reading(BytesIO(), None) as one,
    ):
        list(one.patiently(broken(), pl.DataFrame()))


MEMORY = """
import sys
import mews_frames as mf, polars as pl
from mews_frames.testing import FakeClock

def peak():
    status = open("/proc/self/status").read()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1_000

client = mf.Client(*sys.argv[1:3], platform_address=sys.argv[3], cache_dir=sys.argv[4])
frame = client.load_entities("OrderItem", cache=False, progress=False)
total = frame.group_by("Type").agg(pl.col("Amount.NetValue").sum()).collect(engine="streaming")
print("peak in MB:", peak())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_memory_is_bounded_by_the_block_and_not_by_the_part(open_shop, tmp_path):
    """One part of 700 MB; pyarrow, polars and this library alone take 140 MB."""
    shop = open_shop(rows=400_000, parts=1)
    export = shop.finished()
    assert export.files[0].size > 600_000_000
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            MEMORY,
            shop.mews.client_token,
            shop.mews.access_token,
            shop.mews.address,
            str(tmp_path),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(re.search(r"peak in MB: (\d+)", run.stdout)[1]) < 400


STALLED = """
import sys, threading
import mews_frames as mf
from mews_frames.testing import Stall

stalls = Stall(after=100_000, times=None)
with mf.sandbox(rows=600, parts=1, duration=0, faults=[stalls]) as mews, mews.client() as client:
    frame = client.load_entities("OrderItem", cache=False, progress=False)

    def tell():
        while sum(r.sent for r in mews.requests if r.operation == "download") < 100_000:
            pass
        print("stalled", flush=True)

    threading.Thread(target=tell).start()
    try:
        frame.collect(engine=sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, only a console sends Ctrl-C")
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_ctrl_c_ends_a_query_whose_storage_has_fallen_silent(engine):
    """Nothing comes for 60 s; the sandbox goes with the process, so that no thread is left."""
    command = [sys.executable, "-c", STALLED, engine]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "stalled\n"
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        said = process.stdout.readline()
        process.wait()
    # Polars may raise it twice while streaming; then the process ends by it.
    assert said in {"interrupted\n", ""}
    assert time.monotonic() - began < 20
