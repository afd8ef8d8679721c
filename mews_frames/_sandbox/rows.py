"""The rows of an export, as lines of JSON: made one block of stays at a time, never all at once.

OrderItem and Reservation are written with templates, because `json.dumps` of a dictionary per
record would be four times slower; the other types grow from their schemas.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mews_frames._sandbox.grow import grown
from mews_frames._sandbox.hotel import (
    NOTE,
    City,
    Taxed,
    demand,
    group_of,
    made_id,
    midnight,
    sale,
    tax_free,
)
from mews_frames._sandbox.stays import DAY, Stay, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.stored import Stored

__all__ = ["lines"]

PLAIN_NIGHT = 118_00
BREAKFAST = 14_00
"""Prices in cents in Berlin; the other cities in proportion."""

RATES = (1.0, 0.92, 0.9, 1.05)
"""Flexible, corporate, not refundable, package: what they cost against the mean."""


def lines(stored: Stored) -> Iterator[bytes]:
    """Make the rows of an export: chunks of whole lines, filtered as was asked.

    The hotels are shown as of the beginning of the day, in UTC, on which it was added.
    """
    group = group_of(stored.recipe.rows, stored.recipe.seed)
    as_of = int(stored.added.timestamp()) // DAY * DAY
    entity_type = stored.asked.entity_type
    write = WRITERS.get(entity_type)
    if write is None:
        yield from grown(group, as_of, stored.asked)
        return
    for stays in blocks(group, as_of):
        wanted = [stay for stay in stays if stored.asked.takes(stay.place.id, stay.updated)]
        if wanted:
            yield "".join([write(group.seed, stay) for stay in wanted]).encode("ascii")


def _order_items(seed: int, stay: Stay) -> str:
    """Write the order items of a reservation: its nights, breakfasts and taxes."""
    place = stay.place
    city = place.city
    item_id = made_id(seed, "OrderItem", stay.key)[:32]  # four digits are left to count
    if stay.company is None:
        account, account_type = made_id(seed, "Customer", stay.customer), "Customer"
    else:
        account, account_type = made_id(seed, "Company", stay.company), "Company"
    head = (
        f'","EnterpriseId":"{place.id}","AccountId":"{account}","AccountType":"{account_type}",'
        f'"ServiceId":"{place.service_id}",'
        f'"ServiceOrderId":"{made_id(seed, "Reservation", stay.key)}","Notes":"{NOTE}",'
        f'"BillId":"{made_id(seed, "Bill", stay.key)}","AccountingCategoryId":"'
    )
    who = (
        f'"CreatorProfileId":"{place.profiles[0]}","UpdaterProfileId":"{place.profiles[1]}",'
        f'"CreatedUtc":"{text(stay.created)}","UpdatedUtc":"{text(stay.updated)}","ConsumedUtc":"'
    )
    state = "Canceled" if stay.cancelled else "Closed" if stay.checked_out else "Open"
    closed = stay.checked_out if not stay.cancelled else None
    ends = f'","CanceledUtc":{maybe(stay.cancelled)},"ClosedUtc":{maybe(closed)},"StartUtc":"'
    last = (
        f'","ClaimedUtc":null,"AccountingState":"{state}","Type":"SpaceOrder",'
        f'"Options":{{"CanceledWithReservation":{"true" if stay.cancelled else "false"}}},'
        '"Data":null,"TaxExemptionReason":null,"TaxExemptionLegalReference":null}\n'
    )
    nights, food, taxes, fees = place.accounting
    extras = []
    if stay.breakfast and not stay.cancelled:
        price = sale(BREAKFAST * city.price // PLAIN_NIGHT, city)
        data = (
            f'{{"Discriminator":"Product","Rebate":null,"Product":{{"ProductId":'
            f'"{place.products[0]}","AgeCategoryId":null,"ProductType":"Product"}},'
            '"AllowanceDiscount":null,"AllowanceProfits":null}'
        )
        money = counted(city.currency, city.tax_code, price, stay.adults + stay.children)
        after = last.replace("SpaceOrder", "ProductOrder").replace('"Data":null', f'"Data":{data}')
        extras.append((f'{food}",{EMPTY}{money},"RevenueType":"Product",{who}', after))
    if city.city_tax and not stay.cancelled:
        money = counted(city.currency, None, tax_free(city.city_tax), stay.adults)
        after = last.replace("SpaceOrder", "CityTax")
        extras.append((f'{taxes}",{EMPTY}{money},"RevenueType":"Additional",{who}', after))
    mean = stay.price * RATES[stay.rate]
    made = []
    number = 0
    for day in range(stay.first_day, stay.first_day + stay.nights):
        start, consumed, factor = night(city, day)
        money = amount(city.currency, city.tax_code, sale(int(mean * factor), city))
        made.append(
            f'{{"Id":"{item_id}{number:04x}{head}{nights}",{EMPTY}"UnitCount":1,'
            f'"UnitAmount":{money},"Amount":{money},"OriginalAmount":{money},'
            f'"RevenueType":"Service",{who}{consumed}{ends}{start}{last}'
        )
        for before, after in extras:
            number += 1
            made.append(
                f'{{"Id":"{item_id}{number:04x}{head}{before}{consumed}{ends}{start}{after}'
            )
        number += 1
    if stay.reason == "NoShow":  # the guest pays the first night all the same
        start, _, factor = night(city, stay.first_day)
        money = counted(city.currency, None, tax_free(int(mean * factor)), 1)
        made.append(
            f'{{"Id":"{item_id}{number:04x}{head}{fees}",{EMPTY}{money},'
            f'"RevenueType":"Additional",{who}{text(stay.updated)}","CanceledUtc":null,'
            f'"ClosedUtc":null,"StartUtc":"{start}","ClaimedUtc":null,"AccountingState":"Open",'
            '"Type":"CancellationFee","Options":{"CanceledWithReservation":false},'
            '"Data":null,"TaxExemptionReason":null,"TaxExemptionLegalReference":null}\n'
        )
    return "".join(made[: stay.limit])


def _reservation(seed: int, stay: Stay) -> str:
    """Write a reservation."""
    place = stay.place
    reservation_id = made_id(seed, "Reservation", stay.key)
    group_id = made_id(seed, "ReservationGroup", stay.key)
    customer = made_id(seed, "Customer", stay.customer)
    company = "null" if stay.company is None else f'"{made_id(seed, "Company", stay.company)}"'
    state = "Confirmed"
    if stay.cancelled:
        state = "Canceled"
    elif stay.checked_out:
        state = "Processed"
    elif stay.checked_in:
        state = "Started"
    origin, commander = ORIGINS[stay.number % len(ORIGINS)]
    is_in = "true" if stay.checked_in else "false"
    reason = "null" if stay.reason is None else f'"{stay.reason}"'
    channel = f'"MADE-UP-{stay.number}"' if origin == "ChannelManager" else "null"
    start, end = text(stay.scheduled_start), text(stay.scheduled_end)
    began = start if stay.checked_in is None else text(stay.checked_in)
    adult, child = place.age_categories
    persons = f'{{"AgeCategoryId":"{adult}","Count":{stay.adults}}}'
    if stay.children:
        persons += f',{{"AgeCategoryId":"{child}","Count":{stay.children}}}'
    return (
        f'{{"Id":"{reservation_id}","ServiceId":"{place.service_id}","AccountId":"{customer}",'
        f'"AccountType":"Customer","CreatorProfileId":"{place.profiles[0]}",'
        f'"UpdaterProfileId":"{place.profiles[1]}","BookerId":"{customer}",'
        f'"Number":"{stay.number}","State":"{state}","Origin":"{origin}",'
        f'"CommanderOrigin":{commander},"OriginDetails":"{NOTE}",'
        f'"CreatedUtc":"{text(stay.created)}","UpdatedUtc":"{text(stay.updated)}",'
        f'"CancelledUtc":{maybe(stay.cancelled)},"VoucherId":null,'
        f'"BusinessSegmentId":"{place.segments[stay.segment]}",'
        f'"Options":{{"OwnerCheckedIn":{is_in},"AllCompanionsCheckedIn":{is_in},'
        f'"AnyCompanionCheckedIn":{is_in},"ConnectorCheckIn":false}},'
        f'"RateId":"{place.rates[stay.rate]}","CreditCardId":null,"GroupId":"{group_id}",'
        f'"RequestedResourceCategoryId":"{place.categories[stay.category]}",'
        f'"AssignedResourceId":"{stay.room}","AvailabilityBlockId":null,'
        f'"PartnerCompanyId":{company},"TravelAgencyId":null,"AssignedResourceLocked":false,'
        f'"ChannelNumber":{channel},"ChannelManagerNumber":"","CancellationReason":{reason},'
        # StartUtc is rewritten by an early check-in; Mews docs deprecate both for that.
        f'"ReleasedUtc":null,"StartUtc":"{min(start, began)}","EndUtc":"{end}",'
        f'"ScheduledStartUtc":"{start}","ActualStartUtc":{maybe(stay.checked_in)},'
        f'"ScheduledEndUtc":"{end}","ActualEndUtc":{maybe(stay.checked_out)},'
        f'"Purpose":"{"Leisure" if stay.company is None else "Business"}","QrCodeData":null,'
        f'"PersonCounts":[{persons}]}}\n'
    )


WRITERS = {"OrderItem": _order_items, "Reservation": _reservation}

ORIGINS = (
    ("ChannelManager", "null"),
    ("Distributor", "null"),
    ("Commander", '"Phone"'),
    ("ChannelManager", "null"),
    ("Commander", '"InPerson"'),
    ("Commander", '"Email"'),
)
EMPTY = '"BillingName":null,"ExternalIdentifier":null,'


def amount(currency: str, code: str | None, price: Taxed) -> str:
    """Write a price as Mews does: cents become two decimals."""
    net, tax, gross = f"{price.net / 100:.2f}", f"{price.tax / 100:.2f}", f"{price.gross / 100:.2f}"
    if code is None:  # untaxed: no tax value, and one row of the breakdown without a rate
        taxes, rate = "", "null"
    else:
        taxes, rate = f'{{"Code":"{code}","Value":{tax}}}', f'"{code}"'
    return (
        f'{{"Currency":"{currency}","NetValue":{net},"GrossValue":{gross},"TaxValues":[{taxes}],'
        f'"Breakdown":{{"Items":[{{"TaxRateCode":{rate},"NetValue":{net},"TaxValue":{tax}}}]}}}}'
    )


@lru_cache(4096)
def counted(currency: str, code: str | None, price: Taxed, count: int) -> str:
    """Write the three amounts of so many equal things: the unit times the count is the total."""
    total = amount(currency, code, Taxed(price.net * count, price.tax * count))
    unit = amount(currency, code, price)
    return f'"UnitCount":{count},"UnitAmount":{unit},"Amount":{total},"OriginalAmount":{total}'


@cache
def night(city: City, day: int) -> tuple[str, str, float]:
    """Give what all rooms share on a night: its start, the hour it is charged, its price level.

    The start is local midnight, and two hours later the night is consumed, as in the examples
    of Mews docs, operations/orderitems.md: the same local date.
    """
    start = midnight(city.zone, day)
    return text(start), text(start + 2 * 3600), demand(city, day)[1]


def maybe(moment: int | None) -> str:
    """Write an instant, or null."""
    return "null" if moment is None else f'"{text(moment)}"'


def text(moment: int) -> str:
    """Write an instant, given in seconds since 1970."""
    day, rest = divmod(moment, DAY)
    hour, rest = divmod(rest, 3600)
    return f"{_date(day)}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}Z"


@cache
def _date(day: int) -> str:
    return str(date(1970, 1, 1) + timedelta(days=day))
