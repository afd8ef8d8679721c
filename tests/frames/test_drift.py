"""`mf.drift` shows at a glance what Mews sent that its documentation does not know."""

import json
import tempfile
import tracemalloc
from pathlib import Path

import polars as pl
import pytest
from support.frames import decoded, loaded

import mews_frames as mf
from mews_frames._frames import drift
from mews_frames._frames.spelling import read_json
from mews_frames._schemas import ENTITY_TYPES
from mews_frames.errors import InvalidArgumentError

BACKENDS = ["polars", "pandas", "pyarrow"]


@pytest.fixture
def frame(tmp_path):
    def load(entity_type, *records, **options):
        data = "\n".join(r if isinstance(r, str) else json.dumps(r) for r in records).encode()
        folder = Path(tempfile.mkdtemp(dir=tmp_path))  # lazy frames read it later
        return loaded(folder, [decoded(data, entity_type)], entity_type, **options)

    return load


def found(drift):
    return [tuple(row) for row in drift.rows()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("flatten", [True, False])
def test_new_fields_are_counted_with_an_example_most_frequent_first(frame, backend, flatten):
    orders = [
        '{"Amount": {"TaxValues": [{"Code": "a", "Sort": 1}, {"Sort": 2.50}], "Net": 5}}',
        '{"Amount": {"TaxValues": [{"Sort": null}], "Net": 6}, "New": {"a": [1]}}',
        '{"Amount": {"Net": "7"}}',
        '{"Id": "a"}',
        '{"Amount": {"Net": 7}}',
    ]
    drift = mf.drift(frame("OrderItem", *orders, backend=backend, flatten=flatten))
    assert found(drift) == [
        ("/Amount/Net", "number", 3, "5"),
        ("/Amount/Net", "string", 1, '"7"'),
        ("/Amount/TaxValues/*/Sort", "null", 1, "null"),
        ("/Amount/TaxValues/*/Sort", "number", 1, "2.50"),
        ("/New", "object", 1, '{"a": [1]}'),
    ]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("flatten", [True, False])
def test_new_enum_values_are_listed(frame, backend, flatten):
    orders = [
        {"Type": "SpaceOrder", "Data": {"Discriminator": "Product"}},
        {"Type": "Sauna", "Data": {"Discriminator": "Spa"}},
        {"Type": "Sauna", "Data": None},
        {"Type": None, "New": 1},
    ]
    drift = mf.drift(frame("OrderItem", *orders, backend=backend, flatten=flatten))
    assert found(drift) == [
        ("/Type", "enum value", 2, '"Sauna"'),
        ("/Data/Discriminator", "enum value", 1, '"Spa"'),
        ("/New", "number", 1, "1"),
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_enums_within_lists_count_once_a_row(frame, backend):
    guests = [
        {"Classifications": ["Returning", "Nemesis", "Nemesis"], "Options": []},
        {"Classifications": ["Nemesis", None], "Options": None},
        {"Classifications": None},
    ]
    drift = mf.drift(frame("Customer", *guests, backend=backend))
    assert found(drift) == [("/Classifications/*", "enum value", 2, '"Nemesis"')]


@pytest.mark.parametrize("flatten", [True, False])
def test_enums_of_objects_within_lists_are_looked_at(frame, flatten):
    item = {"Data": {"Discriminator": "Teleport"}}
    account = {"Discriminator": "BillPetData"}
    bill = {"OrderItems": [item, item, None], "AssociatedAccountData": [account, None, {}]}
    drift = mf.drift(frame("Bill", bill, bill, {}, flatten=flatten))
    assert found(drift) == [
        ("/AssociatedAccountData/*/Discriminator", "enum value", 2, '"BillPetData"'),
        ("/OrderItems/*/Data/Discriminator", "enum value", 2, '"Teleport"'),
    ]


def test_a_value_is_new_only_if_no_type_with_these_columns_lists_it(frame):
    states = [{"State": "Optional"}, {"State": "Frozen"}]
    whole = frame("Reservation", *states)
    assert found(mf.drift(whole)) == [("/State", "enum value", 1, '"Frozen"')]
    assert found(mf.drift(frame("Bill", *states))) == [
        ("/State", "enum value", 1, '"Frozen"'),
        ("/State", "enum value", 1, '"Optional"'),
    ]
    some = whole.select("Id", "State", "_rescued_data")
    assert found(mf.drift(some)) == [("/State", "enum value", 1, '"Frozen"')]


def test_a_column_that_is_an_enum_in_one_type_only_is_not_guessed_at(frame):
    some = frame("Customer", {"ActivityState": "Dormant"}).select("ActivityState", "_rescued_data")
    assert mf.drift(some).is_empty()


def test_columns_that_the_analyst_added_do_not_matter(frame):
    orders = frame("OrderItem", {"Type": "Sauna"}).with_columns(
        pl.lit(1).alias("nights"), pl.col("Type").cast(pl.Categorical)
    )
    assert found(mf.drift(orders)) == [("/Type", "enum value", 1, '"Sauna"')]
    assert found(mf.drift(orders.collect())) == [("/Type", "enum value", 1, '"Sauna"')]
    assert mf.drift(orders.with_columns(pl.lit(0).alias("Type"))).is_empty()


def test_a_frame_of_other_columns_has_only_rescued_data(frame):
    other = pl.LazyFrame({"a": [1], "_rescued_data": ['{"/b": true}']})
    assert found(mf.drift(other)) == [("/b", "boolean", 1, "true")]


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_ordinary_records_drift_in_nothing_but_documented_slips(frame, entity_type):
    sample = Path(__file__).parent.parent / "data" / f"{entity_type}.jsonl"
    lines = sample.read_text(encoding="utf-8").splitlines() if sample.exists() else []
    slips = {"Company": [("/ContacPerson", "string", 2)]}
    drift = mf.drift(frame(entity_type, *lines)).drop("example")
    assert found(drift) == slips.get(entity_type, [])


def test_an_empty_frame_has_no_drift(frame):
    drift = mf.drift(frame("OrderItem"))
    assert drift.is_empty()
    assert drift.columns == ["pointer", "type", "rows", "example"]


def test_only_telling_columns_are_read(frame):
    """A whole export may have drifted without its rows fitting into memory."""
    orders = frame("OrderItem", {"Type": "Sauna", "Notes": "x"})
    seen = []

    def read(series):
        seen.append(series)
        return series

    watched = orders.with_columns(pl.col("Notes").map_batches(read, return_dtype=pl.String))
    assert mf.drift(watched).height == 1
    assert not seen


def rescued_frame(texts):
    return pl.LazyFrame({"Type": ["Sauna"] * len(texts), "_rescued_data": texts})


def test_what_all_rows_say_alike_is_read_a_few_times_only(monkeypatch):
    read = []
    monkeypatch.setattr(drift, "read_json", lambda text: read.append(text) or read_json(text))
    texts = ['{"/New": 1}', None, '{"/New": 2, "/Newer": "x"}'] * 40_000
    assert found(mf.drift(rescued_frame(texts))) == [
        ("/Type", "enum value", 120_000, '"Sauna"'),
        ("/New", "number", 80_000, "1"),
        ("/Newer", "string", 40_000, '"x"'),
    ]
    assert 0 < len(read) < 20


def test_what_every_row_says_differently_is_not_held():
    frame = rescued_frame([f'{{"/New": "{i:0300}"}}' for i in range(30_000)])
    mf.drift(frame.head(1))  # imports are no news
    tracemalloc.start()
    try:
        assert mf.drift(frame)["rows"].to_list() == [30_000, 30_000]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000  # bytes; the texts are 9 million


@pytest.mark.parametrize("other", [pl.DataFrame({"a": [1]}), pl.LazyFrame(), {"a": 1}, None, 5])
def test_what_is_no_frame_of_ours_is_refused(other):
    with pytest.raises(InvalidArgumentError, match="_rescued_data"):
        mf.drift(other)
