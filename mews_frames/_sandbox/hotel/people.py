"""Who the guests and the firms are: made up, and recognisable as such by every name.

A person is a pure function of a number of 32 bits, a firm of its number in the group.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mews_frames._sandbox.hotel.instants import DAY

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.places import Group

__all__ = ["Firm", "Person", "agency", "business", "code_of", "firm_of", "person_of"]

FIRST_NAMES = (
    ("Ada", "Female"),
    ("Bruno", "Male"),
    ("Chloé", "Female"),
    ("Dmitri", "Male"),
    ("Élise", "Female"),
    ("Farid", "Male"),
    ("Greta", "Female"),
    ("Håkon", "Male"),
    ("Inês", "Female"),
    ("João", "Male"),
    ("Karolína", "Female"),
    ("Łukasz", "Male"),
    ("Mei", "Female"),
    ("Niko", "Male"),
    ("Özlem", "Female"),
    ("Paul", "Male"),
)
LAST_NAMES = (
    "Madeup",
    "Sampleton",
    "Beispiel",
    "Ejemplo",
    "Exemplová",
    "Nobody",
    "Pretendini",
    "Fictionson",
    "Niemand",
    "Ficțională",
    "Invençado",
    "Exempel",
    "Testanen",
    "Placeholder",
    "Inventé",
    "Mustermann",
    "架空",
)
COUNTRIES = (
    ("DE", "de-DE"),
    ("GB", "en-GB"),
    ("US", "en-US"),
    ("FR", "fr-FR"),
    ("ES", "es-ES"),
    ("IT", "it-IT"),
    ("NL", "nl-NL"),
    ("CZ", "cs-CZ"),
    ("PL", "pl-PL"),
    ("JP", "ja-JP"),
    ("AU", "en-AU"),
)
"""Where guests come from, and what they read. The early ones come more often."""

TRADES = (
    "Airships",
    "Biscuits",
    "Clockworks",
    "Dragons",
    "Echoes",
    "Fog",
    "Gravity",
    "Hourglasses",
)
LEGAL_FORMS = ("GmbH", "Ltd", "Inc.", "S.A.", "s.r.o.", "AB")

AGENCY_EVERY, UNTOUCHED = 8, 9
"""One firm of so many is a travel agency; one of so many was never changed."""


class Person(NamedTuple):
    """A made-up guest.

    Attributes
    ----------
    birth
        Days since 1970-01-01: negative for many.
    """

    first: str
    last: str
    sex: str
    country: str
    language: str
    birth: int


@lru_cache(4096)
def person_of(code: int) -> Person:
    """Make up a person from a number of 32 bits."""
    first, sex = FIRST_NAMES[code % 16]
    country, language = COUNTRIES[min(code // 16 % 11, code // 256 % 11)]
    return Person(
        first=first,
        last=LAST_NAMES[code // 4096 % len(LAST_NAMES)],
        sex=sex,
        country=country,
        language=language,
        birth=code // 65_536 % 25_000 - 12_500,  # 1935 to 2004
    )


def code_of(seed: int, key: str) -> int:
    """Give the number that makes a guest who comes again and again."""
    return zlib.crc32(f"{seed}/{key}".encode())


class Firm(NamedTuple):
    """A made-up company.

    Attributes
    ----------
    number
        Its number in the group.
    mother
        The firm that it belongs to, if any.
    due
        Days that it has to pay an invoice; ``None`` where it gets none and its guests pay.
    reliable
        Whether it ever pays.
    created, updated
        Seconds since 1970; the latter is ``None`` where nothing ever changed.
    """

    number: int
    id: str
    chain: int
    name: str
    country: str
    is_agency: bool
    mother: int | None
    due: int | None
    reliable: bool
    created: int
    updated: int | None


@lru_cache(8192)
def firm_of(group: Group, number: int) -> Firm:
    """Make up a firm of a group."""
    code = code_of(group.seed, f"Company {number}")
    pair = number // 2
    is_agency = pair % AGENCY_EVERY == 0
    created = 12_000 + code % 5_000  # days: 2002 to 2016
    updated = (created + 1 + code // 16 % 1_500) * DAY + code // 3 % DAY
    kind = "Travel" if is_agency else TRADES[code // 8 % 8]
    return Firm(
        number=number,
        id=group.id("Company", number),
        chain=number % 2,
        name=f"Made-up {kind} {number} {LEGAL_FORMS[code // 64 % 6]}",
        country=COUNTRIES[code // 512 % 11][0],
        is_agency=is_agency,
        mother=number - 2 if pair % 5 == 0 and not is_agency else None,
        due=None if is_agency or code // 8192 % 4 == 0 else (14, 30, 30, 60)[code // 32_768 % 4],
        reliable=code // 131_072 % 25 > 0,
        created=created * DAY + code % DAY,
        updated=updated if code // 4 % UNTOUCHED else None,
    )


def agency(group: Group, chain: int, pick: int) -> int:
    """Choose a travel agency of a chain; gives the number of the firm."""
    agencies = -(-(group.companies // 2) // AGENCY_EVERY)
    return pick % agencies * AGENCY_EVERY * 2 + chain


def business(group: Group, chain: int, pick: int) -> int:
    """Choose a firm of a chain that is no travel agency; gives its number."""
    pairs = group.companies // 2
    pick %= pairs - -(-pairs // AGENCY_EVERY)
    pair = pick + pick // (AGENCY_EVERY - 1) + 1  # past the agency that leads each eight
    return pair * 2 + chain
