"""``mews-frames schema`` shows columns without asking anybody."""

import json

import mews_frames as mf


def test_the_columns_are_those_of_the_library(run):
    listed = json.loads(run("schema", "OrderItem", "--json").out)
    assert {row["column"]: row["type"] for row in listed} == {
        name: str(kind) for name, kind in mf.schema_of("OrderItem").items()
    }


def test_nested_shows_fields_of_mews(run):
    listed = json.loads(run("schema", "OrderItem", "--nested", "--json").out)
    assert [row["column"] for row in listed] == list(mf.schema_of("OrderItem", flatten=False))


def test_the_meanings_are_told(run):
    rows = mf.describe("OrderItem").to_dicts()
    assert json.loads(run("schema", "OrderItem", "--describe", "--json").out) == rows
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
