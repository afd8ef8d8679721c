"""A sandbox whose client has a cache of its own, and no time but the fake clock's."""

import pytest

import mews_frames as mf


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=300, clock=clock) as opened:
        yield opened


@pytest.fixture
def load(client):
    def load_one(entity_type="OrderItem", **options):
        return client.load_entities(entity_type, progress=False, **options)

    return load_one
