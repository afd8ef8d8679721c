"""The reservations that a sandbox tells of: as many as make the order items that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.charges import charges_of
from mews_frames._sandbox.hotel.stays import stays_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay

__all__ = ["stays"]


def stays(group: Group, as_of: int) -> Iterator[list[Stay]]:
    """Give all reservations that were made before an instant, newest stays first.

    As many as make ``group.rows`` order items, to the item: the last one may lack some.

    Parameters
    ----------
    group
        Which hotels.
    as_of
        Seconds since 1970. What happens then and later has not happened yet.

    Yields
    ------
    Those of one room and stretch of days: all of one property. Some lists are empty.
    """
    left = group.rows
    number = group.newest(as_of)
    while left > 0:
        for room in range(len(group.rooms)):
            told = []
            for stay in stays_of(group, room, number, as_of):
                stay.charges = charges_of(stay)[:left]
                left -= len(stay.charges)
                if stay.charges:
                    told.append(stay)
            yield told
        number -= 1
