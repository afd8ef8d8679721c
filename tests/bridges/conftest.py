"""Exports to read from afar: over real sockets, through links that live two seconds."""

from dataclasses import dataclass

import httpx
import pytest

import mews_frames as mf
from mews_frames._bridges.filesystem import MewsFileSystem
from mews_frames.testing import ExpireUrls

SHORT_LINKS = ExpireUrls(after=2)


@dataclass
class Shop:
    """A sandbox, a client of it, and what tests ask of both."""

    mews: object
    client: mf.Client

    def finished(self, entity_type="OrderItem", **options):
        """Add an export, let it end, and give it."""
        export = self.client.start_export(entity_type, **options)
        self.mews.clock.sleep(10)
        return self.client._connector.look([export.id])[export.id].export

    def parts(self, export):
        """Download the parts of an export, by other means than those that are tested."""
        links = self.client._connector.look([export.id])[export.id].links
        return [httpx.get(link.reveal()).content for link in links]

    def files(self):
        return MewsFileSystem(client=self.client)

    @property
    def downloads(self):
        return [r for r in self.mews.requests if r.operation == "download"]

    @property
    def moved(self):
        """Bytes of parts on the wire so far."""
        return sum(r.sent for r in self.downloads)

    def count(self, operation):
        return [r.operation for r in self.mews.requests].count(operation)


@pytest.fixture
def open_shop(clock):
    """Open sandboxes in which nothing waits; closed at the end."""
    opened = []

    def make(*faults, rows=600, parts=3, **options):
        faults = (*faults, SHORT_LINKS)
        mews = mf.sandbox(rows=rows, parts=parts, faults=faults, clock=clock, **options)
        opened.append(mews)
        return Shop(mews, mews.client())

    yield make
    for mews in opened:
        mews.close()


@pytest.fixture
def shop(open_shop):
    return open_shop()


@pytest.fixture
def export(shop):
    return shop.finished()


@pytest.fixture
def fs(shop):
    files = shop.files()
    yield files
    files.close()
