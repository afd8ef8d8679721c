"""``mews-frames schema`` shows columns without asking anybody."""

import json

import pytest

import mews_frames as mf
from mews_frames._cli.words import type_in_words


def test_the_columns_are_those_of_the_library(run):
    listed = json.loads(run("schema", "OrderItem", "--json").out)
    assert {row["column"]: row["type"] for row in listed} == {
        name: type_in_words(kind) for name, kind in mf.schema_of("OrderItem").items()
    }


@pytest.mark.parametrize("words", [[], ["--describe"]])
def test_a_type_is_spelled_alike_in_a_table_and_in_json(words, run):
    listed = json.loads(run("schema", "OrderItem", *words, "--json").out)
    (consumed,) = [row["type"] for row in listed if row["column"] == "ConsumedUtc"]
    assert consumed == "Datetime(us, UTC)"
    (line,) = [
        line
        for line in run("schema", "OrderItem", *words).out.splitlines()
        if line.startswith("ConsumedUtc ")
    ]
    assert consumed in line


def test_nested_shows_fields_of_mews(run):
    listed = json.loads(run("schema", "OrderItem", "--nested", "--json").out)
    assert [row["column"] for row in listed] == list(mf.schema_of("OrderItem", flatten=False))


def test_the_meanings_are_told(run):
    rows = mf.describe("OrderItem").to_dicts()
    told = json.loads(run("schema", "OrderItem", "--describe", "--json").out)
    assert [row["meaning"] for row in told] == [row["meaning"] for row in rows]
    assert [row["values"] for row in told] == [row["values"] for row in rows]
    lines = run("schema", "OrderItem", "--describe").out.splitlines()
    assert len(lines) == 1 + len(rows)  # a pipe gets whole lines, nothing wrapped or cut
    assert all(row["meaning"] in line for row, line in zip(rows, lines[1:], strict=True))


def test_nested_and_described_at_once_is_refused(run):
    assert run("schema", "OrderItem", "--describe", "--nested").code == 2


def test_a_table_does_not_spell_out_what_is_in_lists(run):
    lines = run("schema", "OrderItem").out.splitlines()
    (taxes,) = [line for line in lines if line.startswith("Amount.TaxValues ")]
    assert taxes.split() == ["Amount.TaxValues", "List(Struct)"]
    assert "List(Struct({'Id': String" in run("schema", "Bill", "--nested").out
