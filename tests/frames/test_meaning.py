"""What columns mean travels with Arrow tables and Parquet files."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mews_frames as mf
from mews_frames._frames import parquet
from mews_frames._frames.columns import Kept, arrow_schema
from mews_frames._frames.meaning import described_schema
from mews_frames._schemas import ENTITY_TYPES


@pytest.fixture
def client(clock):
    with mf.sandbox(rows=40, clock=clock) as mews:
        yield mews.client()


def described(entity_type):
    return {row["column"]: row for row in mf.describe(entity_type).to_dicts()}


def assert_says_all(schema, entity_type):
    words = described(entity_type)
    for field in schema:
        assert field.metadata[b"description"].decode() == words[field.name]["meaning"], field.name
        values = field.metadata.get(b"values")
        assert (json.loads(values) if values else None) == words[field.name]["values"], field.name


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_fields_of_every_type_say_what_describe_says(entity_type):
    schema = described_schema(arrow_schema(Kept(entity_type)), entity_type)
    assert schema.names == mf.schema_of(entity_type).names()
    assert schema.equals(arrow_schema(Kept(entity_type)), check_metadata=False)
    assert_says_all(schema, entity_type)


@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("cache", [True, False])
def test_an_arrow_table_says_what_its_columns_mean(client, flatten, cache):
    options = {"flatten": flatten, "cache": cache, "progress": False}
    table = client.load_entities("OrderItem", backend="pyarrow", **options)
    assert_says_all(table.schema, "OrderItem")
    frame = client.load_entities("OrderItem", **options).collect()
    assert table.num_rows == frame.height == 40


def test_an_enum_lists_its_values(client):
    table = client.load_entities("OrderItem", backend="pyarrow", columns=["AccountType"])
    values = json.loads(table.schema.field("AccountType").metadata[b"values"])
    assert values == ["Company", "Customer"]


def test_a_part_in_the_cache_says_it_too(client):
    client.load_entities("Bill", progress=False)
    (part, *_) = client.cache.path.rglob("*.parquet")
    assert_says_all(pq.read_schema(part), "Bill")


def test_a_part_of_before_is_still_served(client, monkeypatch):
    monkeypatch.setattr(parquet, "described_schema", lambda schema, _: schema)
    client.load_entities("Bill", progress=False)
    (part, *_) = client.cache.path.rglob("*.parquet")
    assert pq.read_schema(part).field("Id").metadata is None
    monkeypatch.undo()
    heard = []
    table = client.load_entities("Bill", backend="pyarrow", progress=heard.append)
    assert [event.stage for event in heard] == ["found"]
    assert_says_all(table.schema, "Bill")


def test_columns_of_others_stay_as_they_are():
    field = pa.field("Margin", pa.int8(), metadata={b"mine": b"1"})
    schema = pa.schema([field], metadata={b"file": b"2"})
    assert described_schema(schema, "Bill").equals(schema, check_metadata=True)
