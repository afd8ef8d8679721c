"""Order items: the nights, meals, taxes, fees and rebates of a reservation, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.folio import billed_firm, folio_of
from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.wire import amount, flag, maybe, night, text

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.charges import Charge
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wants

__all__ = ["account_of", "item_id", "order_items"]


def order_items(group: Group, as_of: int, stay: Stay, wants: Wants) -> str:
    """Write the order items of a stay."""
    if not wants(stay.updated):
        return ""
    place, city = stay.place, stay.place.city
    bill = folio_of(group, stay, as_of).bill
    account, account_type = account_of(group, stay)
    closed = maybe(bill and bill.closed)
    on_bill = "Open" if closed == "null" else "Closed"
    bill_id = "null" if bill is None else f'"{group.id("Bill", stay.key)}"'
    ids = group.id("OrderItem", stay.key)
    whose = (
        f'"EnterpriseId":"{place.id}","AccountId":"{account}","AccountType":"{account_type}",'
        f'"ServiceId":"{place.service_id}",'
        f'"ServiceOrderId":"{group.id("Reservation", stay.key)}","Notes":"{NOTE}","BillId":'
    )
    who = (
        f'"CreatorProfileId":"{place.profiles[0]}","UpdaterProfileId":"{place.profiles[1]}",'
        '"CreatedUtc":"'
    )
    booked, updated = text(stay.created), text(stay.updated)
    ends = {  # by whether an item is void
        True: f'"CanceledUtc":{maybe(stay.cancelled)},"ClosedUtc":null,"StartUtc":"',
        False: f'"CanceledUtc":null,"ClosedUtc":{closed},"StartUtc":"',
    }
    made = []
    for charge in stay.charges:
        kind, void = charge.kind, charge.is_void
        unit = amount(city.currency, charge.tax, charge.price, 1)
        total = amount(city.currency, charge.tax, charge.price, charge.units)
        start, consumed = night(city, charge.day)
        created = updated if kind.is_late else booked
        if kind.item_type == "CancellationFee":
            consumed = updated
        made.append(
            f'{{"Id":"{item_id(ids, charge.number)}",{whose}{"null" if void else bill_id},'
            f'"AccountingCategoryId":"{place.accounting[kind.accounting]}","BillingName":null,'
            f'"ExternalIdentifier":null,"UnitCount":{charge.units},"UnitAmount":{unit},'
            f'"Amount":{total},"OriginalAmount":{total},"RevenueType":"{kind.revenue_type}",'
            f'{who}{created}","UpdatedUtc":"{updated}","ConsumedUtc":"{consumed}",'
            f'{ends[void]}{start}","ClaimedUtc":null,'
            f'"AccountingState":"{_state(charge, on_bill)}","Type":"{kind.item_type}",'
            f'"Options":{{"CanceledWithReservation":{flag(void)}}},'
            f'"Data":{_data(ids, stay, charge)},'
            '"TaxExemptionReason":null,"TaxExemptionLegalReference":null}\n'
        )
    return "".join(made)


def _state(charge: Charge, on_bill: str) -> str:
    """Say how an item stands in billing: as its bill does, if there is something to bill.

    Mews docs, operations/orderitems.md: Inactive items are of zero value, or not confirmed.
    """
    if charge.is_void:
        return "Canceled"
    return on_bill if charge.gross else "Inactive"


def account_of(group: Group, stay: Stay) -> tuple[str, str]:
    """Say who is charged: the company that gets the invoice, or the guest."""
    firm = billed_firm(group, stay)
    if firm is None:
        return group.id("Customer", stay.guest), "Customer"
    return firm.id, "Company"


def item_id(ids: str, number: int) -> str:
    """Give the id of an item of a stay, whose items differ in the last four digits."""
    return f"{ids[:32]}{number:04x}"


def _data(ids: str, stay: Stay, charge: Charge) -> str:
    product = charge.kind.product
    if product is None:
        return "null"
    product_id = stay.place.products[product]
    if charge.rebates is None:
        return (
            f'{{"Discriminator":"Product","Rebate":null,"Product":{{"ProductId":"{product_id}",'
            '"AgeCategoryId":null,"ProductType":"Product"},"AllowanceDiscount":null,'
            '"AllowanceProfits":null}'
        )
    return (
        f'{{"Discriminator":"Rebate","Rebate":{{"ProductId":"{product_id}",'
        f'"RebatedItemId":"{item_id(ids, charge.rebates)}"}},"Product":null,'
        '"AllowanceDiscount":null,"AllowanceProfits":null}'
    )
