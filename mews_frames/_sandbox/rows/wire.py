"""How Mews writes instants, dates and money: small pieces of JSON, ready to be put into a row.

`json.dumps` of a dictionary per record would be four times slower.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from mews_frames._sandbox.hotel.instants import DAY, HOUR, midnight

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.cities import City, Taxed

__all__ = [
    "amount",
    "finer",
    "flag",
    "iso_date",
    "maybe",
    "money",
    "night",
    "quoted",
    "text",
    "untaxed",
]


MINUTES = tuple(f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
SECONDS = tuple(f"{second:02d}Z" for second in range(60))


def text(moment: int) -> str:
    """Write an instant, given in seconds since 1970."""
    day, rest = divmod(moment, DAY)
    return iso_date(day) + MINUTES[rest // 60] + SECONDS[rest % 60]


def finer(moment: int, thousandths: int) -> str:
    """Write an instant with a fraction of a second, as in some examples of Mews docs."""
    return f"{text(moment)[:-1]}.{thousandths % 1000:03d}Z"


def maybe(moment: int | None) -> str:
    """Write an instant in quotes, or null."""
    return "null" if moment is None else f'"{text(moment)}"'


def quoted(value: str | None) -> str:
    """Write a text that needs no escapes in quotes, or null."""
    return "null" if value is None else f'"{value}"'


def flag(value: Any) -> str:
    """Write whether something is so."""
    return "true" if value else "false"


@cache
def iso_date(day: int) -> str:
    """Write a date, given in days since 1970-01-01."""
    return str(date(1970, 1, 1) + timedelta(days=day))


@cache
def night(city: City, day: int) -> tuple[str, str]:
    """Write when a night begins, and when it is charged.

    It begins at local midnight and is charged two hours later, as in the examples of Mews docs,
    operations/orderitems.md: the same local date.
    """
    start = midnight(city.zone, day)
    return text(start), text(start + 2 * HOUR)


def money(cents: int) -> str:
    """Write an amount in cents as a number with two decimals."""
    return f"{cents / 100:.2f}"


@lru_cache(8192)
def amount(currency: str, code: str | None, price: Taxed, count: int) -> str:
    """Write so many equal prices as Mews does: net, gross, and tax by its code."""
    if code is None:
        return untaxed(currency, price.net * count)
    net, tax = price.net * count, price.tax * count
    return (
        f'{{"Currency":"{currency}","NetValue":{money(net)},"GrossValue":{money(net + tax)},'
        f'"TaxValues":[{{"Code":"{code}","Value":{money(tax)}}}],'
        f'"Breakdown":{{"Items":[{{"TaxRateCode":"{code}","NetValue":{money(net)},'
        f'"TaxValue":{money(tax)}}}]}}}}'
    )


def untaxed(currency: str, cents: int) -> str:
    """Write money that no tax is due on.

    Mews docs, operations/payments.md: no tax values, and one item of the breakdown without rate.
    """
    value = money(cents)
    return (
        f'{{"Currency":"{currency}","NetValue":{value},"GrossValue":{value},"TaxValues":[],'
        f'"Breakdown":{{"Items":[{{"TaxRateCode":null,"NetValue":{value},"TaxValue":0.00}}]}}}}'
    )
