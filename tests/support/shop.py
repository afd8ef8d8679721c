"""A load over real sockets that meets troubles, and what must be true of it afterwards."""

from contextlib import contextmanager

import mews_frames as mf
from support.troubles import disturb

ROWS = 400
PARTS = 3


class Met:
    """A sandbox whose downloads met troubles, and a client of it."""

    def __init__(self, mews, troubles):
        self.mews, self._troubles = mews, troubles
        self.client = mews.client()

    def load(self, **options):
        frame = self.client.load_entities("OrderItem", progress=False, **options).collect()
        assert not self._troubles, "not every trouble was met"
        return frame

    @property
    def downloads(self):
        return [request for request in self.mews.requests if request.operation == "download"]

    @property
    def statuses(self):
        return sorted(request.status for request in self.downloads)

    @property
    def ranges(self):
        return [r.headers["range"] for r in self.downloads if "range" in r.headers]

    @property
    def renewals(self):
        """How often links were asked for after the first download."""
        operations = [request.operation for request in self.mews.requests]
        return operations[operations.index("download") :].count("getAll")

    def check(self):
        """Check what holds whatever went wrong."""
        requests = self.mews.requests
        assert [request.operation for request in requests].count("add") == 1
        assert {(r.method, r.operation) for r in requests} <= {
            ("POST", "add"),
            ("POST", "getAll"),
            ("GET", "download"),  # and no HEAD: it counts against links that allow it once
        }
        for request in self.downloads:
            names = set(request.headers) - {"range", "if-range"}
            assert names == {"host", "accept-encoding"}
            assert request.headers["accept-encoding"] == "identity"
        assert not list(self.client.cache.path.rglob("*.partial"))


@contextmanager
def meeting(monkeypatch, clock, *troubles, always=None, faults=(), parts=PARTS, **options):
    """Open a sandbox whose downloads meet these troubles, in the order in which they come."""
    left = disturb(monkeypatch, *troubles, always=always)
    with mf.sandbox(rows=ROWS, parts=parts, faults=faults, clock=clock, **options) as mews:
        yield Met(mews, left)
