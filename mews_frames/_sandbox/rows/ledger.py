"""Ledger entries: double entry, so that debits equal credits in every transaction.

What a guest uses is owed (Guest) and earned (Revenue, Tax; NonRevenue for a city tax, which is
only passed on). Money that comes (Payment) settles what is owed; before the guest has come it is
a Deposit. An invoice moves what is owed from the guest to the company (City). Mews docs do not
say what the ledgers mean: this is how hotels keep them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mews_frames._sandbox.hotel.folio import folio_of
from mews_frames._sandbox.hotel.instants import HOUR, local_day, midnight
from mews_frames._sandbox.rows.order_items import account_of, item_id
from mews_frames._sandbox.rows.wire import finer, iso_date, money, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.charges import Charge
    from mews_frames._sandbox.hotel.folio import Folio, Payment
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wants

__all__ = ["ledger_entries"]

AUDIT = 2 * HOUR
"""Seconds after midnight at which the day that has ended is posted."""

LEGS = 4
"""Entries of a transaction at most."""

PAYMENTS, DEPOSITS, INVOICE = 0x1000, 0x2000, 0x3000
"""Where the numbers of transactions that are no charges begin: so each keeps its ids."""


Billed: TypeAlias = Literal["Bill", "DeletedBill"] | None
"""What is posted on: the bill of the stay, one that is gone, or none."""


class Leg(NamedTuple):
    """One side of a transaction: debit where the cents are positive, credit where negative."""

    ledger: str
    cents: int
    base: int | None = None
    tax: str | None = None


class Transaction(NamedTuple):
    """What is posted together. Its legs add up to zero.

    Attributes
    ----------
    number
        Names it within its stay.
    at, day
        When it is written, and the local day that it belongs to.
    item, number_of_item, item_type
        What it is about: the kind of its id, its number, and how the ledger calls it.
    bill
        The bill that it is on. One that was deleted is named here alone: Mews docs, changelog of
        2026-05-18.
    """

    number: int
    at: int
    day: int
    item: str
    number_of_item: int
    item_type: str
    bill: Billed
    category: str | None
    legs: tuple[Leg, ...]


def ledger_entries(group: Group, as_of: int, stay: Stay, wants: Wants) -> str:
    """Write what is posted about a stay."""
    place = stay.place
    kinds = ("LedgerEntry", "Transaction", "OrderItem", "Payment", "Bill", "DeletedBill")
    ids = {kind: group.id(kind, stay.key) for kind in kinds}
    whose = f'"AccountId":"{account_of(group, stay)[0]}","BillId":'
    made = []
    for posted in _transactions(stay, folio_of(group, stay, as_of), as_of):
        if not wants(posted.day):
            continue
        transaction = item_id(ids["Transaction"], posted.number)
        item = ids[posted.item]
        if posted.item != "Bill":
            item = item_id(item, posted.number_of_item)
        before = (
            f'","EnterpriseId":"{place.id}","TransactionId":"{transaction}",{whose}'
            f"{quoted(posted.bill and ids[posted.bill])},"
            f'"AccountingCategoryId":{quoted(posted.category)},"AccountingItemId":"{item}",'
            f'"AccountingItemType":"{posted.item_type}","LedgerType":"'
        )
        # The audit of the night writes on the second; what people do happens in between.
        at = text(posted.at) if posted.item == "OrderItem" else finer(posted.at, stay.number)
        date, after = iso_date(posted.day), f',"CreatedUtc":"{at}"}}\n'
        for number, leg in enumerate(posted.legs):
            if not leg.cents:
                continue
            base = "null" if leg.base is None else money(leg.base)
            made.append(
                f'{{"Id":"{item_id(ids["LedgerEntry"], posted.number * LEGS + number)}{before}'
                f'{leg.ledger}","LedgerEntryType":"{"Debit" if leg.cents > 0 else "Credit"}",'
                f'"PostingDate":"{date}","Value":{money(abs(leg.cents))},'
                f'"NetBaseValue":{base},"TaxRateCode":{quoted(leg.tax)}{after}'
            )
    return "".join(made)


def _transactions(stay: Stay, folio: Folio, as_of: int) -> Iterator[Transaction]:
    for charge in stay.charges:
        at = _posted(stay, charge)
        if at is not None and at < as_of:
            yield _used(stay, charge, at)
    for payment in folio.payments:
        if payment.charged is not None:
            yield _paid(stay, folio, payment, payment.charged)
            if payment.is_deposit and folio.bill is not None:
                yield _applied(stay, payment, folio.bill.created)
    if folio.bill is not None and folio.bill.firm is not None:
        yield _invoiced(stay, folio.total, folio.bill.closed or 0)


def _posted(stay: Stay, charge: Charge) -> int | None:
    """Say when a charge is posted, if ever: in the night after its day, if the guest is there."""
    if charge.is_void or (stay.checked_in is None and stay.cancelled is None):
        return None
    if charge.kind.is_late or not stay.nights:
        return stay.cancelled or stay.checked_out
    return midnight(stay.place.city.zone, charge.day + 1) + AUDIT


def _used(stay: Stay, charge: Charge, at: int) -> Transaction:
    net, tax = charge.price.net * charge.units, charge.price.tax * charge.units
    return Transaction(
        number=charge.number,
        at=at,
        day=charge.day,
        item="OrderItem",
        number_of_item=charge.number,
        item_type="OrderItem",
        bill="Bill",
        category=stay.place.accounting[charge.kind.accounting],
        legs=(
            Leg("Guest", net + tax),
            Leg(charge.kind.ledger, -net),
            Leg("Tax", -tax, base=net, tax=charge.tax),
        ),
    )


def _paid(stay: Stay, folio: Folio, payment: Payment, at: int) -> Transaction:
    against, on = "Deposit", _billed(folio, payment)
    if on == "Bill" and folio.bill is not None:
        against = "Guest" if folio.bill.firm is None else "City"
    return Transaction(
        number=PAYMENTS + payment.number,
        at=at,
        day=local_day(stay.place.city.zone, at),
        item="Payment",
        number_of_item=payment.number,
        item_type="Payment",
        bill=on,
        category=None,
        legs=(Leg("Payment", -payment.cents), Leg(against, payment.cents)),
    )


def _billed(folio: Folio, payment: Payment) -> Billed:
    """Say which bill a payment is posted on; that of a deposit paid back held nothing else."""
    if payment.is_deposit:
        return None
    return "DeletedBill" if folio.bill is None else "Bill"


def _applied(stay: Stay, payment: Payment, at: int) -> Transaction:
    """Use a deposit, now that there is a bill."""
    return Transaction(
        number=DEPOSITS + payment.number,
        at=at,
        day=local_day(stay.place.city.zone, at),
        item="Payment",
        number_of_item=payment.number,
        item_type="DepositBalancingPayment",
        bill="Bill",
        category=None,
        legs=(Leg("Deposit", -payment.cents), Leg("Guest", payment.cents)),
    )


def _invoiced(stay: Stay, total: int, at: int) -> Transaction:
    return Transaction(
        number=INVOICE,
        at=at,
        day=local_day(stay.place.city.zone, at),
        item="Bill",
        number_of_item=0,
        item_type="Invoice",
        bill="Bill",
        category=None,
        legs=(Leg("City", total), Leg("Guest", -total)),
    )
