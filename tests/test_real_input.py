"""The example records that Mews publishes arrive in frames, value for value.

They are served as parts over a real socket, waited for, downloaded, decoded, cached and scanned:
the whole pipe, as an analyst runs it.
"""

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from support import contract

import mews_frames as mf
from mews_frames._schemas import ENTITY_TYPES

DATA = Path(__file__).parent / "data"
SAMPLES = {path.stem: path.read_bytes() for path in sorted(DATA.glob("*.jsonl"))}
SLIPS = {"Company": "ContacPerson"}
"""Fields that the examples spell otherwise than the documentation: the only rescued ones."""

LEDGER = {"posted": ("2026-01-01", "2026-03-31")}
BACKENDS = {
    "polars": (pl.LazyFrame, lambda frame: frame.collect().rows(named=True)),
    "pandas": (pd.DataFrame, lambda frame: pa.Table.from_pandas(frame).to_pylist()),
    "pyarrow": (pa.Table, lambda frame: frame.to_pylist()),
}


@pytest.fixture
def client(clock):
    """Open a client of a sandbox that serves the examples, each line as a part of its own."""
    parts = {name: data.splitlines(keepends=True) for name, data in SAMPLES.items()}
    with mf.sandbox(records=parts, rows=500, duration=0, clock=clock) as box:
        yield box.client()


def test_all_types_but_the_ledger_have_examples():
    assert {*SAMPLES, "LedgerEntry"} == set(ENTITY_TYPES)
    assert all(data.count(b"\n") >= 1 for data in SAMPLES.values())


@pytest.mark.parametrize("entity_type", SAMPLES)
def test_published_examples_are_loaded_value_for_value(client, entity_type):
    lines = SAMPLES[entity_type].splitlines()
    for backend, (kind, rows_of) in BACKENDS.items():
        for flatten in (True, False):
            frame = client.load_entities(
                entity_type, backend=backend, flatten=flatten, money="decimal", progress=False
            )
            assert isinstance(frame, kind)
            contract.check_part(entity_type, lines, rows_of(frame))
            drift = mf.drift(frame)
            slip = SLIPS.get(entity_type)
            assert drift["pointer"].to_list() == ([f"/{slip}"] if slip else [])


@pytest.mark.parametrize("entity_type", SAMPLES)
def test_money_in_pandas_is_the_nearest_double(client, entity_type):
    exact = client.load_entities(entity_type, backend="pyarrow", progress=False)
    pandas = client.load_entities(entity_type, backend="pandas", progress=False)
    for name in exact.column_names:
        if pa.types.is_decimal(exact.schema.field(name).type):
            assert pandas[name].dtype == pd.ArrowDtype(pa.float64())
            doubles = [None if v is None else float(v) for v in exact[name].to_pylist()]
            assert pa.array(pandas[name]).to_pylist() == doubles


def test_the_ledger_of_the_sandbox_is_loaded_value_for_value(client):
    frames = {
        backend: client.load_entities(
            "LedgerEntry", backend=backend, money="decimal", progress=False, **LEDGER
        )
        for backend in BACKENDS
    }
    rows = {backend: BACKENDS[backend][1](frame) for backend, frame in frames.items()}
    assert rows["polars"]
    assert rows["pandas"] == rows["pyarrow"] == rows["polars"]
    assert mf.drift(frames["polars"]).is_empty()
    assert all(
        row["Value"] is not None and row["PostingDate"].year == 2026 for row in rows["polars"]
    )
