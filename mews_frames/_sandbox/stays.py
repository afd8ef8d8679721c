"""Who stays when: every reservation of the made-up hotels, as plain numbers.

Each room lives through blocks of 28 days, and each block has random numbers of its own: so any
stretch of time can be made without what came before it, nothing has to be held in memory, and a
reservation is the same on whatever day one looks at it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel import Group, Property, demand, midnight, weekday

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DAY", "Stay", "blocks"]

HOUR, DAY = 3600, 86_400
"""Seconds."""

BLOCK = 28
"""Days. A room's stays end with its block; the blocks of different rooms are shifted."""

HORIZON = 364
"""Days that one can book ahead."""

# Drawn from evenly: nights of a stay, and days between booking and arrival.
CITY_NIGHTS = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4)
RESORT_NIGHTS = (2, 3, 3, 4, 4, 5, 7, 7)
LEADS = (0, 0, 1, 1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 31, 38, 46, 55, 66, 80, 100, 130, 170, 240)
# Chance of a business stay by weekday of arrival, and of a cancellation beside each stay.
BUSINESS = (0.5, 0.5, 0.45, 0.35, 0.15, 0.05, 0.3)
CANCELLED = 0.16
REASONS = ("RequestedByGuest", "BookedElsewhere", "TravelAgency", "PriceTooHigh", "NoShow")


@dataclass(slots=True)
class Stay:
    """One reservation as of a certain day. Instants are seconds since 1970, money is in cents.

    Attributes
    ----------
    key
        Names it within its group: what its ids are made of.
    first_day, nights
        Local days since 1970-01-01.
    cancelled, checked_in, checked_out
        ``None`` where that has not happened.
    price
        Of a night before season and weekday.
    limit
        How many of its order items exist: the last reservation of a sandbox may lack some.
    """

    key: str
    place: Property
    room: str
    category: int
    first_day: int
    nights: int
    created: int
    scheduled_start: int
    scheduled_end: int
    cancelled: int | None
    reason: str | None
    checked_in: int | None
    checked_out: int | None
    adults: int
    children: int
    rate: int
    segment: int
    breakfast: bool
    price: int
    customer: int
    company: int | None
    number: int
    limit: int = 0

    @property
    def updated(self) -> int:
        """The instant of the last thing that happened."""
        return self.cancelled or self.checked_out or self.checked_in or self.created

    @property
    def items(self) -> int:
        """How many order items it makes."""
        if self.cancelled:  # its nights, and what a guest who never came still pays
            return self.nights + (self.reason == "NoShow")
        return self.nights * (1 + self.breakfast + (self.place.city.city_tax > 0))


def blocks(group: Group, as_of: int) -> Iterator[list[Stay]]:
    """Give all reservations that were made before an instant, newest stays first.

    As many as make ``group.rows`` order items; a list for each room and block.

    Parameters
    ----------
    group
        Which hotels.
    as_of
        Seconds since 1970. What happens later has not happened yet.
    """
    left = group.rows
    number = (as_of // DAY + HORIZON) // BLOCK
    while left > 0:
        for room in range(len(group.rooms)):
            stays = [stay for stay in _block(group, room, number) if stay.created < as_of]
            for stay in stays:
                _forget_the_future(stay, as_of)
                stay.limit = min(stay.items, left)
                left -= stay.limit
            yield [stay for stay in stays if stay.limit]
            if left <= 0:
                return
        number -= 1


def _block(group: Group, room: int, number: int) -> Iterator[Stay]:
    city = group.rooms[room][0].city
    # Text seeds are hashed the same way by every Python.
    draw = random.Random(f"{group.seed}/{room}/{number}")  # noqa: S311 - made-up guests
    choices = RESORT_NIGHTS if city.is_resort else CITY_NIGHTS
    mean = sum(choices) / len(choices)
    day = number * BLOCK + room * 11 % BLOCK
    end = day + BLOCK
    index = 0
    while day < end:
        occupancy, _ = demand(city, day)
        # Free days and stays take turns; with this chance of an arrival, that occupancy.
        if draw.random() * (occupancy + mean * (1 - occupancy)) >= occupancy:
            day += 1
            continue
        nights = min(draw.choice(choices), end - day)
        yield _stay(group, room, draw, f"{room}/{number}/{index}", day, nights)
        index += 1
        if draw.random() < CANCELLED:  # somebody else had booked that room before
            nights_lost = min(draw.choice(choices), end - day)
            lost = _stay(group, room, draw, f"{room}/{number}/{index}", day, nights_lost)
            _cancel(lost, draw)
            yield lost
            index += 1
        day += nights


def _stay(group: Group, room: int, draw: random.Random, key: str, day: int, nights: int) -> Stay:
    place, room_id, category = group.rooms[room]
    zone = place.city.zone
    lead = draw.choice(LEADS)
    # Same-day bookings are made in the morning, others at any time of their day.
    created = midnight(zone, day - lead) + draw.randrange(6 * HOUR, (24 if lead else 14) * HOUR)
    start = midnight(zone, day) + 15 * HOUR
    end = midnight(zone, day + nights) + 11 * HOUR
    is_business = not place.city.is_resort and draw.random() < BUSINESS[weekday(day)]
    chain = place.number % len(group.chain_ids)  # customers and companies belong to a chain
    return Stay(
        key=key,
        place=place,
        room=room_id,
        category=category,
        first_day=day,
        nights=nights,
        created=created,
        scheduled_start=start,
        scheduled_end=end,
        cancelled=None,
        reason=None,
        checked_in=start + draw.randrange(7 * HOUR),
        checked_out=end - draw.randrange(4 * HOUR),
        adults=1 if is_business else draw.choice((1, 2, 2, 2, 2)),
        children=0 if is_business else draw.choice((0, 0, 0, 0, 1, 2)),
        rate=1 if is_business else draw.choice((0, 0, 2, 3)),
        segment=1 if is_business else draw.choice((0, 0, 0, 2)),
        breakfast=draw.random() < (0.6 if place.city.is_resort else 0.3),
        price=int(place.city.price * (1 + 0.22 * category) * draw.uniform(0.88, 1.12)),
        customer=draw.randrange(group.customers // 2) * 2 + chain,
        company=draw.randrange(group.companies // 2) * 2 + chain if is_business else None,
        number=draw.randrange(100_000, 1_000_000),
    )


def _cancel(stay: Stay, draw: random.Random) -> None:
    stay.reason = draw.choice(REASONS)
    stay.checked_in = stay.checked_out = None
    if stay.reason == "NoShow":  # Mews docs: state Canceled with this reason, nothing else
        stay.cancelled = stay.scheduled_start + 12 * HOUR
    else:
        stay.cancelled = draw.randrange(stay.created + 1, stay.scheduled_start)


def _forget_the_future(stay: Stay, as_of: int) -> None:
    if stay.cancelled is not None and stay.cancelled >= as_of:
        stay.cancelled = stay.reason = None
    if stay.checked_in is not None and stay.checked_in >= as_of:
        stay.checked_in = None
    if stay.checked_out is not None and stay.checked_out >= as_of:
        stay.checked_out = None
