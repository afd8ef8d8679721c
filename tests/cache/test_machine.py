"""Any story of a cache: what it serves is the clean frame, and no export is added for nothing."""

import contextlib
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support import hotel

import mews_frames as mf
from mews_frames.errors import ExportAlreadyRunningError
from mews_frames.testing import FakeClock

DAY = 86_400
LINES = hotel.all_lines("OrderItem", 12)
PARTS = [b"\n".join([*lines, b""]) for lines in (LINES[:5], LINES[5:])]


def clean_frame():
    with mf.sandbox(records={"OrderItem": PARTS}, clock=FakeClock()) as mews:
        return mews.client().load_entities("OrderItem", progress=False).collect()


CLEAN = clean_frame()


FRACTION = st.floats(0, 1, exclude_max=True)


class CrashError(Exception):
    """What ends a process in the middle of something."""


class CacheMachine(RuleBasedStateMachine):
    """A model of the cache: until when which exports may be served, and how many adds are due."""

    def __init__(self):
        super().__init__()
        self.clock = FakeClock()
        self.mews = mf.sandbox(records={"OrderItem": PARTS}, clock=self.clock)
        self.client = self.open()
        self.known = {}  # by id: when it expires; while it runs, when it will at the earliest
        self.due = 0

    def open(self):
        return self.mews.client(transport=self.mews.transport)

    def teardown(self):
        self.mews.close()

    # ---------------------------------------------------------------- what the model says

    def forget_expired(self):
        now = self.clock.now()
        self.known = {i: end for i, end in self.known.items() if now < end}

    def allow(self):
        self.forget_expired()
        self.due += not self.known

    def learn(self):
        for row in self.client.exports().iter_rows(named=True):
            if row["added"] is not None:  # it is in the journal
                self.known[row["id"]] = row["expires"] or row["added"] + timedelta(days=7)
        self.forget_expired()

    # ---------------------------------------------------------------- what happens

    @rule(columns=st.sampled_from([None, ["Id"], ["Amount", "Id"]]))
    def load(self, columns):
        self.allow()
        events = []
        frame = self.client.load_entities("OrderItem", columns=columns, progress=events.append)
        kept = CLEAN if columns is None else CLEAN.select(frame.collect_schema().names())
        assert frame.collect().equals(kept)
        self.learn()
        assert events[-1].export_id in self.known, "an expired export was served"

    @rule()
    def start(self):
        self.allow()
        with contextlib.suppress(ExportAlreadyRunningError):  # one that is not known any more
            self.client.start_export("OrderItem")
        self.learn()

    @rule(stage=st.sampled_from(["added", "attached", "waiting", "downloading", "ready"]))
    def crash(self, stage):
        def listener(event):
            if event.stage == stage:
                raise CrashError

        self.allow()
        try:
            self.client.load_entities("OrderItem", progress=listener)
        except CrashError:
            # A process that crashes has no threads left; in this one they go on for a moment.
            for thread in threading.enumerate():
                if thread.name.startswith(("mews-part", "mews-decode", "mews-download")):
                    thread.join(20)
            self.client = self.open()
        self.learn()

    # Drawn without a look at the disk: what a crash leaves there differs from run to run.
    @rule(which=FRACTION, where=FRACTION, how=st.sampled_from(["flip", "cut", "gone"]))
    def corrupt(self, which, where, how):
        root = self.client.cache.path
        files = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size)
        path = files[int(which * len(files))] if files else None
        whole = bytearray(path.read_bytes()) if path else b""
        if not whole:
            return
        position = int(where * len(whole))
        if how == "gone":
            path.unlink()
        else:
            whole[position:] = (
                bytes([whole[position] ^ 1]) + whole[position + 1 :] if how == "flip" else b""
            )
            path.write_bytes(whole)
        if path.parent.name == "requests":
            self.known = {}
        if path.suffix == ".parquet" and how == "flip":
            export_id = path.parent.name
            whole_before = (path.parent / "export.json").exists()
            found = {damage.export_id for damage in self.client.cache.verify()}
            assert export_id in found or not whole_before
            if whole_before:
                self.client.cache.clear(export_id=export_id)
                self.known.pop(export_id, None)

    @rule()
    def expire(self):
        self.clock.sleep(7 * DAY + 60)

    @rule(seconds=st.sampled_from([-DAY, -3600, 3600, 3 * DAY]))
    def move_the_clock(self, seconds):
        self.clock.move(seconds)

    @rule()
    def prune(self):
        self.client.cache.prune()

    @rule()
    def clear(self):
        self.client.cache.clear()
        self.known = {}

    @precondition(lambda self: self.mews.requests)
    @rule()
    def reopen(self):
        self.client.close()
        self.client = self.open()

    # ---------------------------------------------------------------- what holds

    @invariant()
    def no_export_is_added_for_nothing(self):
        self.forget_expired()
        # A refused one asks whether the slot is free: Mews' clock was set back, too.
        done = [r for r in self.mews.requests if r.operation == "add" and r.status == 200]
        assert len(done) <= self.due

    @invariant()
    def nothing_but_the_cache_lies_there(self):
        known = ("parquet", "json", "lock", "TAG", "partial", "sums", "tmp")
        for path in self.client.cache.path.rglob("*"):
            assert path.is_dir() or path.name.endswith(known), path


def stories(examples, steps, **more):
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        **more,
    )


class TestShort(CacheMachine.TestCase):
    settings = stories(8, 12, derandomize=True)


@pytest.mark.slow
@pytest.mark.timeout(3600)
class TestLong(CacheMachine.TestCase):
    settings = stories(300, 40)
