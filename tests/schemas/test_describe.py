"""mf.describe: what an analyst reads about a column."""

import html

import polars as pl
import pytest

import mews_frames as mf
from mews_frames._schemas import ENTITY_TYPES

of_every_type = pytest.mark.parametrize("entity_type", ENTITY_TYPES)


def row(entity_type, column):
    (found,) = mf.describe(entity_type).filter(pl.col("column") == column).to_dicts()
    return found


@of_every_type
def test_every_column_is_described_once_and_in_order(entity_type):
    for flatten in (True, False):
        columns = mf.schema_of(entity_type, flatten=flatten).names()
        described = mf.describe(entity_type)["column"].to_list()
        assert [name for name in described if name in set(columns)] == columns


@of_every_type
def test_nothing_is_described_twice_or_without_words(entity_type):
    described = mf.describe(entity_type)
    assert described["column"].is_unique().all()
    assert described["meaning"].str.strip_chars().str.len_chars().min() > 0
    assert [kind for kind in described["type"].unique() if "=" in kind or "{" in kind] == []


def test_a_description_has_four_columns():
    assert mf.describe("Bill").schema == {
        "column": pl.String,
        "type": pl.String,
        "meaning": pl.String,
        "values": pl.List(pl.String),
    }


@pytest.mark.parametrize(
    ("entity_type", "column", "kind"),
    [
        ("OrderItem", "Id", "String"),
        ("OrderItem", "UnitCount", "Int64"),
        ("OrderItem", "Amount", "Struct"),
        ("OrderItem", "Amount.NetValue", "Decimal(38, 6)"),
        ("OrderItem", "Amount.TaxValues", "List(Struct)"),
        ("OrderItem", "Amount.TaxValues[].Value", "Decimal(38, 6)"),
        ("OrderItem", "ConsumedUtc", "Datetime(us, UTC)"),
        ("Customer", "BirthDate", "Date"),
        ("Customer", "Options", "List(String)"),
        ("Customer", "Address.Latitude", "Float64"),
        ("Bill", "OwnerData.Value.LegalIdentifiers", "List(Struct(key, value))"),
        ("Bill", "_rescued_data", "String"),
    ],
)
def test_types_are_named_as_in_polars(entity_type, column, kind):
    assert row(entity_type, column)["type"] == kind


def test_structs_stand_above_their_columns_and_lists_above_their_elements():
    columns = mf.describe("OrderItem")["column"].to_list()
    at = columns.index("Amount")
    assert columns[at : at + 6] == [
        "Amount",
        "Amount.Currency",
        "Amount.NetValue",
        "Amount.GrossValue",
        "Amount.TaxValues",
        "Amount.TaxValues[].Code",
    ]


def test_enums_list_their_values_in_lists_too():
    assert row("OrderItem", "AccountType")["values"] == ["Company", "Customer"]
    assert "Returning" in row("Customer", "Classifications")["values"]
    assert row("OrderItem", "Id")["values"] is None


def test_what_is_within_a_deprecated_field_is_deprecated():
    deprecated = {
        name: row("Customer", name)["meaning"].startswith("deprecated: ")
        for name in ("Passport", "Passport.Number", "Address.City", "AddressId")
    }
    assert deprecated == {
        "Passport": True,
        "Passport.Number": True,
        "Address.City": True,
        "AddressId": False,
    }


def test_units_stand_behind_the_meaning():
    assert row("Customer", "Address.Latitude")["meaning"].endswith("(degrees)")


@pytest.mark.parametrize(
    ("entity_type", "column", "warning"),
    [
        ("Payment", "Amount.GrossValue", "money received is negative"),
        ("Payment", "SettlementUtc", "null until then"),
        ("Payment", "Kind", "an example of cash has it too"),
        ("LedgerEntry", "Value", "never negative"),
        ("Reservation", "StartUtc", "early check-in rewrites it"),
        ("Reservation", "State", "NoShow"),
        ("OrderItem", "StartUtc", "local midnight"),
        ("OrderItem", "ConsumedUtc", "time zone of the property"),
        ("AvailabilityBlock", "LastTimeUnitStartUtc", "included"),
    ],
)
def test_known_traps_are_told(entity_type, column, warning):
    assert warning in row(entity_type, column)["meaning"]


def test_a_notebook_shows_every_row_and_every_word():
    described = mf.describe("OrderItem")
    shown = html.unescape(described._repr_html_().replace("<wbr>", ""))
    assert described.height > 50
    for column in ("column", "meaning"):
        assert all(text in shown for text in described[column])
    assert "<code>FR_293_B</code>" in shown
    assert isinstance(described, pl.DataFrame)
    assert "AccountId" not in described.head(2)._repr_html_()
    assert "shape: (80, 2)" in described.select("column", "type")._repr_html_()
