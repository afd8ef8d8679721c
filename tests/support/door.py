"""A pretend Mews and a way to it: what the tests of the sandbox talk to."""

import json
from dataclasses import dataclass

import httpx

from mews_frames._sandbox.rules import Mews
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

    def added(self, entity_type="OrderItem", **body):
        """Add an export that Mews takes, and give it."""
        answer = self.add(entity_type, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["Export"]

    def get_all(self, *ids):
        return self.post("getAll", {"ExportIds": list(ids)})

    def look(self, export_id):
        (export,) = self.get_all(export_id).json()["Exports"]
        return export

    def finish(self, entity_type="OrderItem", **body):
        """Add an export, let its time pass, and look."""
        export = self.added(entity_type, **body)
        self.clock.sleep(3)
        return self.look(export["Id"])

    def link(self, entity_type="OrderItem"):
        """Give a link that works: of the first part of a new export."""
        return self.finish(entity_type)["Files"][0]["Url"]

    def body(self, export):
        """Download all parts of an export."""
        return b"".join(self.http.get(file["Url"]).content for file in export["Files"])

    def rows(self, export):
        return [json.loads(line) for line in self.body(export).splitlines()]
