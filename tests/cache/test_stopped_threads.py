"""A call that ends leaves threads behind for a moment: nothing of theirs gets into the next one."""

import threading

import pytest

import mews_frames as mf
from mews_frames import _parts, _shared
from mews_frames._bridges.stores import FsspecStore


class InterruptedHereError(Exception):
    """What ends a call in the middle, as Ctrl-C does."""


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=60, parts=2, duration=0, clock=clock) as opened:
        yield opened


class Late:
    """Holds up the first thread that has called a function, until it is let go."""

    def __init__(self, monkeypatch, module, name):
        self.held, self._go, self._thread = threading.Event(), threading.Event(), None
        self._lock, self._at_once = threading.Lock(), getattr(module, name)
        monkeypatch.setattr(module, name, self._late)

    def _late(self, *arguments, **options):
        done = self._at_once(*arguments, **options)
        with self._lock:
            is_first, self._thread = (
                self._thread is None,
                self._thread or threading.current_thread(),
            )
        if is_first:
            self.held.set()
            self._go.wait(20)
        return done

    def interrupt(self, event):
        """Listen to a load, and end it once the thread is held."""
        if event.stage == "downloading":
            assert self.held.wait(20)
            raise InterruptedHereError

    def let_go(self):
        self._go.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


def narrow_frame_survives(client, late):
    frame = client.load_entities("OrderItem", columns=["Id"], progress=False)
    late.let_go()
    assert client.cache.verify() == ()
    assert frame.collect().columns == ["Id", "_rescued_data"]


def test_a_part_of_an_interrupted_load_does_not_replace_that_of_the_next(client, monkeypatch):
    late = Late(monkeypatch, _parts, "write_part")
    with pytest.raises(InterruptedHereError):
        client.load_entities("OrderItem", progress=late.interrupt)
    narrow_frame_survives(client, late)


def test_a_copy_of_what_others_brought_does_not_either(mews, monkeypatch, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    mews.client(shared_cache=store, cache_dir=tmp_path / "a").load_entities("OrderItem")
    (first,) = store.rglob("part-00001.parquet")
    first.unlink()  # so that the copying fails while the second part is still at it
    late = Late(monkeypatch, _shared, "sha256_of")
    get = FsspecStore.get

    def get_second_first(self, name, path):
        assert name.endswith("part-00002.parquet") or late.held.wait(20)
        return get(self, name, path)

    monkeypatch.setattr(FsspecStore, "get", get_second_first)
    client = mews.client(shared_cache=store, cache_dir=tmp_path / "b")
    with pytest.raises(InterruptedHereError):
        client.load_entities("OrderItem", progress=late.interrupt)
    narrow_frame_survives(client, late)
