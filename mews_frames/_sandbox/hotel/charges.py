"""What a stay costs: its order items, as plain numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mews_frames._sandbox.hotel.cities import Taxed, demand, sale, tax_free
from mews_frames._sandbox.hotel.instants import local_day
from mews_frames._sandbox.hotel.places import RATES
from mews_frames._sandbox.hotel.stays import NON_REFUNDABLE

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.cities import City
    from mews_frames._sandbox.hotel.stays import Stay

__all__ = ["Charge", "Kind", "charges_of"]

PLAIN_NIGHT = 118_00
BREAKFAST = 14_00
PARKING = 22_00
"""Prices in cents in Berlin; the other cities in proportion."""

CARS, REBATES = 9, 30
"""One stay of so many parks a car; one of so many gets something back."""

DAY_ROOM = 0.55
"""What a room costs for the day, against the night."""


class Kind(NamedTuple):
    """A kind of order item: how Mews and its ledger see it.

    Attributes
    ----------
    item_type, revenue_type
        As on the wire.
    accounting, product
        Positions in the ids of a property; no product: ``None``.
    ledger
        Where its net value is posted. A city tax is passed on: no revenue of the hotel.
    is_late
        Whether it comes at the end of a stay, not with the booking.
    """

    item_type: str
    revenue_type: str
    accounting: int
    product: int | None
    ledger: str
    is_late: bool = False


NIGHT = Kind("SpaceOrder", "Service", 0, 0, "Revenue")
MEAL = Kind("ProductOrder", "Product", 1, 1, "Revenue")
CAR = Kind("ProductOrder", "Product", 2, 2, "Revenue")
CITY_TAX = Kind("CityTax", "Additional", 3, None, "NonRevenue")
FEE = Kind("CancellationFee", "Additional", 4, None, "Revenue", is_late=True)
REBATE = Kind("NightRebate", "Service", 5, 0, "Revenue", is_late=True)


class Charge(NamedTuple):
    """One order item.

    Attributes
    ----------
    number
        Its place among those of its stay, from 0.
    day
        The local day that it is for, counted from 1970-01-01.
    price, units
        Of one, and how many.
    tax
        Code of the tax; ``None`` where there is none.
    is_void
        Whether it was cancelled along with its reservation.
    rebates
        Number of the charge that it takes back, in part.
    """

    number: int
    kind: Kind
    day: int
    price: Taxed
    units: int
    tax: str | None
    is_void: bool = False
    rebates: int | None = None

    @property
    def gross(self) -> int:
        """What the guest pays, in cents."""
        return (self.price.net + self.price.tax) * self.units


def charges_of(stay: Stay) -> list[Charge]:
    """Make the order items of a stay, as it stands now.

    What was there before a cancellation stays, and is void; what is new comes last. So an item
    keeps its number, and with it its id, on whatever day one looks.
    """
    city = stay.place.city
    is_void = stay.cancelled is not None
    mean = stay.price * RATES[stay.rate].factor * (1 if stay.nights else DAY_ROOM)
    tax = city.night_tax
    extras = _extras(stay)
    made: list[Charge] = []
    for day in range(stay.first_day, stay.first_day + max(stay.nights, 1)):
        price = sale(int(mean * demand(city, day)[1]), tax, net_pricing=city.net_pricing)
        made.append(Charge(len(made), NIGHT, day, price, 1, tax.code, is_void))
        for kind, each, units, code in extras:
            made.append(Charge(len(made), kind, day, each, units, code, is_void))
    if stay.dice(3, CARS) == 0:
        each, units, code = _extra(city, PARKING), max(stay.nights, 1), city.extra_tax.code
        made.append(Charge(len(made), CAR, stay.first_day, each, units, code, is_void))
    if is_void and (stay.reason == "NoShow" or stay.rate == NON_REFUNDABLE):
        made.append(_fee(stay, made))
    if stay.checked_out and stay.nights and stay.dice(5, REBATES) == 0:
        made.append(_rebate(made))
    return made


def _extras(stay: Stay) -> list[tuple[Kind, Taxed, int, str | None]]:
    """Give what a stay pays each night beside the room: kind, price of one, units, tax."""
    city = stay.place.city
    extras: list[tuple[Kind, Taxed, int, str | None]] = []
    if stay.breakfast:
        price = _extra(city, BREAKFAST)
        extras.append((MEAL, price, stay.adults + stay.children, city.extra_tax.code))
    if city.city_tax and stay.nights:
        extras.append((CITY_TAX, tax_free(city.city_tax), stay.adults, None))
    return extras


def _fee(stay: Stay, made: list[Charge]) -> Charge:
    """Give what is still due: the first night, or all nights if they were paid ahead."""
    nights = [charge.gross for charge in made if charge.kind is NIGHT]
    price = sum(nights) if stay.rate == NON_REFUNDABLE else nights[0]
    day = local_day(stay.place.city.zone, stay.cancelled or 0)
    # A penalty is no sale: no tax on it.
    return Charge(len(made), FEE, day, tax_free(price), 1, None)


def _rebate(made: list[Charge]) -> Charge:
    """Give back half of the last night, because something was wrong with it."""
    night = next(charge for charge in reversed(made) if charge.kind is NIGHT)
    half = Taxed(-(night.price.net // 2), -(night.price.tax // 2))
    return Charge(len(made), REBATE, night.day, half, 1, night.tax, rebates=night.number)


@lru_cache(64)
def _extra(city: City, in_berlin: int) -> Taxed:
    price = in_berlin * city.price // PLAIN_NIGHT
    return sale(price, city.extra_tax, net_pricing=city.net_pricing)
