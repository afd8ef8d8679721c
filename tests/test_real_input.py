"""The records that Mews publishes, served as parts over a real socket, arrive value for value."""

from pathlib import Path

import pyarrow as pa
import pytest
from support.contract import check_part

import mews_frames as mf

DATA = Path(__file__).parent / "data"
TYPES = [name for name in mf.entity_types() if (DATA / f"{name}.jsonl").exists()]
# The documented slip: the published field is ContactPerson, the example spells it so.
SLIPS = {"Company": ["/ContacPerson"]}


def lines_of(entity_type):
    return (DATA / f"{entity_type}.jsonl").read_bytes().splitlines(keepends=True)


@pytest.fixture
def load(clock):
    """Serve the published records of a type, one line a part, and load them."""
    opened = []

    def load_one(entity_type, **options):
        records = {entity_type: lines_of(entity_type)}
        mews = mf.sandbox(records=records, clock=clock)
        opened.append(mews)
        return mews.client().load_entities(entity_type, progress=False, **options)

    yield load_one
    for mews in opened:
        mews.close()


def rows_of(frame):
    """Give the rows of a frame of any backend as plain Python values."""
    if hasattr(frame, "collect"):
        return frame.collect().rows(named=True)
    if isinstance(frame, pa.Table):
        return frame.to_pylist()
    columns = {name: pa.array(frame[name]).to_pylist() for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_nine_types_have_published_records():
    assert set(mf.entity_types()) - set(TYPES) == {"LedgerEntry"}


@pytest.mark.parametrize("flatten", [True, False], ids=["flat", "nested"])
@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow"])
@pytest.mark.parametrize("entity_type", TYPES)
def test_every_value_arrives_as_it_was_published(load, entity_type, backend, flatten):
    frame = load(entity_type, backend=backend, flatten=flatten, money="decimal")
    lines = [line.decode() for line in lines_of(entity_type)]
    check_part(entity_type, lines, rows_of(frame))


@pytest.mark.parametrize("entity_type", TYPES)
def test_nothing_but_the_documented_slips_is_rescued(load, entity_type):
    drift = mf.drift(load(entity_type))
    assert drift["pointer"].to_list() == SLIPS.get(entity_type, [])


@pytest.mark.parametrize("entity_type", TYPES)
def test_money_as_floats_is_the_nearest_double(load, entity_type):
    exact = load(entity_type, money="decimal").collect()
    doubles = load(entity_type, money="float").collect()
    money = [name for name in exact.columns if exact[name].dtype.is_decimal()]
    for name in money:
        assert doubles[name].dtype.is_float()
        assert doubles[name].to_list() == [None if v is None else float(v) for v in exact[name]]


@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow"])
def test_ledger_entries_have_no_published_record_and_come_from_the_sandbox(clock, backend):
    with mf.sandbox(rows=500, clock=clock) as mews, mews.client() as client:
        posted = ("2020-01-01", "2030-01-01")
        options = {"posted": posted, "money": "decimal", "progress": False}
        frame = client.load_entities("LedgerEntry", backend=backend, **options)
        rows = rows_of(frame)
        whole = client.load_entities("LedgerEntry", **options).collect()
    assert len(rows) == whole.height > 100
    assert rows == whole.rows(named=True)
    assert whole["_rescued_data"].null_count() == whole.height
