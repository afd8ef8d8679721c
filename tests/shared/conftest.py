"""Machines that share a cache: homes of their own, one store between them."""

import uuid

import pytest
from support.s3 import s3, to_s3  # noqa: F401 - fixtures

import mews_frames as mf
from mews_frames.testing import FakeClock


@pytest.fixture
def place(request, tmp_path):
    """Give the URL of an empty store, of each kind in turn."""
    kind = getattr(request, "param", "folder")
    name = uuid.uuid4().hex
    if kind == "folder":
        (tmp_path / "team drive").mkdir()
        return str(tmp_path / "team drive")
    if kind == "memory":
        return f"memory://{name}"
    return f"{request.getfixturevalue('to_s3')}/{name}"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=300, parts=3, duration=0, clock=clock) as box:
        yield box


@pytest.fixture
def machine(mews, place, tmp_path):
    """Make clients, each with a cache folder of its own, that share one store."""

    def make(name, **settings):
        return mews.client(cache_dir=tmp_path / name, shared_cache=place, **settings)

    return make


@pytest.fixture
def count(mews):
    def of(operation):
        return [r.operation for r in mews.requests].count(operation)

    return of
