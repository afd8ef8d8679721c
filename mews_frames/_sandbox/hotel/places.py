"""Which made-up hotels there are: their rooms, and the ids of all that they sell and use.

A group is a pure function of the number of rows and the seed. Nobody has to remember it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from mews_frames._sandbox.hotel.cities import CITIES
from mews_frames._sandbox.hotel.instants import DAY

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.cities import City

__all__ = ["NOTE", "RATES", "STRETCH", "Group", "Property", "Room", "group_of", "made_id"]

NOTE = "made up by the mews_frames sandbox"
"""Stands wherever there is a text to say so."""

STRETCH = 28
"""Days. Each room lives through stretches of so many days (see `stays`)."""

HORIZON = 308
"""Days that one can book ahead."""

ROWS_PER_ROOM = 1880
"""Order items of one room in three years (measured), so that any number of rows spans that."""

SPAN = 54
"""Stretches: those that can be booked ahead, three years, and a tenth more because luck differs."""

LARGEST = 150
"""Rooms of the largest property."""


class Rate(NamedTuple):
    """What a night costs against the mean of all rates."""

    name: str
    factor: float


RATES = (
    Rate("Flexible", 1.0),
    Rate("Corporate", 0.92),
    Rate("Non-refundable", 0.9),
    Rate("Package", 1.05),
    Rate("Group", 0.85),
    Rate("Complimentary", 0.0),
)
SEGMENTS = ("Leisure", "Business", "Online travel agencies", "Groups", "Complimentary")
CATEGORIES = ("Standard", "Superior", "Deluxe", "Suite")
CATEGORY_OF_ROOM = (0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 2, 0)
"""By the position of a room in its property: more plain rooms than suites."""

ACCOUNTING = ("Accommodation", "Breakfast", "Parking", "City tax", "Cancellation fees", "Rebates")
PRODUCTS = ("Night", "Breakfast", "Parking")
AGES = ("Adult", "Child")
"""Names of what the ids in the records stand for. The order is that of the ids of a property."""


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """One made-up hotel.

    Attributes
    ----------
    number
        From 0.
    chain
        Position of its chain in the group.
    rooms
        Its rooms have the numbers ``first_room`` to ``first_room + rooms - 1`` of the group.
    id, chain_id, service_id
        Enterprise, chain, and the service that is stayed at.
    profiles
        Who creates and who updates.
    """

    number: int
    chain: int
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
    ages: tuple[str, ...]
    products: tuple[str, ...]
    accounting: tuple[str, ...]
    profiles: tuple[str, ...]
    counters: tuple[str, ...]


class Room(NamedTuple):
    """One room: its hotel, its id, its name, and the position of its category."""

    place: Property
    id: str
    name: str
    category: int


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """All made-up hotels of a sandbox.

    Attributes
    ----------
    regulars, companies
        How many there are: guests who come again and again, and firms. Those of the first chain
        have even numbers, those of the second one odd numbers.
    bustle
        Share of the bookings that are made, at most 1: few rows span three years as well.
    """

    rows: int
    seed: int
    properties: tuple[Property, ...]
    enterprise_ids: tuple[str, ...]
    chain_ids: tuple[str, ...]
    regulars: int
    companies: int
    bustle: float
    rooms: tuple[Room, ...] = field(repr=False)

    def id(self, kind: str, key: object) -> str:
        """Make the GUID of one of its things."""
        return made_id(self.seed, kind, key)

    def newest(self, as_of: int) -> int:
        """Give the number of the last stretch that anything can be booked in."""
        return (as_of // DAY + HORIZON) // STRETCH

    def oldest(self, as_of: int) -> int:
        """Give the number of the first stretch that is told of."""
        return self.newest(as_of) - SPAN


def made_id(seed: int, kind: str, key: object) -> str:
    """Make the GUID of a made-up thing: the same for the same thing, whoever asks."""
    hasher = _hasher(seed, kind).copy()
    hasher.update(str(key).encode())
    text = hasher.hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


@cache
def _hasher(seed: int, kind: str) -> hashlib.blake2b:
    return hashlib.blake2b(f"{seed}/{kind}/".encode(), digest_size=16)


@cache
def group_of(rows: int, seed: int) -> Group:
    """Make the group whose order items of about three years number so many."""
    rooms = max(-(-rows // ROWS_PER_ROOM), 2)
    count = max(min(rooms // 3, len(CITIES)), -(-rooms // LARGEST), 2)
    chains = tuple(made_id(seed, "Chain", number) for number in range(2))
    starts = [rooms * number // count for number in range(count + 1)]
    properties = tuple(
        _property(seed, number, chains, starts[number], starts[number + 1])
        for number in range(count)
    )
    return Group(
        rows=rows,
        seed=seed,
        properties=properties,
        enterprise_ids=tuple(each.id for each in properties),
        chain_ids=chains,
        regulars=max(rows // 60, 20),
        companies=max(rows // 250, 20),
        bustle=rows / (rooms * ROWS_PER_ROOM),
        rooms=tuple(
            Room(
                place=place,
                id=made_id(seed, "Resource", place.first_room + number),
                name=str(100 * (1 + number // 20) + number % 20 + 1),  # twenty on each floor
                category=CATEGORY_OF_ROOM[number % len(CATEGORY_OF_ROOM)],
            )
            for place in properties
            for number in range(place.rooms)
        ),
    )


def _property(
    seed: int, number: int, chains: tuple[str, ...], first_room: int, end: int
) -> Property:
    city = CITIES[number % len(CITIES)]
    again = number // len(CITIES)

    def ids(kind: str, count: int) -> tuple[str, ...]:
        return tuple(made_id(seed, kind, f"{number}/{index}") for index in range(count))

    kind = "Resort" if city.is_resort else "Hotel"
    return Property(
        number=number,
        chain=number % len(chains),
        name=f"Made-up {kind} {city.name}" + (f" {again + 1}" if again else ""),
        city=city,
        first_room=first_room,
        rooms=end - first_room,
        id=made_id(seed, "Enterprise", number),
        chain_id=chains[number % len(chains)],
        service_id=made_id(seed, "Service", number),
        categories=ids("ResourceCategory", len(CATEGORIES)),
        rates=ids("Rate", len(RATES)),
        segments=ids("BusinessSegment", len(SEGMENTS)),
        ages=ids("AgeCategory", len(AGES)),
        products=ids("Product", len(PRODUCTS)),
        accounting=ids("AccountingCategory", len(ACCOUNTING)),
        profiles=ids("Profile", 2),
        counters=ids("Counter", 2),
    )
