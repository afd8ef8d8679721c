"""A dask DataFrame is the frame that Polars and pandas give, in parts."""

import sys

import dask
import pandas as pd
import pytest
from dask.dataframe.dask_expr.io import FromMapProjectable

import mews_frames as mf
from mews_frames._bring import Bring
from mews_frames._frames.merge import Older
from mews_frames.errors import ConfigurationError, InvalidArgumentError
from mews_frames.testing import FakeClock


@pytest.fixture(scope="module")
def client():
    with mf.sandbox(rows=900, parts=3, duration=0, clock=FakeClock()) as mews:
        yield mews.client()


def load(client, backend, entity_type="OrderItem", **options):
    return client.load_entities(entity_type, backend=backend, progress=False, **options)


def computed(frame):
    return frame.compute(scheduler="synchronous").reset_index(drop=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"money": "decimal"},
        {"flatten": False},
        {"columns": ["Amount", "Type"]},
        {"updated": ("2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z")},
        {"updated": ("2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z"), "columns": ["Type"]},
    ],
    ids=["all", "decimal", "nested", "columns", "long window", "long window, columns"],
)
def test_values_and_dtypes_are_those_of_pandas(client, options):
    options = {"money": "float"} | options
    frame, there = load(client, "dask", **options), load(client, "pandas", **options)
    assert list(frame.dtypes) == list(there.dtypes)
    pd.testing.assert_frame_equal(computed(frame), there)


def test_rows_that_a_later_piece_has_newer_are_left_out(client, monkeypatch):
    """By position in the export, whichever part they lie in, and by id."""
    window = {"updated": ("2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z")}
    pieces = []

    def older(_, manifests):
        pieces[:] = manifests
        return [Older(ids=(first,), rows=(1, m.rows - 1)) for m in manifests]

    first = load(client, "pandas", **window)["Id"][0]
    monkeypatch.setattr(Bring, "older", older)
    frame = computed(load(client, "dask", money="decimal", **window))
    assert len(pieces) > 1
    assert len(frame) == sum(m.rows for m in pieces) - 2 * len(pieces) - 1
    pd.testing.assert_frame_equal(frame, load(client, "pandas", money="decimal", **window))


def test_every_part_is_a_partition_and_nothing_is_read_before_it_is_computed(client, monkeypatch):
    frame = load(client, "dask")
    assert frame.npartitions == 3
    for part in client.cache.parts(client.start_export("OrderItem").id):
        part.rename(part.with_suffix(".away"))
    try:
        with pytest.raises(FileNotFoundError):
            computed(frame)
    finally:
        for part in client.cache.path.rglob("*.away"):
            part.rename(part.with_suffix(".parquet"))
    assert len(computed(frame)) == 900


def test_only_the_columns_that_are_needed_are_read(client):
    frame = load(client, "dask")[["Type", "Amount.NetValue"]]
    (step,) = frame.optimize(fuse=False).expr.find_operations(FromMapProjectable)
    assert sorted(step.columns) == ["Amount.NetValue", "Type"]
    read = step.func(step.iterables[0][0], columns=["Type"])
    assert list(read.columns) == ["Type"]


def test_an_export_without_rows_has_all_its_columns():
    records = {"Company": []}
    with mf.sandbox(duration=0, clock=FakeClock(), records=records) as mews:
        frame = load(mews.client(), "dask", "Company")
        there = load(mews.client(), "pandas", "Company", money="float")
        pd.testing.assert_frame_equal(computed(frame), there)


def test_it_goes_on_to_other_tools(client):
    table = mf.to_batches(load(client, "dask", money="decimal")).read_all()
    assert table.num_rows == 900
    assert str(table.schema.field("Amount.NetValue").type) == "decimal128(38, 6)"


def test_dask_and_no_cache_do_not_go_together(client):
    with pytest.raises(InvalidArgumentError, match="reads Parquet parts"):
        load(client, "dask", cache=False)


def test_without_the_extra_nothing_is_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    monkeypatch.delattr(dask, "dataframe", raising=False)
    with mf.sandbox(rows=10, clock=FakeClock()) as mews, mews.client() as client:
        with pytest.raises(ConfigurationError, match="the extra 'dask'"):
            load(client, "dask")
        assert not mews.requests
