"""Payments: deposits, what is paid on leaving, what companies transfer, and refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.folio import folio_of
from mews_frames._sandbox.hotel.instants import DAY
from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.order_items import account_of, item_id
from mews_frames._sandbox.rows.wire import maybe, quoted, text, untaxed

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.folio import Bill, Payment
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wants

__all__ = ["payments"]

PER_EURO = {"EUR": 100, "GBP": 86, "USD": 109, "CZK": 2_510, "THB": 3_820, "AUD": 166}
"""Hundredths. Made-up rates of exchange that never change."""

WALLETS = ("ApplePay", "GooglePay", "PayPal")
TYPES = {
    "card": "CreditCardPayment",
    "cash": "CashPayment",
    "transfer": "ExternalPayment",
    "wallet": "AlternativePayment",
}


def payments(group: Group, as_of: int, stay: Stay, wants: Wants) -> str:
    """Write the payments of a stay."""
    folio = folio_of(group, stay, as_of)
    return "".join(
        [
            _payment(group, stay, folio.bill, each)
            for each in folio.payments
            if wants(each.updated(folio.bill))
        ]
    )


def _payment(group: Group, stay: Stay, bill: Bill | None, paid: Payment) -> str:
    account, account_type = account_of(group, stay)
    payment_id = item_id(group.id("Payment", stay.key), paid.number)
    closed = bill.closed if bill and paid.on_bill else None
    currency = stay.place.city.currency
    amount = untaxed(currency, paid.cents)
    charged = maybe(paid.charged)
    payout = None if paid.settled is None else f"MADE-UP-{paid.settled // DAY}"
    request = group.id("PaymentRequest", stay.key) if paid.is_deposit else None
    return (
        f'{{"Id":"{payment_id}","EnterpriseId":"{stay.place.id}","AccountId":"{account}",'
        f'"AccountType":"{account_type}","PaymentRequestId":{quoted(request)},'
        f'"BillId":{quoted(group.id("Bill", stay.key) if paid.on_bill else None)},'
        f'"ReservationId":"{group.id("Reservation", stay.key)}","AccountingCategoryId":null,'
        f'"Amount":{amount},"OriginalAmount":{_original(currency, stay, paid, amount)},'
        f'"Notes":"{NOTE}",'
        f'"SettlementId":{quoted(payout)},'
        f'"ConsumedUtc":{charged},"ClosedUtc":{maybe(closed)},'
        f'"ChargedUtc":{charged},"CreatedUtc":"{text(paid.created)}",'
        f'"UpdatedUtc":"{text(paid.updated(bill))}","SettlementUtc":{maybe(paid.settled)},'
        f'"AccountingState":"{_accounting(paid, closed)}","State":"{paid.state}",'
        f'"Identifier":"{"" if paid.method == "cash" else f"made-up-{stay.number}-{paid.number}"}",'
        f'"Type":"{TYPES[paid.method]}","Kind":{quoted(_kind(paid))},'
        f'"Data":{_data(group, stay, paid)},"PaymentOrigin":"{_origin(stay, paid)}"}}\n'
    )


def _kind(paid: Payment) -> str | None:
    """Say whether money came or went, where Mews handled it.

    Mews docs, operations/payments.md: "only for payments processed by Mews Payments". Their
    example of cash has a kind all the same; here the rule is kept.
    """
    if paid.method in ("cash", "transfer"):
        return None
    return "Payment" if paid.cents < 0 else "Refund"


def _original(currency: str, stay: Stay, paid: Payment, amount: str) -> str:
    """Write what was handed over: now and then another currency than the hotel's."""
    if paid.method != "card" or stay.dice(10, 29):
        return amount
    foreign = "USD" if currency == "EUR" else "EUR"
    return untaxed(foreign, round(paid.cents * PER_EURO[foreign] / PER_EURO[currency]))


def _accounting(paid: Payment, closed: int | None) -> str:
    if paid.state == "Failed":
        return "Inactive"
    if paid.state == "Canceled":
        return "Canceled"
    return "Open" if closed is None else "Closed"


def _origin(stay: Stay, paid: Payment) -> str:
    if not paid.is_deposit:
        return {"card": "Terminal", "transfer": "PaymentToInvoiceLinking"}.get(
            paid.method, "Operations"
        )
    if paid.method == "transfer":
        return "PaymentRequest"
    return "ChannelManager" if stay.origin == "ChannelManager" else "BookingEngine"


def _data(group: Group, stay: Stay, paid: Payment) -> str:
    card = transfer = wallet = "null"
    if paid.method == "cash":  # Mews docs, operations/payments.md: their example of cash has none
        return "null"
    if paid.method == "card":
        branch = "CreditCard"
        card = f'{{"CreditCardId":"{group.id("CreditCard", stay.guest)}","Transaction":null}}'
    elif paid.method == "transfer":
        branch, transfer = "External", '{"Type":"WireTransfer","ExternalIdentifier":null}'
    else:
        branch, wallet = "Alternative", f'{{"Type":"{WALLETS[stay.dice(3, len(WALLETS))]}"}}'
    return (
        f'{{"Discriminator":"{branch}","CreditCard":{card},"Invoice":null,"External":{transfer},'
        f'"Ghost":null,"Alternative":{wallet}}}'
    )
