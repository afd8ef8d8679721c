"""Real processes and real sockets: two at once, and one that is killed between its steps."""

import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._clock import SystemClock
from mews_frames.testing import Happening, Living

SYNC = """
import sys
import mews_frames as mf

def tell(event):
    if event.stage in ("ready", "found"):  # the rows are in the cache, and nowhere else yet
        print("there", flush=True)
        sys.stdin.read()

with mf.Client(cache_dir=sys.argv[1]) as client:
    client.sync_entities("Bill", into=sys.argv[2], progress=tell)
"""


def bill(number, at, **fields):
    return Happening(at=at, id=f"00000000-0000-4000-8000-{number:012}", fields=fields)


class Ahead(SystemClock):
    """Real time, for processes are real; at Mews it may be later."""

    by = timedelta()

    def now(self):
        return super().now() + self.by


@pytest.fixture
def clock():
    return Ahead()


@pytest.fixture
def living():
    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    return Living(bill(number, long_ago) for number in range(200))


@pytest.fixture
def mews(living, clock):
    with mf.sandbox(records={"Bill": living}, duration=0, clock=clock) as box:
        yield box


@pytest.fixture
def started(mews, tmp_path, monkeypatch):
    """Start a process that syncs, and waits before the merge for its input to end."""
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", mews.client_token)
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", mews.access_token)
    monkeypatch.setenv("MEWS_PLATFORM_ADDRESS", mews.address)

    @contextmanager
    def started(cache="cache"):
        words = [sys.executable, "-c", SYNC, tmp_path / cache, tmp_path / "table"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(words, text=True, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    return started


@pytest.fixture
def synced(mews, tmp_path):
    client = mews.client(cache_dir=tmp_path / "cache")
    return lambda: client.sync_entities("Bill", into=tmp_path / "table", progress=False).collect()


def adds(mews):
    return [request for request in mews.requests if request.operation == "add"]


def test_a_process_killed_between_download_and_commit_loses_nothing(
    mews, living, clock, started, synced, tmp_path
):
    synced()
    clock.by = timedelta(minutes=1)  # instants on the wire have whole seconds
    an_hour_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    living.happen(bill(7, an_hour_ago, Notes="changed"))
    living.happen(bill(200, an_hour_ago))
    with started() as process:
        assert process.stdout.readline() == "there\n"
        process.kill()
        assert process.wait() < 0
    assert DeltaTable(tmp_path / "table").version() == 0
    assert len(adds(mews)) == 2
    rows = synced()
    assert rows.height == 201
    assert rows.filter(Notes="changed").height == 1
    # What the dead process had downloaded was merged; only the rest was asked for.
    assert DeltaTable(tmp_path / "table").version() == 1
    starts = [r.body["Filters"]["UpdatedUtc"]["StartUtc"] for r in adds(mews)[1:]]
    assert len(starts) == 2
    assert starts[0] < starts[1]


@pytest.mark.parametrize(
    "caches",
    [("cache", "cache"), pytest.param(("cache", "another"), marks=pytest.mark.slow)],
)
def test_two_processes_sync_one_table_at_once(mews, living, started, synced, tmp_path, caches):
    synced()
    lately = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    for number in range(150, 250):
        living.happen(bill(number, lately, Notes="both see it"))
    with started(caches[0]) as one, started(caches[1]) as other:
        for process in (one, other):
            assert process.stdout.readline() == "there\n"
        for process in (one, other):  # both have read the table, and go for the commit
            process.stdin.close()
        for process in (one, other):
            assert process.wait(60) == 0, process.stderr.read()
    rows = synced().sort("Id")
    fresh = mews.client().load_entities("Bill", refresh=True, progress=False)
    assert_frame_equal(rows, fresh.collect().sort("Id"))
    assert rows.filter(Notes="both see it").height == 100
    assert DeltaTable(tmp_path / "table").version() == 1
