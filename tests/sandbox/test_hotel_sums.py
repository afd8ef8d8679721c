"""In the made-up hotels, money adds up to the cent."""

from datetime import timedelta

import polars as pl
import pytest
from support.hotel import TODAY, frame

from mews_frames._sandbox.hotel import group_of, properties

ROWS = 20_000
"""Three properties: the third, New York, has net prices."""
AMOUNTS = ("UnitAmount", "Amount", "OriginalAmount")
C = pl.col


@pytest.fixture(scope="module")
def items():
    return frame("OrderItem", ROWS)


@pytest.fixture(scope="module")
def payments():
    return frame("Payment", ROWS)


@pytest.fixture(scope="module")
def bills(items, payments):
    """Give the bills, each with what is owed on it and what was paid."""

    def on_bill(frame, name):
        return frame.group_by("BillId").agg(C("Amount.GrossValue").sum().alias(name))

    return (
        frame("Bill", ROWS)
        .join(on_bill(items, "owed"), left_on="Id", right_on="BillId", how="left")
        .join(on_bill(payments, "paid"), left_on="Id", right_on="BillId", how="left")
        .with_columns(balance=C("owed") + C("paid").fill_null(0))
    )


@pytest.fixture(scope="module")
def ledger():
    sign = pl.when(C("LedgerEntryType") == "Debit").then(1).otherwise(-1)
    return frame("LedgerEntry", ROWS).with_columns(signed=C("Value") * sign)


def taxes(amount):
    return C(f"{amount}.TaxValues").list.eval(pl.element().struct.field("Value")).list.sum()


def broken_down(amount, field):
    items = C(f"{amount}.Breakdown.Items")
    return items.list.eval(pl.element().struct.field(field)).list.sum()


@pytest.mark.parametrize("amount", AMOUNTS)
def test_gross_is_net_and_taxes(items, amount):
    gross, net = C(f"{amount}.GrossValue"), C(f"{amount}.NetValue")
    assert items.filter(gross != net + taxes(amount)).is_empty()
    assert items.filter(net != broken_down(amount, "NetValue")).is_empty()
    assert items.filter(taxes(amount) != broken_down(amount, "TaxValue")).is_empty()


@pytest.mark.parametrize("value", ["NetValue", "GrossValue"])
def test_the_unit_times_the_count_is_the_total(items, value):
    assert items["UnitCount"].max() > 1
    total = C(f"UnitAmount.{value}") * C("UnitCount")
    assert items.filter(total != C(f"Amount.{value}")).is_empty()


def test_every_bill_has_order_items(bills):
    assert bills["owed"].null_count() == 0


def test_a_bill_that_is_paid_balances(bills):
    paid = bills.filter(C("PaidUtc").is_not_null())
    assert paid.height > 1000
    assert paid.filter(C("balance") != 0).is_empty()


def test_what_is_not_paid_is_owed(bills):
    open_ = bills.filter(C("PaidUtc").is_null())
    assert open_.filter(C("balance") < 0).is_empty()
    assert open_.filter(C("balance") > 0).height > 20


def test_bills_are_receipts_or_invoices_of_companies(bills):
    invoices = bills.filter(C("Type") == "Invoice")
    assert set(invoices["AccountType"]) == {"Company"}
    assert invoices["DueUtc"].null_count() == 0
    assert set(invoices["State"]) == {"Closed"}
    assert {False, True} == set(invoices["PaidUtc"].is_null())
    assert {False, True} == set(invoices["LastReminderDateUtc"].is_null())
    assert bills.filter(C("Type") == "Receipt")["DueUtc"].null_count() > 1000


def test_items_are_closed_when_their_bill_is(items, bills):
    some = items.filter(C("Amount.GrossValue") != 0)
    joined = some.join(bills.select("Id", "State", "IssuedUtc"), left_on="BillId", right_on="Id")
    assert joined.height > 9000
    assert joined.filter(C("AccountingState") != C("State")).is_empty()
    assert joined.filter(C("ClosedUtc").ne_missing(C("IssuedUtc"))).is_empty()


def test_items_of_zero_value_are_inactive_and_no_others(items):
    is_free = items["Amount.GrossValue"] == 0
    void = items["AccountingState"] == "Canceled"
    assert set(items.filter(is_free)["AccountingState"]) == {"Inactive", "Canceled"}
    assert (items["AccountingState"] == "Inactive").equals(is_free & ~void)


def test_received_payments_are_negative_and_refunds_are_not(payments):
    known = payments.drop_nulls("Kind")
    assert set(known["Kind"]) == {"Payment", "Refund"}
    is_refund = C("Kind") == "Refund"
    assert known.filter(is_refund != (C("Amount.GrossValue") > 0)).is_empty()


def test_only_what_went_through_mews_has_a_kind(payments):
    without = payments.filter(C("Kind").is_null())
    assert set(without["Type"]) == {"CashPayment", "ExternalPayment"}
    assert set(payments.drop_nulls("Kind")["Type"]) == {"CreditCardPayment", "AlternativePayment"}


def test_deposits_come_before_the_guest_and_go_back_when_the_stay_is_off(payments):
    stays = frame("Reservation", ROWS).select("Id", "State", "ScheduledStartUtc")
    ahead = payments.filter(C("PaymentRequestId").is_not_null(), C("State") == "Charged")
    ahead = ahead.join(stays, left_on="ReservationId", right_on="Id", suffix="Stay")
    assert ahead.height > 200
    assert ahead.filter(C("ChargedUtc") > C("ScheduledStartUtc")).is_empty()
    assert ahead.filter(C("StateStay") == "Confirmed", C("BillId").is_not_null()).is_empty()
    off = stays.filter(C("State") == "Canceled").select("Id")
    loose = payments.filter(C("BillId").is_null(), C("State") == "Charged")
    kept = loose.join(off, left_on="ReservationId", right_on="Id")
    sums = kept.group_by("ReservationId").agg(C("Amount.GrossValue").sum())
    assert sums.height > 10
    assert sums.filter(C("Amount.GrossValue") != 0).is_empty()


def test_what_failed_is_on_no_bill(payments):
    failed = payments.filter(C("State") == "Failed")
    assert failed.height > 10
    assert failed["BillId"].null_count() == failed.height
    assert set(failed["AccountingState"]) == {"Inactive"}


def test_a_rebate_takes_back_part_of_a_night_of_the_same_bill(items):
    rebates = items.filter(C("Type") == "NightRebate")
    nights = items.select("Id", "Type", "BillId", "Amount.GrossValue", "ConsumedUtc")
    joined = rebates.join(nights, left_on="Data.Rebate.RebatedItemId", right_on="Id", suffix="Of")
    assert joined.height == rebates.height > 20
    assert set(joined["TypeOf"]) == {"SpaceOrder"}
    assert joined.filter(C("BillId") != C("BillIdOf")).is_empty()
    assert joined.filter(C("ConsumedUtc") != C("ConsumedUtcOf")).is_empty()
    both = C("Amount.GrossValue") + C("Amount.GrossValueOf")
    assert joined.filter(C("Amount.GrossValue") > 0).is_empty()
    assert joined.filter(both < 0).is_empty()


@pytest.mark.parametrize("of", [["EnterpriseId", "PostingDate"], ["TransactionId"]])
def test_debits_equal_credits(ledger, of):
    sums = ledger.group_by(of).agg(C("signed").sum())
    assert sums.height > 1000
    assert sums.filter(C("signed") != 0).is_empty()


def test_values_of_the_ledger_are_never_negative_and_say_their_side(ledger):
    assert ledger["Value"].min() > 0
    assert set(ledger["LedgerType"]) == {
        "Revenue", "Tax", "Payment", "Deposit", "Guest", "City", "NonRevenue",
    }  # fmt: skip
    taxed = ledger.filter(C("LedgerType") == "Tax")
    for name in ("NetBaseValue", "TaxRateCode"):
        assert taxed[name].null_count() == 0
        assert ledger[name].drop_nulls().len() == taxed.height


def test_the_ledger_agrees_with_bills_and_payments(ledger, bills, payments):
    balance = dict(ledger.group_by("LedgerType").agg(C("signed").sum()).iter_rows())
    charged = payments.filter(C("State") == "Charged")
    assert balance["Payment"] == -charged["Amount.GrossValue"].sum()
    invoiced = bills.filter(C("Type") == "Invoice")
    assert balance["City"] == invoiced["balance"].sum()
    ahead = charged.filter(C("BillId").is_null())
    assert balance["Deposit"] == ahead["Amount.GrossValue"].sum()


def test_what_was_used_was_posted_as_revenue(ledger, items):
    closed = items.filter(C("AccountingState") == "Closed", C("Type") != "CityTax")
    posted = ledger.filter(C("LedgerType") == "Revenue").select("AccountingItemId", "signed")
    joined = closed.join(posted, left_on="Id", right_on="AccountingItemId", how="left")
    assert joined.height == closed.height > 7000
    assert joined.filter(C("signed").fill_null(0) != -C("Amount.NetValue")).is_empty()


def test_items_are_posted_on_their_own_local_day(ledger, items):
    zones = pl.DataFrame(properties(group_of(ROWS, 0)))
    posted = ledger.filter(C("LedgerType") == "Guest").select("AccountingItemId", "PostingDate")
    for enterprise_id, zone in zones.select("EnterpriseId", "TimeZoneIdentifier").iter_rows():
        mine = items.filter(C("EnterpriseId") == enterprise_id)
        joined = mine.join(posted, left_on="Id", right_on="AccountingItemId")
        day = C("ConsumedUtc").dt.convert_time_zone(zone).dt.date()
        assert joined.height > 1000
        assert joined.filter(day != C("PostingDate")).is_empty()


def test_taxes_are_those_of_the_place(items):
    """Net and gross prices alike: what differs is whether tax comes on top."""
    rates = {
        "Berlin": (0.07, 0.19),
        "Tenerife": (0.07, 0.07),
        "New York": (0.1475, 0.0888),
    }
    for place in properties(group_of(ROWS, 0)):
        mine = items.filter(C("EnterpriseId") == place["EnterpriseId"], C("Amount.NetValue") > 20)
        for item_type, rate in zip(
            ("SpaceOrder", "ProductOrder"), rates[place["City"]], strict=True
        ):
            sold = mine.filter(C("Type") == item_type)
            tax = sold["Amount.GrossValue"].cast(float) / sold["Amount.NetValue"].cast(float) - 1
            assert sold.height > 200
            assert (tax - rate).abs().max() < 0.001


def test_some_companies_never_pay():
    bills = frame("Bill", ROWS).filter(C("Type") == "Invoice")
    overdue = bills.filter(C("PaidUtc").is_null(), C("DueUtc") < TODAY - timedelta(days=200))
    assert 0 < overdue.height < 0.1 * bills.height
    assert overdue["LastReminderDateUtc"].null_count() == 0
