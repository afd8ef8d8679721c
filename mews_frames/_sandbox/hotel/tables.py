"""What exports do not carry: the hotels themselves, and the names that ids stand for.

With Mews, an analyst gets these from other operations: enterprises, services, rates and so on.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mews_frames._sandbox.hotel.places import (
    ACCOUNTING,
    AGES,
    CATEGORIES,
    PRODUCTS,
    RATES,
    SEGMENTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mews_frames._sandbox.hotel.places import Group, Property, Room

__all__ = ["names", "properties"]


def properties(group: Group) -> list[dict[str, Any]]:
    """Describe the hotels of a group: one record each, ready for a frame.

    Returns
    -------
    ``EnterpriseId``, ``ChainId``, ``Name``, ``Kind`` (City or Resort), ``City``, ``CountryCode``,
    ``TimeZoneIdentifier``, ``Currency``, ``Pricing`` (Gross or Net), ``Rooms`` (how many),
    ``ServiceId``; then lists of ``{"Id", "Name"}``: ``ResourceCategories`` (with ``Rooms``),
    ``Resources`` (with ``ResourceCategoryId``), ``Rates``, ``BusinessSegments``,
    ``AgeCategories``, ``Products``, ``AccountingCategories``.
    """
    return [_property(group, place) for place in group.properties]


def names(group: Group) -> list[dict[str, str]]:
    """List all ids that only look-ups can name, each with its kind, its name and its property.

    Returns
    -------
    ``Id``, ``Entity``, ``Name``, ``EnterpriseId``, one record for each id.
    """
    return [
        {"Id": id_, "Entity": entity, "Name": name, "EnterpriseId": place.id}
        for place in group.properties
        for entity, id_, name in _named(group, place)
    ]


def _property(group: Group, place: Property) -> dict[str, Any]:
    city = place.city
    rooms = Counter(room.category for room in _rooms(group, place))
    return {
        "EnterpriseId": place.id,
        "ChainId": place.chain_id,
        "Name": place.name,
        "Kind": "Resort" if city.is_resort else "City",
        "City": city.name,
        "CountryCode": city.country,
        "TimeZoneIdentifier": city.zone,
        "Currency": city.currency,
        "Pricing": "Net" if city.net_pricing else "Gross",
        "Rooms": place.rooms,
        "ServiceId": place.service_id,
        "ResourceCategories": [
            each | {"Rooms": rooms[number]}
            for number, each in enumerate(_pairs(place.categories, CATEGORIES))
        ],
        "Resources": [
            {
                "Id": room.id,
                "Name": room.name,
                "ResourceCategoryId": place.categories[room.category],
            }
            for room in _rooms(group, place)
        ],
        "Rates": _pairs(place.rates, _rate_names()),
        "BusinessSegments": _pairs(place.segments, SEGMENTS),
        "AgeCategories": _pairs(place.ages, AGES),
        "Products": _pairs(place.products, PRODUCTS),
        "AccountingCategories": _pairs(place.accounting, ACCOUNTING),
    }


def _named(group: Group, place: Property) -> Iterator[tuple[str, str, str]]:
    yield "Enterprise", place.id, place.name
    yield "Service", place.service_id, "Stay"
    for entity, ids, texts in (
        ("ResourceCategory", place.categories, CATEGORIES),
        ("Rate", place.rates, _rate_names()),
        ("BusinessSegment", place.segments, SEGMENTS),
        ("AgeCategory", place.ages, AGES),
        ("Product", place.products, PRODUCTS),
        ("AccountingCategory", place.accounting, ACCOUNTING),
        ("Profile", place.profiles, ("Made-up booking engine", "Made-up reception")),
        ("Counter", place.counters, ("Receipts", "Invoices")),
    ):
        for id_, text in zip(ids, texts, strict=True):
            yield entity, id_, text
    for room in _rooms(group, place):
        yield "Resource", room.id, room.name


def _rooms(group: Group, place: Property) -> Sequence[Room]:
    return group.rooms[place.first_room : place.first_room + place.rooms]


def _rate_names() -> tuple[str, ...]:
    return tuple(rate.name for rate in RATES)


def _pairs(ids: Sequence[str], texts: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Id": id_, "Name": text} for id_, text in zip(ids, texts, strict=True)]
