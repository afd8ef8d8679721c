"""The pretend Mews behind its two doors: each test that takes ``open_door`` runs over both."""

import json
from dataclasses import dataclass

import httpx
import pytest

from mews_frames._sandbox.rules import Mews
from mews_frames._sandbox.server import SandboxServer
from mews_frames._sandbox.stored import Recipe
from mews_frames._sandbox.transport import SandboxTransport
from mews_frames.testing import FakeClock

CLIENT_TOKEN, ACCESS_TOKEN = "MADE-UP-CLIENT", "MADE-UP-ACCESS"
ENVELOPE = {"ClientToken": CLIENT_TOKEN, "AccessToken": ACCESS_TOKEN, "Client": "tests 1.0"}
POSTED = {"LedgerEntryFilters": {"Posting": {"Start": "2025-01-01", "End": "2025-12-31"}}}


@dataclass
class Door:
    mews: Mews
    clock: FakeClock
    http: httpx.Client

    def post(self, operation, body, **options):
        path = f"/api/connector/v1/exports/{operation}"
        return self.http.post(path, json=ENVELOPE | body, **options)

    def add(self, entity_type="OrderItem", **body):
        return self.post("add", {"EntityType": entity_type, **body})

    def get_all(self, *ids):
        return self.post("getAll", {"ExportIds": list(ids)})

    def look(self, export_id):
        (export,) = self.get_all(export_id).json()["Exports"]
        return export

    def finish(self, entity_type="OrderItem", **body):
        """Add an export, let its time pass, and look."""
        added = self.add(entity_type, **body)
        assert added.status_code == 200, added.text
        self.clock.sleep(3)
        return self.look(added.json()["Export"]["Id"])

    def rows(self, export):
        """Download all parts of an export."""
        body = b"".join(self.http.get(file["Url"]).content for file in export["Files"])
        return [json.loads(line) for line in body.splitlines()]


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
        transport = None
        if request.param == "socket":
            server = SandboxServer(mews)
            closing.append(server)
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
