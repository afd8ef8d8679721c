"""Many processes load the same at once: one export, one download, equal frames."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from support import hotel
from support.mortal import Hurried, Nest

import mews_frames as mf
from mews_frames.testing import Drip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the nest forks")

ROWS, PROCESSES = 300, 8
LINES = hotel.all_lines("OrderItem", ROWS)
PARTS = [b"\n".join([*LINES[:180], b""]), b"\n".join([*LINES[180:], b""])]
SLOWLY = Drip(rate=16_384, times=None)


@pytest.fixture(scope="module")
def nest():
    nest = Nest()
    yield nest
    nest.close()


def open_mews():
    # 16 KB every 2 ms: all of them are there while the first one downloads.
    clock = Hurried(500.0)
    return mf.sandbox(records={"OrderItem": PARTS}, faults=[SLOWLY], duration=0.1, clock=clock)


def all_at_once(nest, mews, folder, **more):
    def one(number):
        mine = folder / str(number)
        order = {
            "address": mews.address,
            "client_token": mews.client_token,
            "access_token": mews.access_token,
            "cache": str(folder / "cache"),
            "out": str(mine / "frame"),
        }
        life = nest.live(mine, **order, **more)
        assert life.error is None
        assert life.is_done
        return pl.read_ipc(mine / "frame")

    with ThreadPoolExecutor(PROCESSES) as lives:
        return list(lives.map(one, range(PROCESSES)))


def check_frames(frames, mews, folder):
    expected = [json.loads(line)["Id"] for line in LINES]
    for frame in frames:
        assert frame["Id"].to_list() == expected
        assert frame.equals(frames[0])
    with mews.client(cache_dir=folder / "cache") as client:
        before = len(mews.requests)
        assert client.load_entities("OrderItem", progress=False).collect().equals(frames[0])
        assert len(mews.requests) == before
        assert client.cache.verify() == ()
    assert not list(folder.rglob("*.tmp"))
    assert not list(folder.rglob("*.partial"))


def added(mews):
    return [r.status for r in mews.requests if r.operation == "add"]


def test_eight_processes_add_one_export_and_download_each_part_once(nest, tmp_path):
    with open_mews() as mews:
        frames = all_at_once(nest, mews, tmp_path)
        assert added(mews) == [200]
        downloads = Counter(r.path for r in mews.requests if r.operation == "download")
        assert sorted(downloads.values()) == [1, 1]
        check_frames(frames, mews, tmp_path)


def test_eight_processes_whose_locks_do_nothing_mix_nothing(nest, tmp_path):
    with open_mews() as mews:
        frames = all_at_once(nest, mews, tmp_path, lying=True)
        # All ask, and Mews refuses while one runs. Who looked before an id was on disk, and asks
        # after the end of that export, adds another one; no id is ever written over.
        assert len(added(mews)) > 1, "the locks did something"
        check_frames(frames, mews, tmp_path)
        with mews.client(cache_dir=tmp_path / "cache") as client:
            assert client.exports().height == added(mews).count(200)
