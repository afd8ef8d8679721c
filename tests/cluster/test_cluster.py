"""The workers of a real cluster bring the parts: two processes, sockets, and one that dies."""

import os
import signal
import threading

import cloudpickle
import distributed
import pandas as pd
import pytest
from support.elsewhere import wiped

import mews_frames as mf
from mews_frames._bridges import cluster as bridge
from mews_frames.testing import Drip, ExpireUrls

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the processes that are killed
]

ROWS = 1_500


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, in an environment that knows nothing of Mews."""
    with (
        wiped(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


@pytest.fixture
def mews():
    # The first two parts take two seconds: so long both workers are in the middle of one.
    slow = Drip(rate=300_000, times=2)
    with mf.sandbox(rows=ROWS, parts=6, duration=0, faults=[slow]) as box:
        yield box


@pytest.fixture
def client(mews, tmp_path, cluster):
    (tmp_path / "team").mkdir()
    return mews.client(cache_dir=tmp_path / "mine", shared_cache=tmp_path / "team")


def downloads(mews):
    return [r for r in mews.requests if r.operation == "download"]


def load(client, **options):
    return client.load_entities("OrderItem", progress=False, **options)


def check_whole(frame, client):
    there = load(client, backend="pandas")
    here = frame.compute().reset_index(drop=True)
    pd.testing.assert_frame_equal(here, there)
    assert len(here) == ROWS


def test_workers_bring_the_parts_and_one_that_dies_costs_none(mews, client, cluster, tmp_path):
    def kill_one():
        while len(downloads(mews)) < 2 and not over.wait(0.005):
            pass
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    over, killed = threading.Event(), []
    (pid, *_) = cluster.run(os.getpid).values()
    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    frame = load(client, backend="dask")
    over.set()
    killer.join()
    assert len(killed) == 1
    assert not list((tmp_path / "mine").rglob("*.parquet"))  # nothing came through here
    seen = len(downloads(mews))
    assert seen >= 7  # the part that died with it came again
    check_whole(frame, client)  # pandas, too, is served from what the workers brought
    assert len(downloads(mews)) == seen


def test_links_that_die_are_replaced_from_here(tmp_path, cluster, monkeypatch):
    """Every link that is handed out first is dead: the storage refuses it."""
    lent = []

    def stale_first(link):
        lent.append(link)
        return bridge_lent(link if len(lent) > 2 else link.replace("?", "?dead"))

    bridge_lent = bridge.Lent
    monkeypatch.setattr(bridge, "Lent", stale_first)
    (tmp_path / "team").mkdir()
    with mf.sandbox(rows=600, parts=3, duration=0) as mews:
        client = mews.client(cache_dir=tmp_path / "mine", shared_cache=tmp_path / "team")
        assert len(load(client, backend="dask")) == 600
        assert len(lent) == 5
        assert [r.operation for r in mews.requests].count("getAll") >= 2  # links are new
        assert 403 in {r.status for r in downloads(mews)}


def test_links_that_are_all_dead_end_the_call_with_an_error_that_helps(tmp_path, cluster):
    (tmp_path / "team").mkdir()
    with mf.sandbox(rows=100, parts=1, duration=0, faults=[ExpireUrls(0)]) as mews:
        client = mews.client(cache_dir=tmp_path / "mine", shared_cache=tmp_path / "team")
        with pytest.raises(mf.errors.DownloadError, match="6 links of it were refused") as caught:
            load(client, backend="dask")
    assert type(caught.value) is mf.errors.DownloadError
    assert caught.value.part == 1
    assert caught.value.export_id == client.exports()["id"].item()


def test_no_token_goes_to_a_worker(mews, client, cluster, monkeypatch):
    sent = []
    submit = cluster.submit

    def listening(*args, **options):
        sent.append(cloudpickle.dumps((args, options)))
        return submit(*args, **options)

    monkeypatch.setattr(cluster, "submit", listening)
    frame = load(client, backend="dask", columns=["Id"])
    assert len(sent) == 6
    everything = b"".join(sent) + cloudpickle.dumps(frame.__dask_graph__())
    for secret in (mews.client_token, mews.access_token):
        assert secret.encode() not in everything
    assert b"sig" in b"".join(sent).lower() or b"?" in b"".join(sent)  # the link is there
    assert "?" not in repr(bridge.Lent("https://storage.example/part?sig=canary"))


@pytest.mark.slow
def test_without_a_shared_cache_this_machine_brings_them(mews, cluster, tmp_path):
    client = mews.client(cache_dir=tmp_path / "alone")
    frame = load(client, backend="dask")
    assert len(list((tmp_path / "alone").rglob("*.parquet"))) == 6
    assert len(frame) == ROWS


def test_an_error_of_a_worker_is_the_error_of_the_call(tmp_path, cluster):
    (tmp_path / "team").mkdir()
    lines = [b'{"Id": "a"}\n{"Id": \n']
    with mf.sandbox(duration=0, records={"OrderItem": lines}) as mews:
        client = mews.client(cache_dir=tmp_path / "mine", shared_cache=tmp_path / "team")
        with pytest.raises(mf.errors.DecodeError) as caught:
            load(client, backend="dask")
    assert caught.value.line == 2
    assert not list((tmp_path / "team").rglob("export.json"))
