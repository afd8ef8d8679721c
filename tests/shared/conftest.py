"""Machines that share a cache: homes of their own, one store between them."""

import uuid

import fsspec
import pytest

import mews_frames as mf
from mews_frames.testing import FakeClock

BUCKET = "hotel-data"


@pytest.fixture(scope="session")
def s3():
    """A server of the S3 protocol on loopback, and the environment that leads to it."""
    pytest.importorskip("s3fs", reason="needs the extra s3")
    moto = pytest.importorskip("moto.server", reason="needs moto, a server of the S3 protocol")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server.stop()


@pytest.fixture
def to_s3(s3, monkeypatch):
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    files = fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)
    if not files.exists(BUCKET):
        files.mkdir(BUCKET)
    return f"s3://{BUCKET}"


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
