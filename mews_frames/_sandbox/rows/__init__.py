"""The rows of an export, as lines of JSON: made a little at a time, never all at once.

`hotel` says what happens; here it is written down as Mews would, one module for each kind of
record. Rows are written with templates, because `json.dumps` of a dictionary for each would be
four times slower; the tests compare their keys with the schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mews_frames._sandbox.hotel import told
from mews_frames._sandbox.hotel.instants import HOUR
from mews_frames._sandbox.hotel.places import group_of
from mews_frames._sandbox.rows.availability import adjustments, availability_blocks
from mews_frames._sandbox.rows.bills import bill
from mews_frames._sandbox.rows.companies import companies
from mews_frames._sandbox.rows.guests import guest, regulars
from mews_frames._sandbox.rows.ledger import ledger_entries
from mews_frames._sandbox.rows.order_items import order_items
from mews_frames._sandbox.rows.payments import payments
from mews_frames._sandbox.rows.reservations import reservation
from mews_frames._sandbox.rows.resource_blocks import resource_blocks
from mews_frames._sandbox.rows.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wants
    from mews_frames._sandbox.stored import Stored

__all__ = ["lines"]

BATCH = 200
"""Rows of a chunk, of types that are no stays' own."""


class OfStay(Protocol):
    """Writes what a stay adds to an entity type: no row, one, or several."""

    def __call__(self, group: Group, as_of: int, stay: Stay, wants: Wants, /) -> str: ...


class OfGroup(Protocol):
    """Writes rows that belong to no stay, one by one."""

    def __call__(self, group: Group, as_of: int, wanted: Wanted, /) -> Iterator[str]: ...


OF_STAYS: Mapping[str, OfStay] = {
    "OrderItem": order_items,
    "Payment": payments,
    "Reservation": reservation,
    "Customer": guest,
    "Bill": bill,
    "LedgerEntry": ledger_entries,
}
OF_GROUPS: Mapping[str, OfGroup] = {
    "Customer": regulars,
    "Company": companies,
    "AvailabilityAdjustment": adjustments,
    "AvailabilityBlock": availability_blocks,
    "ResourceBlock": resource_blocks,
}


def lines(stored: Stored) -> Iterator[bytes]:
    """Make the rows of an export: chunks of whole lines, filtered as was asked.

    The hotels are shown as of the beginning of the hour in which it was added: exports of the same
    hour fit together, and what happens shows an hour later at most.
    """
    group = group_of(stored.recipe.rows, stored.recipe.seed)
    as_of = int(stored.added.timestamp()) // HOUR * HOUR
    wanted = Wanted(stored.asked)
    if not group.rows:
        return
    of_group = OF_GROUPS.get(stored.asked.entity_type)
    if of_group is not None:
        yield from _batched(of_group(group, as_of, wanted))
    of_stay = OF_STAYS.get(stored.asked.entity_type)
    if of_stay is not None:
        by_chain = stored.asked.entity_type == "Customer"
        for stays in told.stays(group, as_of):
            place = stays[0].place if stays else group.properties[0]
            wants = wanted.of(place.chain_id if by_chain else place.id)
            if wants is not None:
                text = "".join([of_stay(group, as_of, stay, wants) for stay in stays])
                if text:
                    yield text.encode()


def _batched(rows: Iterator[str]) -> Iterator[bytes]:
    batch: list[str] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield "".join(batch).encode()
            batch.clear()
    if batch:
        yield "".join(batch).encode()
