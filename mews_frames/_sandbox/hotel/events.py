"""Rooms held for a congress, a wedding, a tour: what Mews calls an availability block.

A property's rooms are looked at in wings. A wing hosts one event at most in each stretch of
days, and the event says itself which rooms are held and which of them are picked up: so no room
is promised twice, and whoever makes the stays of one room need not know the others.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from mews_frames._sandbox.hotel.instants import DAY, HOUR, midnight
from mews_frames._sandbox.hotel.people import business
from mews_frames._sandbox.hotel.places import RATES, STRETCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.places import Group, Property

__all__ = ["GROUP_RATE", "WING", "Event", "begins", "event_of", "events", "events_of_room"]

WING = 24
"""Rooms."""

GROUP_RATE = 4
"""Position in `RATES`."""

NAMES = (("Made-up congress", True), ("Made-up wedding", False), ("Made-up tour", False))
"""Of events; and whether it is business."""

IN_CITIES, IN_RESORTS, CALLED_OFF = 0.5, 0.35, 0.12
"""Chances of an event in a wing and stretch, and that it is called off."""

Strategy = Literal["FixedRelease", "RollingRelease", "None"]


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Rooms held for a group of guests. Instants are seconds since 1970, days count from there.

    Attributes
    ----------
    key
        Names it within its group: what its ids are made of.
    number
        The same as a number that people can read out.
    period
        Number of the stretch that its nights lie in.
    decided, cancelled
        When it was confirmed; when it was called off, if it is.
    release
        Days before a night at which rooms that nobody took go back on sale.
    firm
        Number of the company that holds it, if any.
    booker
        Number of the regular guest who booked it.
    price
        Of a night before season and weekday, in cents.
    picked
        By room number: whether somebody took it.
    """

    key: str
    number: int
    place: Property
    period: int
    name: str
    is_business: bool
    first_day: int
    nights: int
    created: int
    decided: int
    cancelled: int | None
    strategy: Strategy
    release: int
    firm: int | None
    booker: int
    price: int
    picked: dict[int, bool]

    def held(self, group: Group) -> Counter[int]:
        """Count its rooms by category."""
        return Counter(group.rooms[room].category for room in self.picked)

    def updated(self, as_of: int) -> int:
        """Give the instant of the last thing that happened before another instant."""
        moments = (self.created, self.decided, self.cancelled or 0)
        return max(moment for moment in moments if moment < as_of)

    def is_off(self, as_of: int) -> bool:
        """Say whether it was called off before an instant."""
        return self.cancelled is not None and self.cancelled < as_of


def begins(room: int, number: int) -> int:
    """Give the first day of a stretch of a room: those of different rooms are shifted."""
    return number * STRETCH + room * 11 % STRETCH


@lru_cache(1024)
def event_of(group: Group, place: Property, wing: int, period: int) -> Event | None:
    """Give the event that a wing hosts in a stretch of days, if there is one."""
    key = f"{place.number}/{wing}/{period}"
    draw = random.Random(f"{group.seed}/event/{key}")  # noqa: S311 - made-up congresses
    if draw.random() > (IN_RESORTS if place.city.is_resort else IN_CITIES):
        return None
    name, is_business = draw.choice(NAMES[1:] if place.city.is_resort else NAMES)
    nights = draw.choice((1, 2, 2, 3, 3, 4))
    first = period * STRETCH + draw.randrange(STRETCH - nights)
    arrival = midnight(place.city.zone, first)
    created = arrival - draw.randrange(60, 300) * DAY + draw.randrange(8 * HOUR, 19 * HOUR)
    decided = created + draw.randrange(DAY, 20 * DAY)
    release = draw.randrange(7, 22)
    is_off = draw.random() < CALLED_OFF
    start = place.first_room + wing * WING
    rooms = range(start, min(start + WING, place.first_room + place.rooms))
    held = [room for room in rooms if _fits(room, first, nights)]
    draw.shuffle(held)
    del held[max(round(len(rooms) * draw.uniform(0.2, 0.5)), 1) :]
    takes = draw.uniform(0.6, 1.0)
    return Event(
        key=key,
        number=(period * 1000 + place.number) * 10 + wing,
        place=place,
        period=period,
        name=f"{name} {period % 1000}",
        is_business=is_business,
        first_day=first,
        nights=nights,
        created=created,
        decided=decided,
        cancelled=draw.randrange(decided + 1, arrival - release * DAY) if is_off else None,
        strategy=draw.choice(("FixedRelease", "FixedRelease", "RollingRelease", "None")),
        release=release,
        firm=business(group, place.chain, draw.getrandbits(31)) if is_business else None,
        booker=draw.randrange(group.regulars // 2) * 2 + place.chain,
        price=int(place.city.price * RATES[GROUP_RATE].factor * draw.uniform(0.9, 1.1)),
        picked={room: not is_off and draw.random() < takes for room in sorted(held)},
    )


def events_of_room(group: Group, room: int, number: int) -> Iterator[Event]:
    """Give the events that the room is taken for in one of its stretches."""
    place = group.rooms[room].place
    wing = (room - place.first_room) // WING
    start = begins(room, number)
    for period in (number, number + 1):
        event = event_of(group, place, wing, period)
        if event and start <= event.first_day < start + STRETCH and event.picked.get(room):
            yield event


def events(group: Group, as_of: int) -> Iterator[Event]:
    """Give all events that were planned before an instant, newest first."""
    for period in range(group.newest(as_of), group.oldest(as_of) - 1, -1):
        for place in group.properties:
            for wing in range(-(-place.rooms // WING)):
                event = event_of(group, place, wing, period)
                if event and event.picked and event.created < as_of:
                    yield event


def _fits(room: int, first: int, nights: int) -> bool:
    """Say whether the nights lie within one stretch of the room."""
    offset = (first - begins(room, 0)) % STRETCH
    return offset + nights <= STRETCH
