"""Ids in the records of the made-up hotels lead somewhere, in all ten types."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from support.hotel import records

from mews_frames._sandbox.hotel import group_of, names, properties
from mews_frames._schemas import ENTITY_TYPES

ROWS = 6_000
FACTS = Path(__file__).parents[2] / "scripts" / "entities.json"
ENTITIES = json.loads(FACTS.read_text(encoding="utf-8"))["entities"]
NAMED = {each["Entity"] for each in names(group_of(ROWS, 0))}
NEVER = {  # what no made-up hotel does
    "Data.AllowanceDiscount.DiscountedOrderItemId",
    "Data.AllowanceDiscount.AllowanceProductOrderItemId",
    "Data.AllowanceProfits.AllowanceProductOrderItemId",
    "Data.CreditCard.Transaction.PaymentId",
    "Data.Invoice.InvoiceId",
    "Data.Ghost.OriginalPaymentId",
    "Data.Product.AgeCategoryId",
    "Payment.AccountingCategoryId",
    "Bill.CorrectedBillId",
    "Bill.CustomerId",
    "Bill.CompanyId",
    "Company.MergeTargetId",
    "AvailabilityBlock.TravelAgencyId",
    "Reservation.AccountId of Company",
}


def keys_to(known):
    """Give the documented keys into a set of entities: type, field, condition, targets."""
    found = {}
    for entity_type in ENTITY_TYPES:
        for key in ENTITIES[entity_type]["foreign_keys"]:
            if key["to"] in known:
                where = (entity_type, key["field"], key.get("when", ""))
                found.setdefault(where, []).append(key["to"])
    return [(*where, targets) for where, targets in found.items()]


def instant(text):
    return datetime.fromisoformat(text)


def is_never(entity_type, field, targets):
    name = f"{entity_type}.{field}"
    return not NEVER.isdisjoint({field, name, f"{name} of {targets[0]}"})


def ids_of(entity, seed=0):
    return {record["Id"] for record in records(entity, ROWS, seed)}


def values(record, path):
    """Give what a path of the docs leads to in a record: no value, one, or several."""
    if record is None:
        return
    if isinstance(record, list):
        for each in record:
            yield from values(each, path)
    elif not path:
        yield record
    else:
        yield from values(record[path[0]], path[1:])


def keys_in(entity_type, field, when, seed=0):
    path = field.replace("[]", "").split(".")
    name, _, wanted = when.partition(" == ")
    for record in records(entity_type, ROWS, seed):
        if not wanted or record[name] == wanted:
            yield from values(record, path)


@pytest.mark.parametrize(("entity_type", "field", "when", "targets"), keys_to(ENTITY_TYPES))
def test_foreign_keys_resolve(entity_type, field, when, targets):
    found = set(keys_in(entity_type, field, when))
    if (entity_type, field) == ("LedgerEntry", "AccountId"):
        targets = ["Customer", "Company"]  # the docs: or a company
    if (entity_type, field) == ("LedgerEntry", "BillId"):
        found &= ids_of("Bill")  # the docs: or a bill that was deleted
    assert found <= set().union(*map(ids_of, targets))
    assert bool(found) != is_never(entity_type, field, targets)


@pytest.mark.parametrize(("entity_type", "field", "when", "targets"), keys_to(NAMED))
def test_ids_of_look_ups_have_names(entity_type, field, when, targets):
    found = set(keys_in(entity_type, field, when))
    assert bool(found) != is_never(entity_type, field, targets)
    assert found <= {each["Id"] for each in names(group_of(ROWS, 0)) if each["Entity"] in targets}


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_ids_are_unique(entity_type):
    assert len(ids_of(entity_type)) == len(records(entity_type, ROWS))


@pytest.mark.parametrize("rows", [1, 2, 50, 333])
def test_keys_resolve_however_few_rows_there_are(rows):
    for seed in range(3):
        made = {each: records(each, rows, seed) for each in ENTITY_TYPES}
        ids = {each: {record["Id"] for record in made[each]} for each in ENTITY_TYPES}
        assert len(made["OrderItem"]) == rows
        for item in made["OrderItem"]:
            assert item["ServiceOrderId"] in ids["Reservation"]
            assert item["AccountId"] in ids[item["AccountType"]]
            assert item["BillId"] is None or item["BillId"] in ids["Bill"]
        for stay in made["Reservation"]:
            assert stay["PartnerCompanyId"] is None or stay["PartnerCompanyId"] in ids["Company"]
            assert stay["TravelAgencyId"] is None or stay["TravelAgencyId"] in ids["Company"]
        for block in made["AvailabilityBlock"]:
            assert block["BookerId"] in ids["Customer"]


def test_some_ledger_entries_name_a_bill_that_was_deleted():
    """Mews docs: nothing is left of such a bill, and its id is in no other record."""
    gone = {entry["BillId"] for entry in records("LedgerEntry", ROWS)} - ids_of("Bill") - {None}
    assert 0 < len(gone) < len(ids_of("Bill")) / 10
    for entity_type in ("OrderItem", "Payment"):
        assert not gone & {record["BillId"] for record in records(entity_type, ROWS)}


def test_every_reservation_has_order_items():
    used = {item["ServiceOrderId"] for item in records("OrderItem", ROWS)}
    assert used == ids_of("Reservation")


def test_reservations_lead_to_their_property_through_the_service():
    owner = {each["ServiceId"]: each["EnterpriseId"] for each in properties(group_of(ROWS, 0))}
    stays = {each["Id"]: owner[each["ServiceId"]] for each in records("Reservation", ROWS)}
    for item in records("OrderItem", ROWS):
        assert stays[item["ServiceOrderId"]] == item["EnterpriseId"]


def test_guests_and_firms_are_of_the_chain_of_the_hotel():
    chains = {each["EnterpriseId"]: each["ChainId"] for each in properties(group_of(ROWS, 0))}
    accounts = {
        each["Id"]: each["ChainId"]
        for entity_type in ("Customer", "Company")
        for each in records(entity_type, ROWS)
    }
    for item in records("OrderItem", ROWS):
        assert accounts[item["AccountId"]] == chains[item["EnterpriseId"]]


def test_a_group_picks_up_no_more_rooms_than_are_held_for_it():
    held, picked = {}, {}
    for each in records("AvailabilityAdjustment", ROWS):
        block = each["AvailabilityBlockId"]
        held[block] = held.get(block, 0) + each["UnitCount"]
    for each in records("Reservation", ROWS):
        if (block := each["AvailabilityBlockId"]) is not None:
            picked[block] = picked.get(block, 0) + 1
    assert len(picked) > 10
    assert all(picked[block] <= held[block] for block in picked)


def test_reservations_of_a_block_share_its_nights_and_its_group():
    blocks = {each["Id"]: each for each in records("AvailabilityBlock", ROWS)}
    groups = {}
    for each in records("Reservation", ROWS):
        block = blocks.get(each["AvailabilityBlockId"])
        if block is not None:
            assert block["State"] == "Confirmed"
            assert block["RateId"] == each["RateId"]
            first, arrival = block["FirstTimeUnitStartUtc"], each["ScheduledStartUtc"]
            hours = (instant(arrival) - instant(first)).total_seconds() / 3600
            assert 14 <= hours <= 16  # three in the afternoon, summer time or not
            assert block["CreatedUtc"] < each["CreatedUtc"]
            assert groups.setdefault(block["Id"], each["GroupId"]) == each["GroupId"]
    assert len(groups) > 10


def test_all_names_are_of_ids_that_differ():
    table = names(group_of(ROWS, 0))
    assert len({each["Id"] for each in table}) == len(table)
