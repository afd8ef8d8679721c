"""Whatever happens in whatever order: after a sync the table is what Mews has."""

from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._sync.table import Table
from mews_frames.testing import FakeClock, Happening, Living

LATE = 3_900
"""Seconds. What shows later than an hour and six minutes needs a reconcile: no test says else."""


class Crash(BaseException):
    """The process is gone."""


def crash():
    raise Crash


class Steps:
    """Counts the steps of a sync, and does something at one of them."""

    def __init__(self):
        self.at, self.act, self.taken = None, None, 0

    def __call__(self, *, inside=False):
        if inside and self.act is not crash:
            return  # Delta's writer cannot be entered again from within
        self.taken += 1
        if self.at is not None and self.taken == self.at:
            act, self.act, self.at = self.act, None, None
            act()

    @contextmanager
    def doing(self, act, at):
        self.taken, self.at, self.act = 0, at, act
        try:
            yield
        finally:
            self.at = self.act = None


class Door(httpx.BaseTransport):
    """Steps before and after each request."""

    def __init__(self, transport, steps):
        self.transport, self.steps = transport, steps

    def handle_request(self, request):
        self.steps()
        answer = self.transport.handle_request(request)
        self.steps()
        return answer


def stepping(method, steps):
    """Steps before a commit, between its batches, and after it."""

    def stepped(self, *args, **kwargs):
        def batches(frames):
            for frame in frames:
                yield frame
                steps(inside=True)

        args = [batches(arg) if hasattr(arg, "__next__") else arg for arg in args]
        steps()
        method(self, *args, **kwargs)
        steps()

    return stepped


class World:
    """A hotel, its table, and two who sync it, each with a cache of their own."""

    def __init__(self, entity_type, folder, patch):
        self.entity_type, self.clock, self.steps = entity_type, FakeClock(), Steps()
        self.living, self.ids, self.count = Living(), [], 0
        self.into = Path(folder) / "table"
        for name in ("create", "replace", "look"):
            patch.setattr(Table, name, stepping(getattr(Table, name), self.steps))
        records = {entity_type: self.living}
        self.mews = mf.sandbox(records=records, clock=self.clock, duration=1, parts=2)
        quiet = Steps()
        self.clients = [
            self.mews.client(
                transport=Door(self.mews.transport, steps), cache_dir=Path(folder) / str(number)
            )
            for number, steps in enumerate((self.steps, quiet))
        ]

    # ----------------------------------------------------------------- what happens at Mews

    def create(self, late=0):
        self.ids.append(str(UUID(int=len(self.ids), version=4)))
        self._happen(self.ids[-1], late)

    def update(self, which, late=0):
        if self.ids:
            self._happen(self.ids[which % len(self.ids)], late)

    def delete(self, which):
        if self.ids:
            self._happen(self.ids[which % len(self.ids)], 0, is_deletion=True)

    def wait(self, seconds):
        self.clock.move(seconds)

    def _happen(self, record, late, *, is_deletion=False):
        self.count += 1
        fields = {"Notes": str(self.count)}
        if self.entity_type == "LedgerEntry":
            fields = {"Value": self.count, "PostingDate": self.clock.now().date().isoformat()}
        at = self.clock.now().replace(microsecond=0)
        self.living.happen(
            Happening(at=at, id=record, fields=fields, is_deletion=is_deletion, late=late)
        )

    # ----------------------------------------------------------------- what we do about it

    def sync(self, who=0, **options):
        return self.clients[who].sync_entities(
            self.entity_type, into=self.into, progress=False, **options
        )

    def crash(self, at, **options):
        # A crash within Delta's writer comes out as an error of Delta's.
        with self.steps.doing(crash, at), suppress(Crash, mf.errors.TableError):
            self.sync(**options)

    def meet(self, at, mine, theirs):
        """Have somebody else sync in the middle of a sync."""
        with self.steps.doing(lambda: self.sync(1, reconcile=theirs), at):
            self.sync(reconcile=mine)

    def fresh(self):
        posted = ("2010-01-01", "2030-01-01") if self.entity_type == "LedgerEntry" else None
        frame = self.clients[1].load_entities(
            self.entity_type, posted=posted, refresh=True, progress=False
        )
        return frame.collect().sort("Id")


late = st.sampled_from([0, 0, 0, 1, 400, LATE])
which = st.integers(0, 5)
step = st.integers(1, 16)
ACTIONS = st.one_of(
    st.tuples(st.just("create"), late),
    st.tuples(st.just("update"), which, late),
    st.tuples(st.just("delete"), which),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 59, 360, 361, 3_600, 90_000])),
    st.tuples(st.just("sync")),
    st.tuples(st.just("crash"), step),
    st.tuples(st.just("meet"), step, st.booleans(), st.booleans()),
)
STORIES = st.lists(ACTIONS, min_size=3, max_size=14)


def tell(story, entity_type):
    """Live through a story, then compare the table with a fresh export of everything."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        world = World(entity_type, folder, patch)
        with world.mews:
            for name, *args in story:
                getattr(world, name)(*args)
            # Everything shows, and lies before the end of a window.
            world.wait(LATE + 361)
            synced = world.sync().collect().sort("Id")
            fresh = world.fresh()
            assert synced["Id"].is_unique().all()
            assert_frame_equal(synced.join(fresh, on="Id", how="semi"), fresh)
            deleted = set(synced["Id"]) - set(fresh["Id"])
            assert deleted <= set(world.ids)
            if entity_type == "LedgerEntry":  # deletions in the tail show without a reconcile
                assert not deleted
            world.wait(1)
            assert_frame_equal(world.sync(reconcile=True).collect().sort("Id"), fresh)


CHECKS = settings(
    max_examples=3,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@CHECKS
@given(story=STORIES)
@example(story=[("create", 0), ("sync",), ("update", 0, LATE), ("wait", 90), ("sync",)])
@example(story=[("create", 0), ("sync",), ("wait", 361), ("update", 0, 0), ("sync",)])
@example(story=[("create", 0), ("wait", 600), ("crash", 12), ("create", 0), ("wait", 600)])
def test_a_synced_table_is_what_mews_has(story):
    tell(story, "Bill")


@settings(CHECKS, max_examples=1)
@given(story=STORIES)
@example(story=[("create", 0), ("create", 0), ("wait", 400), ("sync",), ("delete", 0)])
def test_so_is_one_of_ledger_entries(story):
    tell(story, "LedgerEntry")


@pytest.mark.slow
@settings(CHECKS, max_examples=300, derandomize=False)
@given(story=STORIES, entity_type=st.sampled_from(["Bill", "LedgerEntry"]))
@pytest.mark.timeout(3_600)
def test_so_is_any_other_in_a_long_run(story, entity_type):
    tell(story, entity_type)


def a_story(entity_type="Bill"):
    """Two records, one of which changes between two syncs, and a third that comes."""
    return [("create", 0), ("create", 0), ("wait", 400), ("sync",), ("wait", 90_000),
            ("update", 0, 0), ("create", 0), ("wait", 400)]  # fmt: skip


STEPS = range(1, 18)
QUICK = (11, 13)


def steps_in_turn():
    """Steps to try: a few by default, all of them in a long run."""
    return [at if at in QUICK else pytest.param(at, marks=pytest.mark.slow) for at in STEPS]


@pytest.mark.parametrize("at", steps_in_turn())
def test_a_crash_at_any_step_loses_nothing(at):
    tell([*a_story(), ("crash", at)], "Bill")


@pytest.mark.slow
@pytest.mark.parametrize("at", STEPS)
def test_a_crash_of_a_first_sync_loses_nothing(at):
    tell([*a_story()[:3], ("crash", at)], "Bill")


@pytest.mark.parametrize("at", steps_in_turn())
def test_another_sync_at_any_step_does_no_harm(at):
    tell([*a_story(), ("meet", at, False, False)], "Bill")


@pytest.mark.slow
@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize(("mine", "theirs"), [(True, False), (False, True), (True, True)])
def test_nor_does_a_reconcile(at, mine, theirs):
    tell([*a_story(), ("delete", 1), ("wait", 400), ("meet", at, mine, theirs)], "Bill")


def test_the_steps_of_these_tests_reach_the_end_of_a_sync():
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        world = World("Bill", folder, patch)
        with world.mews:
            world.create()
            world.wait(400)
            world.sync()
            assert max(QUICK) < world.steps.taken < max(STEPS)


def test_a_seeded_hotel_is_followed_day_by_day(clock):
    living = Living.seeded(seed=7, start=clock.now(), days=3)
    with mf.sandbox(records={"Bill": living}, clock=clock, duration=1) as mews:
        client = mews.client(transport=mews.transport)
        for day in range(3):
            synced = client.sync_entities("Bill", reconcile=day == 2, progress=False)
            clock.move(86_400)
        changed = client.changes("Bill", since=0)
        clock.move(-86_400)
        fresh = client.load_entities("Bill", refresh=True, progress=False)
        assert_frame_equal(synced.collect().sort("Id"), fresh.collect().sort("Id"))
        assert set(changed["_change"]) == {"inserted", "updated", "removed"}
        assert synced.select(pl.len()).collect().item() > 100
