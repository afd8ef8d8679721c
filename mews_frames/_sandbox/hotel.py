"""The made-up hotels of the sandbox: which there are, and what they cost.

A group is a pure function of the number of rows and the seed. Nobody has to remember it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

__all__ = [
    "NOTE",
    "Group",
    "Property",
    "Taxed",
    "demand",
    "group_of",
    "made_id",
    "midnight",
    "sale",
    "tax_free",
    "weekday",
]

NOTE = "made up by the mews_frames sandbox"
"""Stands wherever there is a text to say so."""

ROWS_PER_ROOM = 1640
"""Order items of one room in three years (measured), so that any number of rows spans that."""

LARGEST = 150
"""Rooms of the largest property."""


@dataclass(frozen=True, slots=True)
class City:
    """What the properties of one place have in common.

    Attributes
    ----------
    tax
        On nights and breakfasts, in tenths of a percent.
    city_tax, price
        Of a person and night, and of a night in the plainest room, in cents.
    net_pricing
        Whether tax comes on top of prices.
    """

    name: str
    zone: str
    currency: str
    tax_code: str
    tax: int
    city_tax: int
    price: int
    net_pricing: bool = False
    is_resort: bool = False


CITIES = (
    City("Berlin", "Europe/Berlin", "EUR", "DE-2020-1-L", 70, 3_50, 118_00),
    City("Tenerife", "Atlantic/Canary", "EUR", "ES-IC-2020-R", 70, 0, 164_00, is_resort=True),
    City("New York", "America/New_York", "USD", "US-NY-2023-S", 148, 350, 239_00, net_pricing=True),
    City("London", "Europe/London", "GBP", "UK-2022-20%", 200, 0, 142_00),
    City("Prague", "Europe/Prague", "CZK", "CZ-2024-R", 120, 50_00, 2_650_00),
    City("Vienna", "Europe/Vienna", "EUR", "AT-2020-R", 100, 3_20, 131_00),
    City("Phuket", "Asia/Bangkok", "THB", "TH-2023-S", 70, 0, 4_900_00, is_resort=True),
    City("Sydney", "Australia/Sydney", "AUD", "AU-2017-S", 100, 0, 221_00),
)
"""Made-up hotels in real places: time zones, currencies, gross and net prices."""

# Occupancy by month, in percent: cities fill in spring and autumn, resorts by their season.
CITY_SEASON = (52, 58, 68, 74, 81, 82, 76, 73, 84, 80, 66, 70)
RESORT_SEASON = (78, 82, 80, 76, 62, 66, 84, 90, 72, 68, 70, 80)
# By weekday, Monday first: what a night is worth compared with the mean.
CITY_WEEK = (94, 104, 106, 100, 104, 112, 80)
RESORT_WEEK = (92, 90, 92, 96, 110, 114, 106)


@dataclass(frozen=True, slots=True)
class Property:
    """One made-up hotel.

    Attributes
    ----------
    number
        From 0.
    rooms
        Its rooms have the numbers ``first_room`` to ``first_room + rooms - 1`` of the group.
    id, chain_id, service_id
        Enterprise, chain, and the service that is stayed at.
    """

    number: int
    name: str
    city: City
    first_room: int
    rooms: int
    id: str
    chain_id: str
    service_id: str
    categories: tuple[str, ...]
    rates: tuple[str, ...]
    segments: tuple[str, ...]
    age_categories: tuple[str, str]
    profiles: tuple[str, str]
    products: tuple[str, str]
    accounting: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """All made-up hotels of a sandbox.

    Attributes
    ----------
    customers, companies
        How many there are: their ids are ``made_id(seed, "Customer", 0)`` and so on.
    """

    rows: int
    seed: int
    properties: tuple[Property, ...]
    enterprise_ids: tuple[str, ...]
    chain_ids: tuple[str, ...]
    customers: int
    companies: int
    rooms: tuple[tuple[Property, str, int], ...] = field(repr=False)
    """Of every room: its property, its id, and the position of its category."""


def made_id(seed: int, kind: str, key: object) -> str:
    """Make the GUID of a made-up thing: the same for the same thing, whoever asks."""
    text = hashlib.blake2b(f"{seed}/{kind}/{key}".encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


@cache
def group_of(rows: int, seed: int) -> Group:
    """Make the group whose order items of about three years number so many."""
    rooms = max(rows // ROWS_PER_ROOM, 2)
    count = max(min(rooms // 4, len(CITIES)), -(-rooms // LARGEST), 2)
    chains = tuple(made_id(seed, "Chain", number) for number in range(2))
    starts = [rooms * number // count for number in range(count + 1)]
    properties = tuple(
        _property(seed, number, chains[number % 2], starts[number], starts[number + 1])
        for number in range(count)
    )
    return Group(
        rows=rows,
        seed=seed,
        properties=properties,
        enterprise_ids=tuple(each.id for each in properties),
        chain_ids=chains,
        customers=max(rows // 6, 10),
        companies=max(rows // 200, 5),
        rooms=tuple(
            (each, made_id(seed, "Resource", room), (room * 7) % len(each.categories))
            for each in properties
            for room in range(each.first_room, each.first_room + each.rooms)
        ),
    )


def _property(seed: int, number: int, chain_id: str, first: int, end: int) -> Property:
    city = CITIES[number % len(CITIES)]
    again = number // len(CITIES)

    def ids(kind: str, count: int) -> tuple[str, ...]:
        return tuple(made_id(seed, kind, f"{number}/{index}") for index in range(count))

    adult, child = ids("AgeCategory", 2)
    creator, updater = ids("Profile", 2)
    breakfast, parking = ids("Product", 2)
    nights, food, taxes, fees = ids("AccountingCategory", 4)
    kind = "Resort" if city.is_resort else "Hotel"
    return Property(
        number=number,
        name=f"Made-up {kind} {city.name}" + (f" {again + 1}" if again else ""),
        city=city,
        first_room=first,
        rooms=end - first,
        id=made_id(seed, "Enterprise", number),
        chain_id=chain_id,
        service_id=made_id(seed, "Service", number),
        categories=ids("ResourceCategory", 4),
        rates=ids("Rate", 4),
        segments=ids("BusinessSegment", 3),
        age_categories=(adult, child),
        profiles=(creator, updater),
        products=(breakfast, parking),
        accounting=(nights, food, taxes, fees),
    )


@cache
def midnight(zone: str, day: int) -> int:
    """Give the instant, in seconds since 1970, at which a local day begins.

    Parameters
    ----------
    zone
        IANA name.
    day
        Days since 1970-01-01.
    """
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp())


def weekday(day: int) -> int:
    """Give the weekday, Monday is 0. The first of January 1970 was a Thursday."""
    return (day + 3) % 7


@cache
def demand(city: City, day: int) -> tuple[float, float]:
    """Say how likely a room is taken on a night, and what a night costs against the mean."""
    month = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).month - 1
    season = (RESORT_SEASON if city.is_resort else CITY_SEASON)[month]
    week = (RESORT_WEEK if city.is_resort else CITY_WEEK)[weekday(day)]
    occupancy = min(season * week / 10_000, 0.97)
    return occupancy, (0.55 + 0.6 * season / 100) * (0.5 + week / 200)


@dataclass(frozen=True, slots=True)
class Taxed:
    """A price in cents: net + tax is gross, always."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        """With tax."""
        return self.net + self.tax


def sale(price: int, city: City) -> Taxed:
    """Split the price of something sold: it holds the tax, or the tax comes on top."""
    if city.net_pricing:
        return Taxed(price, (price * city.tax + 500) // 1000)
    net = (price * 1000 + (1000 + city.tax) // 2) // (1000 + city.tax)
    return Taxed(net, price - net)


def tax_free(price: int) -> Taxed:
    """Give a price that no tax is due on, such as a city tax."""
    return Taxed(price, 0)
