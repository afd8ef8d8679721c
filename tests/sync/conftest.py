"""Tables of hotels whose clock the tests move."""

import pytest
from support.s3 import s3, to_s3  # noqa: F401 - fixtures

import mews_frames as mf

DAY = 86_400


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=4_000, clock=clock, duration=1) as box:
        yield box


@pytest.fixture
def client(mews):
    return mews.client(transport=mews.transport)


@pytest.fixture
def sync(client):
    """Bring a table up to date, and read it."""

    def sync(entity_type, **options):
        return client.sync_entities(entity_type, progress=False, **options)

    return sync


@pytest.fixture
def fresh(client):
    """Export everything, whatever is cached."""

    def fresh(entity_type):
        posted = ("2010-01-01", "2030-01-01") if entity_type == "LedgerEntry" else None
        return client.load_entities(entity_type, posted=posted, refresh=True, progress=False)

    return fresh
