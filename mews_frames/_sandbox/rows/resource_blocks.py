"""Resource blocks: rooms out of order, or used by the house itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.closures import closures
from mews_frames._sandbox.hotel.instants import HOUR, midnight
from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.wire import flag, maybe, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.closures import Closure
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.rows.wanted import Wanted

__all__ = ["resource_blocks"]

NOON = 12 * HOUR
"""Seconds after midnight: guests have left before, and arrive later."""


def resource_blocks(group: Group, as_of: int, wanted: Wanted) -> Iterator[str]:
    """Write the rooms that nobody can book for some days."""
    for closure in closures(group, as_of):
        wants = wanted.of(group.rooms[closure.room].place.id)
        removed = closure.removed if closure.removed and closure.removed < as_of else None
        if wants is not None and wants(removed or closure.created):
            yield _block(group, closure, removed)


def _block(group: Group, closure: Closure, removed: int | None) -> str:
    room = group.rooms[closure.room]
    zone = room.place.city.zone
    start = midnight(zone, closure.first_day) + NOON
    end = midnight(zone, closure.first_day + closure.nights) + NOON
    return (
        f'{{"Id":"{group.id("ResourceBlock", closure.key)}","EnterpriseId":"{room.place.id}",'
        f'"AssignedResourceId":"{room.id}","IsActive":{flag(removed is None)},'
        f'"Type":"{closure.kind}","StartUtc":"{text(start)}","EndUtc":"{text(end)}",'
        f'"CreatedUtc":"{text(closure.created)}",'
        f'"UpdatedUtc":"{text(removed or closure.created)}","DeletedUtc":{maybe(removed)},'
        f'"Name":"{closure.name} {room.name}","Notes":"{NOTE}"}}\n'
    )
