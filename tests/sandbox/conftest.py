"""The pretend Mews behind its two doors: each test that takes ``open_door`` runs over both."""

import httpx
import pytest
from support.door import ACCESS_TOKEN, CLIENT_TOKEN, Door

from mews_frames._sandbox.rules import Mews
from mews_frames._sandbox.server import SandboxServer
from mews_frames._sandbox.stored import Recipe
from mews_frames._sandbox.transport import SandboxTransport
from mews_frames.testing import FakeClock


@pytest.fixture
def open_mews(tmp_path):
    """Make pretend Mews that share one folder."""
    opened = []

    def open_one(*, clock=None, faults=(), given=None, **recipe):
        mews = Mews(
            tmp_path / "mews",
            address="http://mews.invalid",
            client_token=CLIENT_TOKEN,
            access_token=ACCESS_TOKEN,
            clock=clock or FakeClock(),
            recipe=Recipe(**({"rows": 200} | recipe)),
            faults=faults,
            given=given,
        )
        opened.append(mews)
        return mews

    yield open_one
    for mews in opened:
        mews.close()


@pytest.fixture(params=["socket", "in process"])
def open_door(request, open_mews):
    """Open a pretend Mews: over a real socket, and through the transport without one."""
    closing = []

    def open_one(*, clock=None, timeout=5.0, **options):
        clock = clock or FakeClock()
        mews = open_mews(clock=clock, **options)
        if request.param == "socket":
            closing.append(SandboxServer(mews))
            transport = httpx.HTTPTransport(verify=False)  # reading certificates takes longest
        else:
            transport = SandboxTransport(mews, clock)
        http = httpx.Client(base_url=mews.address, transport=transport, timeout=timeout)
        closing.insert(0, http)
        return Door(mews, clock, http)

    yield open_one
    for each in closing:
        each.close()


@pytest.fixture
def door(open_door):
    return open_door()
