"""The schemas hold what Mews documents, and know the records that it publishes."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

import mews_frames as mf
from mews_frames._schemas import ENTITY_TYPES, load_schema
from mews_frames.errors import InvalidArgumentError

DATA = Path(__file__).parents[1] / "data"
SAMPLED = [entity_type for entity_type in ENTITY_TYPES if entity_type != "LedgerEntry"]
FIELDS_AND_COLUMNS = {  # _rescued_data is a column too
    "OrderItem": (31, 53),
    "Payment": (25, 80),
    "Reservation": (40, 44),
    "Customer": (46, 91),
    "Company": (32, 43),
    "Bill": (35, 103),
    "AvailabilityAdjustment": (14, 15),
    "AvailabilityBlock": (30, 35),
    "ResourceBlock": (12, 13),
    "LedgerEntry": (15, 16),
}

of_every_type = pytest.mark.parametrize("entity_type", ENTITY_TYPES)
of_every_sample = pytest.mark.parametrize("entity_type", SAMPLED)


def within(fields, above=""):
    """List all fields at any depth, the elements of lists too."""
    for field in fields:
        name = above + field.name
        yield name, field
        yield from within(field.fields, name + ".")
        if field.items is not None:
            yield from within([field.items], name + "[]")


def samples(entity_type):
    lines = (DATA / f"{entity_type}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


FITS = {
    "uuid": lambda v: re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", v),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: type(v) is int,
    "decimal": lambda v: type(v) in (int, float),
    "degrees": lambda v: type(v) is float,
    "boolean": lambda v: type(v) is bool,
    "datetime": lambda v: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", v),
    "date": lambda v: re.fullmatch(r"\d{4}-\d\d-\d\d", v),
    "duration": lambda v: re.fullmatch(r"P-?\d+DT\d+H", v),
    "map": lambda v: all(isinstance(each, str) for each in v.values()),
}


def slips(field, value, pointer):
    """List where a value is not what its field says: unknown, of another type, null or missing."""
    if value is None:
        return [] if field.nullable else [(pointer, "null or missing")]
    match field.type:
        case "object":
            known = {inner.name: inner for inner in field.fields}
            found = [(f"{pointer}/{name}", "unknown") for name in value if name not in known]
            for name, inner in known.items():
                found += slips(inner, value.get(name), f"{pointer}/{name}")
            return found
        case "array":
            return [s for v in value for s in slips(field.items, v, f"{pointer}/*")]
        case "enum":
            return [] if value in field.values else [(pointer, f"not in the enum: {value}")]
    return [] if FITS[field.type](value) else [(pointer, f"not a {field.type}: {value!r}")]


# --------------------------------------------------------------------------- published records


@of_every_sample
def test_the_published_records_fit_but_for_the_documented_slips(entity_type):
    known = {
        "Payment": {("/SettlementUtc", "null or missing")},
        "Company": {
            ("/ContacPerson", "unknown"),
            ("/Options/AddTaxDeductedPaymentToInvoices", "null or missing"),
        },
    }
    fields = load_schema(entity_type).fields
    found = set()
    for record in samples(entity_type):
        found |= {(f"/{name}", "unknown") for name in record.keys() - {f.name for f in fields}}
        for field in fields:
            found |= set(slips(field, record.get(field.name), f"/{field.name}"))
    assert found == known.get(entity_type, set())


def test_the_published_order_items_lack_five_fields():
    names = {field.name for field in load_schema("OrderItem").fields}
    newest = {"BillingName", "ExternalIdentifier", "ClaimedUtc"}
    newest |= {"TaxExemptionReason", "TaxExemptionLegalReference"}
    assert [names - record.keys() for record in samples("OrderItem")] == [newest, newest]


def test_the_readme_counts_the_records():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    counts = {
        name: int(n)
        for name, n in re.findall(r"^\| `(\w+)\.jsonl` \| (\d+) \|", text, re.MULTILINE)
    }
    assert counts == {entity_type: len(samples(entity_type)) for entity_type in SAMPLED}


def test_nobody_published_a_ledger_entry():
    assert {path.stem for path in DATA.glob("*.jsonl")} == set(SAMPLED)


@pytest.mark.parametrize("entity_type", [t for t in SAMPLED if t not in ("OrderItem", "Company")])
def test_fields_come_in_the_order_of_the_published_records(entity_type):
    # The examples of the two others have an order of their own.
    names = [field.name for field in load_schema(entity_type).fields]
    for record in samples(entity_type):
        assert list(record) == [name for name in names if name in record]


# --------------------------------------------------------------------------- fields


@of_every_type
def test_every_field_has_a_meaning(entity_type):
    fields = dict(within(load_schema(entity_type).fields))
    assert [name for name, field in fields.items() if not meant(field)] == []


def meant(field):
    """Say whether a meaning says something: no blank, no gap to be filled, no echo of the name."""
    gap = re.search(r"placeholder|todo|tbd|\?\?|lorem", field.meaning, re.IGNORECASE)
    echo = re.sub(r"\W", "", field.meaning).lower() == field.name.lower()
    return field.meaning.strip(" .;") == field.meaning != "" and not gap and not echo


@of_every_type
def test_every_enum_lists_its_values(entity_type):
    fields = dict(within(load_schema(entity_type).fields))
    enums = {name: field.values for name, field in fields.items() if field.type == "enum"}
    assert [
        name for name, values in enums.items() if len(set(values)) != len(values) or not values
    ] == []
    assert [n for n, field in fields.items() if field.values and field.type != "enum"] == []


def test_enums_hold_the_documented_values():
    fields = dict(within(load_schema("OrderItem").fields))
    assert fields["AccountingState"].values == ("Open", "Closed", "Inactive", "Canceled")
    assert len(fields["Type"].values) == 20
    assert len(fields["TaxExemptionReason"].values) == 14


@of_every_type
def test_objects_have_fields_and_lists_have_elements(entity_type):
    for name, field in within(load_schema(entity_type).fields):
        assert bool(field.fields) == (field.type == "object"), name
        assert (field.items is not None) == (field.type == "array"), name


def test_latitude_and_longitude_alone_are_degrees():
    degrees = {
        (entity_type, name)
        for entity_type in ENTITY_TYPES
        for name, field in within(load_schema(entity_type).fields)
        if field.type == "degrees"
    }
    places = ("Address.Latitude", "Address.Longitude")
    assert degrees == {(e, place) for e in ("Customer", "Company") for place in places}


def test_money_says_in_which_currency_and_what_its_sign_means():
    fields = dict(within(load_schema("Payment").fields))
    assert fields["Amount.NetValue"].unit == "in the Currency beside it"
    assert "money received is negative" in fields["Amount.NetValue"].meaning
    assert (
        "negative for rebates"
        in dict(within(load_schema("OrderItem").fields))["Amount.GrossValue"].meaning
    )


@pytest.mark.parametrize(
    ("entity_type", "scope", "filtered"),
    [
        ("Customer", "chain", "updated"),
        ("Company", "chain", "updated"),
        ("LedgerEntry", "enterprise", "posted"),
        ("OrderItem", "enterprise", "updated"),
    ],
)
def test_a_schema_says_how_its_export_is_asked_for(entity_type, scope, filtered):
    schema = load_schema(entity_type)
    assert (schema.entity_type, schema.scope, schema.filter) == (entity_type, scope, filtered)


def test_an_unknown_entity_type_is_answered_with_those_there_are():
    for ask in (load_schema, mf.schema_of, mf.describe):
        with pytest.raises(InvalidArgumentError, match="'orderItem'") as caught:
            ask("orderItem")
        assert [t for t in ENTITY_TYPES if t not in str(caught.value)] == []


# --------------------------------------------------------------------------- columns


@of_every_type
def test_fields_and_columns_are_as_many_as_documented(entity_type):
    fields, columns = FIELDS_AND_COLUMNS[entity_type]
    assert len(load_schema(entity_type).fields) == fields
    assert len(mf.schema_of(entity_type)) == columns
    assert len(mf.schema_of(entity_type, flatten=False)) == fields + 1


@of_every_type
def test_flat_columns_come_in_the_order_of_the_fields(entity_type):
    leaves = [
        name
        for name, field in within(load_schema(entity_type).fields)
        if field.type != "object" and "[]" not in name
    ]
    assert mf.schema_of(entity_type).names() == [*leaves, "_rescued_data"]


@of_every_type
def test_nested_columns_are_the_fields(entity_type):
    names = [field.name for field in load_schema(entity_type).fields]
    assert mf.schema_of(entity_type, flatten=False).names() == [*names, "_rescued_data"]


def test_a_flat_schema_has_a_column_for_each_leaf():
    flat = mf.schema_of("OrderItem")
    assert flat["Amount.NetValue"] == pl.Decimal(38, 6)
    assert flat["Amount.TaxValues"] == pl.List(
        pl.Struct({"Code": pl.String, "Value": pl.Decimal(38, 6)})
    )
    assert flat["ConsumedUtc"] == pl.Datetime("us", "UTC")
    assert flat["Type"] == pl.String
    assert "Amount" not in flat


def test_a_nested_schema_gives_the_structs_back():
    nested = mf.schema_of("Customer", flatten=False)
    address = {field.name: field.dtype for field in nested["Address"].fields}
    assert address["Line1"] == pl.String
    assert address["Latitude"] == pl.Float64
    assert nested["BirthDate"] == pl.Date
    assert nested["Options"] == pl.List(pl.String)


def test_shapes_under_one_value_are_one_struct():
    owner = [name for name in mf.schema_of("Bill").names() if name.startswith("OwnerData.Value.")]
    assert {"OwnerData.Value.Name", "OwnerData.Value.LastName"} <= set(owner)
    assert len(owner) == len(set(owner))
    assert mf.schema_of("Bill")["OwnerData.Value.LegalIdentifiers"] == pl.List(
        pl.Struct({"key": pl.String, "value": pl.String})
    )
