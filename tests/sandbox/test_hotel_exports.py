"""Exports of the made-up hotels: pure functions of rows, seed and hour, cut as was asked."""

import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from support.hotel import TODAY, all_lines, chunks, frame, records

from mews_frames._sandbox.hotel import group_of, names, properties
from mews_frames._schemas import ENTITY_TYPES, load_schema

ROWS = 4_000
HOUR = TODAY.replace(minute=0)
UPDATED = [each for each in ENTITY_TYPES if each != "LedgerEntry"]


def wire(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def by_id(lines):
    return {json.loads(line)["Id"]: line for line in lines}


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_rows_have_the_fields_of_the_schema_in_its_order(entity_type):
    fields = [field.name for field in load_schema(entity_type).fields]
    assert all(list(record) == fields for record in records(entity_type, ROWS))


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_nothing_is_rescued(entity_type):
    rows = frame(entity_type, ROWS)
    assert rows.height == len(records(entity_type, ROWS)) > 10
    assert rows["_rescued_data"].null_count() == rows.height


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_enums_hold_documented_values(entity_type):
    for field in load_schema(entity_type).fields:
        if field.type == "enum":
            found = {record[field.name] for record in records(entity_type, ROWS)}
            assert found <= {None, *field.values}


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_what_the_docs_require_is_there(entity_type):
    late = {"SettlementUtc"}  # required, and null in all three examples of the docs
    for field in load_schema(entity_type).fields:
        if not field.nullable and field.name not in late:
            assert all(record[field.name] is not None for record in records(entity_type, ROWS))


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_the_same_seed_makes_the_same_bytes(entity_type):
    again = datetime(2026, 6, 15, 12, 59, tzinfo=UTC)  # the same hour
    first = b"".join(chunks(entity_type, ROWS))
    assert b"".join(chunks(entity_type, ROWS, added=again)) == first
    assert b"".join(chunks(entity_type, ROWS, seed=1)) != first


@pytest.mark.parametrize("rows", [0, 1, 4_000])
def test_rows_are_order_items(rows):
    assert len(all_lines("OrderItem", rows)) == rows


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_no_rows_are_no_rows_of_any_type(entity_type):
    assert all_lines(entity_type, 0) == []


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_even_few_rows_bring_every_type(entity_type):
    assert all_lines(entity_type, 200)


@pytest.mark.parametrize("rows", [500, 5_000, 30_000])
def test_rows_span_three_years_however_many_there_are(rows):
    arrivals = [json.loads(line)["ScheduledStartUtc"] for line in all_lines("Reservation", rows)]
    back = HOUR - datetime.fromisoformat(min(arrivals))
    assert timedelta(days=900) < back < timedelta(days=1300)
    assert datetime.fromisoformat(max(arrivals)) > HOUR + timedelta(days=60)


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_nothing_has_happened_that_lies_ahead(entity_type):
    past = ("CreatedUtc", "UpdatedUtc", "ClosedUtc", "ActualStartUtc", "ActualEndUtc", "PaidUtc",
            "CancelledUtc", "CanceledUtc", "ChargedUtc", "SettlementUtc", "DeletedUtc",
            "LastReminderDateUtc", "IssuedUtc")  # fmt: skip
    now = wire(HOUR)
    for record in records(entity_type, ROWS):
        moments = [record[name] for name in past if record.get(name) is not None]
        assert all(moment < now for moment in moments)
        updated = record.get("UpdatedUtc") or now
        assert all(moment <= updated for moment in moments)


@pytest.mark.parametrize("entity_type", UPDATED)
def test_a_window_holds_exactly_the_rows_updated_in_it(entity_type):
    moments = sorted(record["UpdatedUtc"] or "" for record in records(entity_type, ROWS))
    start, end = moments[len(moments) // 3], moments[len(moments) * 2 // 3]
    whole = all_lines(entity_type, ROWS)
    inside = [line for line in whole if start <= (json.loads(line)["UpdatedUtc"] or "") < end]
    assert 0 < len(inside) < len(whole)
    assert all_lines(entity_type, ROWS, updated=(start, end)) == inside


def test_posting_dates_hold_both_ends():
    start, end = "2025-03-01", "2025-03-31"
    whole = all_lines("LedgerEntry", ROWS)
    inside = [line for line in whole if start <= json.loads(line)["PostingDate"] <= end]
    assert {start, end} <= {json.loads(line)["PostingDate"] for line in inside}
    assert all_lines("LedgerEntry", ROWS, posted=(start, end)) == inside


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_scopes_divide_the_rows(entity_type):
    group = group_of(ROWS, 0)
    is_chain = load_schema(entity_type).scope == "chain"
    ids = group.chain_ids if is_chain else group.enterprise_ids
    pieces = [all_lines(entity_type, ROWS, ids=(each,)) for each in ids]
    assert len(pieces) > 1
    assert all(pieces)
    assert sorted(chain(*pieces)) == sorted(all_lines(entity_type, ROWS))
    name = "ChainId" if is_chain else "EnterpriseId"
    for owner, piece in zip(ids, pieces, strict=True):
        assert {json.loads(line).get(name, owner) for line in piece} == {owner}


@pytest.mark.parametrize(("entity_type", "table"), [
    ("Reservation", ("ServiceId", "Service")),
    ("AvailabilityAdjustment", ("ResourceCategoryId", "ResourceCategory")),
])  # fmt: skip
def test_scopes_work_where_records_do_not_name_their_property(entity_type, table):
    key, entity = table
    group = group_of(ROWS, 0)
    owner = {each["Id"]: each["EnterpriseId"] for each in names(group) if each["Entity"] == entity}
    mine = group.enterprise_ids[1]
    for line in all_lines(entity_type, ROWS, ids=(mine,)):
        assert owner[json.loads(line)[key]] == mine


def test_a_scope_of_strangers_is_empty():
    assert all_lines("OrderItem", ROWS, ids=("00000000-0000-4000-a000-000000000000",)) == []


@pytest.mark.parametrize("entity_type", UPDATED)
def test_what_changed_since_brings_an_old_export_up_to_date(entity_type):
    """The ground that growing tables stand on: no row changes unless its UpdatedUtc does."""
    then = TODAY - timedelta(days=400)
    old = by_id(all_lines(entity_type, ROWS, added=then))
    changed = by_id(all_lines(entity_type, ROWS, updated=(wire(then), wire(HOUR))))
    new = by_id(all_lines(entity_type, ROWS))
    # The stay that lies furthest back lacks items: which stay that is differs from day to day.
    recent = {
        key for key, line in new.items() if (json.loads(line)["UpdatedUtc"] or "") > "2024-01-01"
    }
    merged = old | changed
    assert all(merged[key] == new[key] for key in recent)
    if entity_type != "Company":
        assert changed


def test_what_happened_in_the_morning_shows_at_noon():
    morning = (wire(TODAY.replace(hour=0)), wire(TODAY.replace(hour=12)))
    assert all_lines("OrderItem", 40_000, updated=morning)
    assert not all_lines("OrderItem", 40_000, updated=morning, added=TODAY.replace(hour=0))


def test_ledger_entries_never_change():
    old = by_id(all_lines("LedgerEntry", ROWS, added=TODAY - timedelta(days=400)))
    new = by_id(all_lines("LedgerEntry", ROWS))
    for key, line in old.items():
        if json.loads(line)["PostingDate"] > "2024-01-01":
            assert new[key] == line


def test_everything_is_recognisably_made_up():
    for customer in records("Customer", ROWS):
        assert customer["Email"].endswith("example.invalid")
        assert "made up" in customer["Notes"]
    for company in records("Company", ROWS):
        assert company["Name"].startswith("Made-up")
        assert company["InvoicingEmail"].endswith("@example.invalid")
    for bill in records("Bill", ROWS):
        assert bill["EnterpriseData"] is None or "Made-up" in bill["EnterpriseData"]["CompanyName"]
    assert all(place["Name"].startswith("Made-up") for place in properties(group_of(ROWS, 0)))


def test_oddities_that_the_docs_know_are_there_in_small_exports():
    """Those that a reader of Mews has to bear: each breaks something that is written carelessly."""
    booked = [entry["CreatedUtc"] for entry in records("LedgerEntry", 3_000)]
    assert {True, False} == {"." in moment for moment in booked}  # fractions of a second
    firms = [company["UpdatedUtc"] for company in records("Company", 3_000)]
    assert 0 < firms.count(None) < len(firms) / 4


def test_what_was_never_updated_is_in_no_window():
    window = ("2000-01-01T00:00:00Z", wire(HOUR))
    inside = [json.loads(line) for line in all_lines("Company", ROWS, updated=window)]
    never = [each for each in records("Company", ROWS) if each["UpdatedUtc"] is None]
    assert len(inside) == len(records("Company", ROWS)) - len(never)


def test_texts_are_not_only_ascii():
    assert any(not line.isascii() for line in all_lines("Customer", ROWS))


def test_numbers_of_companies_are_larger_than_a_double_holds():
    assert min(company["Number"] for company in records("Company", ROWS)) > 2**53


@pytest.mark.parametrize("rows", [25_000, pytest.param(300_000, marks=pytest.mark.slow)])
def test_memory_stays_flat(rows):
    for _ in chunks("OrderItem", rows):
        pass  # what is remembered of days and prices grows with the years, not with the rows
    stream = chunks("OrderItem", rows)
    made = 0
    tracemalloc.start()
    try:
        for chunk in stream:
            made += chunk.count(b"\n")
            if made > rows // 10:
                break
        _, early = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        made += sum(chunk.count(b"\n") for chunk in stream)
        _, late = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made == rows
    assert late < early + rows * 1_700 // 10  # bytes; the rows themselves have 1.7 KB each


def test_the_properties_are_ready_for_a_frame():
    import polars as pl

    table = pl.DataFrame(properties(group_of(100_000, 0)))
    assert table.height == table["EnterpriseId"].n_unique() == 8
    assert table["TimeZoneIdentifier"].n_unique() == 8
    assert set(table["Kind"]) == {"City", "Resort"}
    assert set(table["Pricing"]) == {"Gross", "Net"}
    assert table["Currency"].n_unique() > 4
    assert table["Rooms"].sum() == len(group_of(100_000, 0).rooms)
    rates = table.select("Name", "Rates").explode("Rates").unnest("Rates", separator=".")
    assert "Non-refundable" in set(rates["Rates.Name"])
    rooms = table.select("Resources").explode("Resources").unnest("Resources")
    assert rooms["Id"].n_unique() == table["Rooms"].sum()
    categories = table.select("ResourceCategories").explode("ResourceCategories")
    assert categories.unnest("ResourceCategories")["Rooms"].sum() == table["Rooms"].sum()
