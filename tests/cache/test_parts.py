"""The parts of a cached export are plain files for other tools."""

import polars as pl
import pytest

import mews_frames as mf
from mews_frames.errors import CacheError, InvalidArgumentError


@pytest.fixture
def shop(clock):
    with mf.sandbox(rows=300, parts=2, duration=0, clock=clock) as mews, mews.client() as client:
        export = client.start_export("OrderItem")
        client.load_entities("OrderItem", progress=False)
        yield client, export.id


def test_they_are_listed_in_order_and_hold_the_rows(shop):
    client, export_id = shop
    parts = client.cache.parts(export_id.upper())
    assert [part.name for part in parts] == ["part-00001.parquet", "part-00002.parquet"]
    assert pl.scan_parquet(parts).select(pl.len()).collect().item() == 300


def test_an_export_that_is_not_whole_has_none(shop):
    client, export_id = shop
    client.cache.parts(export_id)[1].unlink()
    with pytest.raises(CacheError, match="is not in the cache") as caught:
        client.cache.parts(export_id)
    assert f'mf.load_export("{export_id}")' in str(caught.value)


def test_one_that_has_expired_is_not_served(shop, clock):
    client, export_id = shop
    clock.sleep(8 * 86400)
    with pytest.raises(CacheError, match="it has expired"):
        client.cache.parts(export_id)


def test_what_is_no_id_is_refused(shop):
    with pytest.raises(InvalidArgumentError, match="is not the id of an export"):
        shop[0].cache.parts("../../etc")
