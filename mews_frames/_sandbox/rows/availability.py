"""Availability blocks, the rooms held for a group of guests, and availability adjustments."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.events import GROUP_RATE, events
from mews_frames._sandbox.hotel.instants import DAY, HOUR, midnight
from mews_frames._sandbox.hotel.places import NOTE, STRETCH
from mews_frames._sandbox.rows.wire import flag, maybe, money, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.events import Event
    from mews_frames._sandbox.hotel.places import Group, Property
    from mews_frames._sandbox.rows.wanted import Wanted, Wants

__all__ = ["adjustments", "availability_blocks"]

BY_HAND, REMOVED = 0.3, 0.2
"""Chances of an adjustment in a property and stretch, and that it is taken off again."""

GROUPS = 3
"""Position in `places.SEGMENTS`."""


def availability_blocks(group: Group, as_of: int, wanted: Wanted) -> Iterator[str]:
    """Write the rooms held for groups of guests."""
    for event in events(group, as_of):
        wants = wanted.of(event.place.id)
        if wants is not None and wants(event.updated(as_of)):
            yield _block(group, as_of, event)


def adjustments(group: Group, as_of: int, wanted: Wanted) -> Iterator[str]:
    """Write what each block takes of each category, and what reception changed by hand."""
    for event in events(group, as_of):
        wants = wanted.of(event.place.id)
        if wants is not None and wants(event.updated(as_of)):
            yield from _held(group, as_of, event)
    for place in group.properties:
        wants = wanted.of(place.id)
        if wants is not None:
            for period in range(group.newest(as_of), group.oldest(as_of) - 1, -1):
                yield _by_hand(group, as_of, place, period, wants)


def _block(group: Group, as_of: int, event: Event) -> str:
    place, city = event.place, event.place.city
    cancelled = event.cancelled if event.is_off(as_of) else None
    state = "Confirmed" if event.decided < as_of else "Optional"
    first = midnight(city.zone, event.first_day)
    fixed = _release(event) if event.strategy == "FixedRelease" else None
    # Positive means before the night: Mews docs, operations/availabilityblocks.md.
    rolling = f"P{event.release}DT0H" if event.strategy == "RollingRelease" else None
    firm = None if event.firm is None else group.id("Company", event.firm)
    budget = event.price * event.nights * len(event.picked)
    why, detail = (None, None) if cancelled is None else ("ForceMajeure", "Made-up rain")
    return (
        f'{{"Id":"{group.id("AvailabilityBlock", event.key)}","EnterpriseId":"{place.id}",'
        f'"ServiceId":"{place.service_id}","RateId":"{place.rates[GROUP_RATE]}",'
        f'"VoucherId":null,"BookerId":"{group.id("Customer", f"R{event.booker}")}",'
        f'"CompanyId":{quoted(firm)},"TravelAgencyId":null,'
        f'"Budget":{{"Currency":"{city.currency}","Value":{money(budget)},"Net":null,'
        f'"Tax":null,"TaxRate":null}},"State":"{"Canceled" if cancelled else state}",'
        f'"ReservationPurpose":"{"Business" if event.is_business else "Leisure"}",'
        f'"CreatedUtc":"{text(event.created)}","UpdatedUtc":"{text(event.updated(as_of))}",'
        f'"FirstTimeUnitStartUtc":"{text(first)}","LastTimeUnitStartUtc":"{_last(event)}",'
        f'"ReleasedUtc":{maybe(fixed)},"RollingReleaseOffset":{quoted(rolling)},'
        f'"ExternalIdentifier":null,"Name":"{event.name}","Notes":"{NOTE}",'
        f'"PickupDistribution":"AllInOneGroup","IsActive":true,"QuoteId":null,'
        f'"AvailabilityBlockNumber":"{event.number}","ReleaseStrategy":"{event.strategy}",'
        f'"PurchaseOrderNumber":null,"BusinessSegmentId":"{place.segments[GROUPS]}",'
        f'"CanceledUtc":{maybe(cancelled)},"CancellationReason":{quoted(why)},'
        f'"CancellationReasonDetail":{quoted(detail)}}}\n'
    )


def _held(group: Group, as_of: int, event: Event) -> Iterator[str]:
    place = event.place
    persons = 1 if event.is_business else 2
    for category, count in sorted(event.held(group).items()):
        yield _adjustment(
            group,
            key=f"{event.key}/{category}",
            block=group.id("AvailabilityBlock", event.key),
            category=place.categories[category],
            first=text(midnight(place.city.zone, event.first_day)),
            last=_last(event),
            count=count,
            updated=event.updated(as_of),
            is_active=not event.is_off(as_of),
            paxes=f'[{{"PersonCount":{persons},"UnitCount":{count}}}]',
            release=None if event.strategy == "None" else _release(event),
        )


def _by_hand(group: Group, as_of: int, place: Property, period: int, wants: Wants) -> str:
    key = f"{place.number}/{period}"
    draw = random.Random(f"{group.seed}/adjustment/{key}")  # noqa: S311 - made-up overbooking
    first, nights = period * STRETCH + draw.randrange(STRETCH), draw.randrange(1, 8)
    zone = place.city.zone
    created = midnight(zone, first) - draw.randrange(3 * DAY, 60 * DAY)
    removed = created + draw.randrange(HOUR, 3 * DAY) if draw.random() < REMOVED else None
    if removed is not None and removed >= as_of:
        removed = None
    updated = removed or created
    if draw.random() > BY_HAND or created >= as_of or not wants(updated):
        return ""
    return _adjustment(
        group,
        key=key,
        block=None,
        category=draw.choice(place.categories),
        first=text(midnight(zone, first)),
        last=text(midnight(zone, first + nights - 1)),
        count=draw.choice((-2, -1, -1, 1)),
        updated=updated,
        is_active=removed is None,
        paxes="null",
        release=None,
    )


def _adjustment(  # noqa: PLR0913 - the fields of a record
    group: Group,
    *,
    key: str,
    block: str | None,
    category: str,
    first: str,
    last: str,
    count: int,
    updated: int,
    is_active: bool,
    paxes: str,
    release: int | None,
) -> str:
    return (
        f'{{"Id":"{group.id("AvailabilityAdjustment", key)}","AvailabilityBlockId":{quoted(block)},'
        f'"ResourceCategoryId":"{category}","StartUtc":null,"EndUtc":null,'
        f'"FirstTimeUnitStartUtc":"{first}","LastTimeUnitStartUtc":"{last}",'
        f'"UnitCount":{count},"ActivityState":"{"Active" if is_active else "Deleted"}",'
        f'"ReleaseOverrideUtc":null,"UpdatedUtc":"{text(updated)}",'
        f'"IsActive":{flag(is_active)},"PaxCounts":{paxes},'
        f'"FirstTimeUnitReleaseUtc":{maybe(release)}}}\n'
    )


def _last(event: Event) -> str:
    """Write the start of the last night: it is included."""
    return text(midnight(event.place.city.zone, event.first_day + event.nights - 1))


def _release(event: Event) -> int:
    return midnight(event.place.city.zone, event.first_day - event.release)
