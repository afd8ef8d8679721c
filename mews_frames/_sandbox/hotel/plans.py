"""How rooms fill: who takes a room from which day on, and what is decided by dice.

Each room lives through stretches of 28 days, and each stretch has random numbers of its own: so
any time can be made without what came before it, nothing has to be held in memory, and a
reservation is the same on whatever day one looks at it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mews_frames._sandbox.hotel.cities import demand
from mews_frames._sandbox.hotel.closures import closure_of
from mews_frames._sandbox.hotel.events import begins, events_of_room
from mews_frames._sandbox.hotel.places import STRETCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mews_frames._sandbox.hotel.events import Event
    from mews_frames._sandbox.hotel.places import Group

__all__ = ["Plan", "pick", "plans_of", "share"]

T = TypeVar("T")

CITY_NIGHTS = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4)
RESORT_NIGHTS = (2, 3, 3, 4, 4, 5, 7, 7)
"""Nights of a stay, drawn from evenly."""

CANCELLED = 0.16
"""Chance of a cancelled booking beside each stay."""

DAY_USE = 0.05
"""Chance that somebody takes a free city room for the day."""

DICE = 24
"""Dice of a stay: what is decided about it later is decided by them."""


class Plan(NamedTuple):
    """A room taken, or booked in vain.

    Attributes
    ----------
    nth
        Its place among those of the same room and stretch.
    first_day, nights
        Local days since 1970-01-01. No nights: a room for the day.
    is_lost
        Whether the guest cancels, or never comes.
    event
        What the guest comes for, if it is a group.
    dice
        Random bytes, each for another question.
    """

    nth: int
    first_day: int
    nights: int
    is_lost: bool
    event: Event | None
    dice: bytes


def pick(choices: Sequence[T], die: int) -> T:
    """Choose evenly, by a die of 256 sides."""
    return choices[die * len(choices) >> 8]


def share(dice: bytes, at: int) -> float:
    """Give a number from 0 to 1, 1 excluded, by two dice."""
    return (dice[at] << 8 | dice[at + 1]) / 65_536


def plans_of(group: Group, room: int, number: int) -> Iterator[Plan]:
    """Say how a room fills in one of its stretches."""
    # Text seeds are hashed the same way by every Python.
    draw = random.Random(f"{group.seed}/{room}/{number}")  # noqa: S311 - made-up guests
    for nth, (day, nights, is_lost, event) in enumerate(_takers(group, room, number, draw)):
        yield Plan(nth, day, nights, is_lost, event, draw.randbytes(DICE))


def _takers(
    group: Group, room: int, number: int, draw: random.Random
) -> Iterator[tuple[int, int, bool, Event | None]]:
    city = group.rooms[room].place.city
    choices = RESORT_NIGHTS if city.is_resort else CITY_NIGHTS
    mean = sum(choices) / len(choices)
    day = begins(room, number)
    for start, end, event in _settled(group, room, number):
        while day < start:
            occupancy, _ = demand(city, day)
            # Free days and stays take turns; with this chance of an arrival, that occupancy.
            if draw.random() * (occupancy + mean * (1 - occupancy)) >= occupancy:
                if not city.is_resort and draw.random() < DAY_USE:
                    yield day, 0, False, None
                day += 1
                continue
            nights = min(choices[int(draw.random() * len(choices))], start - day)
            yield day, nights, False, None
            if draw.random() < CANCELLED:  # somebody else had booked that room before
                yield day, nights, True, None
            day += nights
        if event is not None:
            yield day, event.nights, False, event
        day = end


def _settled(group: Group, room: int, number: int) -> list[tuple[int, int, Event | None]]:
    """Give what is settled in a stretch before anybody books: from day, to day, for what.

    The last entry is the end of the stretch.
    """
    end = begins(room, number) + STRETCH
    settled: list[tuple[int, int, Event | None]] = [
        (event.first_day, event.first_day + event.nights, event)
        for event in events_of_room(group, room, number)
    ]
    closure = closure_of(group, room, number)
    if closure is not None and closure.removed is None:
        settled.append((closure.first_day, closure.first_day + closure.nights, None))
        settled.sort(key=lambda each: each[0])
    return [*settled, (end, end, None)]
