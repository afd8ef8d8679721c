"""One small export in a cache, for everything that takes a frame on."""

from dataclasses import dataclass

import polars as pl
import pytest

import mews_frames as mf
from mews_frames.testing import FakeClock


@dataclass
class House:
    """A sandbox, a client of it, and an export in the client's cache."""

    mews: object
    client: mf.Client
    export_id: str
    frame: pl.LazyFrame


@pytest.fixture(scope="session")
def house():
    clock = FakeClock()
    with (
        mf.sandbox(rows=3_000, parts=3, duration=0, clock=clock) as mews,
        mews.client() as client,
    ):
        export = client.start_export("OrderItem")
        yield House(mews, client, export.id, client.load_entities("OrderItem", progress=False))


@pytest.fixture
def expired():
    """A frame whose rows stayed at Mews, where they are gone by now."""
    clock = FakeClock()
    with mf.sandbox(rows=10, duration=0, clock=clock) as mews, mews.client() as client:
        frame = client.load_entities("OrderItem", cache=False, progress=False)
        clock.move(40 * 86_400)
        yield frame


@pytest.fixture
def frame(house):
    return house.frame
