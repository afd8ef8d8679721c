"""Living records of the sandbox: shown as of when an export was added, late ones late."""

from datetime import timedelta

import mews_frames as mf
from mews_frames.testing import FakeClock, Happening, Living

ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def ids(living, now):
    return sorted(record["Id"] for record in living.shown(now))


def test_what_is_late_shows_late_and_does_not_undo_what_came_after(clock):
    now = clock.now()
    living = Living(
        [
            Happening(at=now, id=ONE, fields={"Notes": "late"}, late=60),
            Happening(at=now + timedelta(seconds=10), id=TWO),
            Happening(at=now + timedelta(seconds=20), id=ONE, fields={"Notes": "in time"}),
        ]
    )
    assert ids(living, now + timedelta(seconds=15)) == [TWO]
    for seconds in (20, 100):
        shown = {r["Id"]: r.get("Notes") for r in living.shown(now + timedelta(seconds=seconds))}
        assert shown == {ONE: "in time", TWO: None}


def test_of_what_happens_at_one_instant_the_last_counts(clock):
    living = Living(Happening(at=clock.now(), id=ONE, fields={"Notes": n}) for n in "ab")
    assert [record["Notes"] for record in living.shown(clock.now())] == ["b"]
    living.happen(Happening(at=clock.now(), id=ONE, is_deletion=True))
    assert living.shown(clock.now()) == []


def test_windows_and_scopes_narrow_living_records(clock):
    minutes = timedelta(minutes=1)
    living = Living(
        Happening(at=clock.now() - n * minutes, id=each, fields={"EnterpriseId": each})
        for n, each in ((10, ONE), (20, TWO))
    )
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=0) as mews:
        client = mews.client(transport=mews.transport)

        def loaded(**options):
            return sorted(client.load_entities("Bill", progress=False, **options).collect()["Id"])

        assert loaded() == [ONE, TWO]
        assert loaded(enterprise_ids=[TWO]) == [TWO]
        assert loaded(updated=(clock.now() - 15 * minutes, clock.now() - 7 * minutes)) == [ONE]


def test_an_export_shows_records_as_of_when_it_was_added(clock):
    living = Living(
        Happening(at=clock.now() + timedelta(seconds=n), id=each)
        for n, each in ((0, ONE), (30, TWO))
    )
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=60) as mews:
        client = mews.client(transport=mews.transport)
        assert client.load_entities("Bill", progress=False).collect()["Id"].to_list() == [ONE]
        assert clock.monotonic() >= 60


def test_equal_seeds_make_equal_days():
    start = FakeClock().now()
    end = start + timedelta(days=3)
    one, same, other = (Living.seeded(seed=n, start=start, days=3) for n in (1, 1, 2))
    assert one.shown(end) == same.shown(end) != other.shown(end)
    assert one.shown(start) != one.shown(end)
