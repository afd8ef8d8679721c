"""A sync costs what changed: in bytes that are exported, and in files that are written."""

from datetime import timedelta
from uuid import UUID

from deltalake import DeltaTable

import mews_frames as mf
from mews_frames._sync import rows
from mews_frames.testing import Happening, Living

DAY = 86_400


def record(number, at, **fields):
    return Happening(at=at, id=str(UUID(int=number, version=4)), fields={"Notes": "x", **fields})


def downloaded(mews, since):
    return sum(r.sent for r in mews.requests[since:] if r.operation == "download")


def test_a_daily_delta_downloads_at_most_a_fifth_more_than_what_changed(clock):
    start = clock.now() - timedelta(days=400)
    living = Living(record(n, start + timedelta(minutes=n)) for n in range(2_000))
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)
        client.sync_entities("Bill", progress=False)
        everything, count = downloaded(mews, 0), len(mews.requests)
        first = clock.now() - timedelta(minutes=6)
        for n in range(500):  # all day long
            living.happen(record(n, first + timedelta(seconds=172 * n)))
        clock.move(DAY)
        client.sync_entities("Bill", progress=False)
        delta, count = downloaded(mews, count), len(mews.requests)
        window = (first, clock.now() - timedelta(minutes=6))
        client.load_entities("Bill", updated=window, refresh=True, progress=False)
        changed = downloaded(mews, count)
    assert 0 < changed < everything / 3
    assert delta <= 1.2 * changed


def test_only_slices_that_change_are_written_anew(clock, monkeypatch, tmp_path):
    monkeypatch.setattr(rows, "SLICE_ROWS", 100)
    start = clock.now() - timedelta(days=400)
    living = Living(record(n, start + timedelta(minutes=n)) for n in range(950))
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)

        def sync(**options):
            client.sync_entities("Bill", into=tmp_path / "t", progress=False, **options)
            return set(DeltaTable(tmp_path / "t").file_uris())

        before = sync()
        assert len(before) == 10
        living.happen(record(940, clock.now(), State="Closed"))
        living.happen(record(5, clock.now(), State="Closed"))
        clock.move(DAY)
        after = sync()
        assert len(after - before) == len(before - after) == 2
        for n in range(2_000, 2_120):  # 50 fill the last slice, 70 begin another one
            living.happen(record(n, clock.now()))
        clock.move(DAY)
        grown = sync()
        assert len(grown) == 11
        assert len(after - grown) == 1
        living.happen(Happening(at=clock.now(), id=record(3, start).id, is_deletion=True))
        clock.move(DAY)
        assert len(grown - sync(reconcile=True)) == 1
        frame = client.sync_entities("Bill", into=tmp_path / "t", progress=False)
        fresh = client.load_entities("Bill", refresh=True, progress=False)
        assert frame.collect().sort("Id").equals(fresh.collect().sort("Id"))
