"""Rooms that nobody can book for some days: out of order, or used by the house itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from mews_frames._sandbox.hotel.events import begins, events_of_room
from mews_frames._sandbox.hotel.instants import DAY, HOUR, midnight
from mews_frames._sandbox.hotel.places import STRETCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.places import Group

__all__ = ["Closure", "closure_of", "closures"]

LIKELY = 0.2
"""Chance of a closure in a stretch: with their lengths, about 2 % of all nights."""

REMOVED = 0.08
"""Chance that it is taken off again."""

REASONS = (
    ("OutOfOrder", "Made-up repair", (1, 1, 2, 3)),
    ("OutOfOrder", "Made-up painting", (2, 3, 5, 8)),
    ("OutOfOrder", "Made-up leak", (1, 2, 4)),
    ("InternalUse", "Made-up night porter", (1, 1, 2)),
)
"""Type as Mews says it, what it is called, and for how many nights."""


class Closure(NamedTuple):
    """A room taken out of sale from noon to noon.

    Attributes
    ----------
    removed
        When the block was taken off, before it began, if it was; then the room can be sold.
    """

    key: str
    room: int
    kind: str
    name: str
    first_day: int
    nights: int
    created: int
    removed: int | None


def closure_of(group: Group, room: int, number: int) -> Closure | None:
    """Give the closure of a room in one of its stretches, if there is one."""
    key = f"{room}/{number}"
    draw = random.Random(f"{group.seed}/closure/{key}")  # noqa: S311 - made-up repairs
    if draw.random() > LIKELY:
        return None
    kind, name, lengths = draw.choice(REASONS)
    nights = draw.choice(lengths)
    first = begins(room, number) + draw.randrange(STRETCH - nights)
    if any(
        first < event.first_day + event.nights and event.first_day < first + nights
        for event in events_of_room(group, room, number)
    ):
        return None  # the congress comes first
    start = midnight(group.rooms[room].place.city.zone, first)
    created = start - draw.randrange(2 * DAY, 40 * DAY)
    removed = draw.randrange(created + HOUR, start) if draw.random() < REMOVED else None
    return Closure(key, room, kind, name, first, nights, created, removed)


def closures(group: Group, as_of: int) -> Iterator[Closure]:
    """Give all closures that were known before an instant, newest first."""
    for number in range(group.newest(as_of), group.oldest(as_of) - 1, -1):
        for room in range(len(group.rooms)):
            closure = closure_of(group, room, number)
            if closure and closure.created < as_of:
                yield closure
