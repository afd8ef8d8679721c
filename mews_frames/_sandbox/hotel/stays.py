"""Who stays when: every reservation of the made-up hotels, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.events import GROUP_RATE
from mews_frames._sandbox.hotel.instants import HOUR, midnight, weekday
from mews_frames._sandbox.hotel.people import agency, business, code_of
from mews_frames._sandbox.hotel.plans import pick, plans_of, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.charges import Charge
    from mews_frames._sandbox.hotel.events import Event
    from mews_frames._sandbox.hotel.places import Group, Property
    from mews_frames._sandbox.hotel.plans import Plan

__all__ = ["NON_REFUNDABLE", "Stay", "stays_of"]

LEADS = (0, 0, 1, 1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 31, 38, 46, 55, 66, 80, 100, 130, 170, 240)
"""Days between booking and arrival, drawn from evenly."""

BUSINESS = (128, 128, 115, 90, 38, 13, 77)
"""Business stays of 256 in a city, by weekday of arrival."""

REGULAR, UPGRADED, FREE, MEALS_IN_CITIES, MEALS_IN_RESORTS = 50, 12, 254, 77, 154
"""Of 256 stays: by guests who come again and again, in a better room than was booked; from which
die on one costs nothing; with breakfast."""

FLEXIBLE, CORPORATE, NON_REFUNDABLE, PACKAGE, COMPLIMENTARY = 0, 1, 2, 3, 5
"""Positions in `places.RATES`; the rate of groups is `events.GROUP_RATE`."""

PRIVATE_RATES = (FLEXIBLE, FLEXIBLE, NON_REFUNDABLE, PACKAGE)
SEGMENT_OF_RATE = (0, 1, 2, 0, 3, 4)
ORIGINS = ("ChannelManager", "Distributor", "Commander", "ChannelManager", "Commander")
REASONS = ("RequestedByGuest", "BookedElsewhere", "TravelAgency", "PriceTooHigh", "NoShow")
PARTIES = ((1, 0), (2, 0), (2, 0), (2, 0), (2, 0), (2, 0), (2, 1), (2, 2))
"""Adults and children, drawn from evenly."""

# Which dice decide: the first of two, or of four, where more than 256 sides are needed.
RATE, PARTY, MEAL, ORIGIN, UPGRADE, RETURNS, REASON, LEAD = range(8)
BOOKED, ARRIVES, LEAVES, CANCELS, PRICE = range(8, 18, 2)
WHO, MADE = 18, 22


@dataclass(slots=True, eq=False)
class Stay:
    """One reservation as of a certain day. Instants are seconds since 1970, money is in cents.

    Attributes
    ----------
    key
        Names it within its group: what its ids are made of.
    number
        The same as a number that people can read out.
    room, requested
        Number of its room; position of the category that was booked, which may be a plainer one.
    first_day, nights
        Local days since 1970-01-01. No nights: a room for the day.
    cancelled, checked_in, checked_out
        ``None`` where that has not happened.
    is_doomed
        Whether it is cancelled sooner or later. Such a stay never gets a room.
    rate, segment
        Positions in `places.RATES` and `places.SEGMENTS`.
    price
        Of a night before season and weekday.
    guest, code
        What the id of the guest is made of, and what the guest is made of: see `people`.
    firm, agency
        Numbers of companies.
    luck
        32 random bits for what is decided later, such as how it is paid.
    charges
        Its order items. Set by `told.stays`, which knows how many there are.
    """

    key: str
    number: int
    place: Property
    room: int
    requested: int
    first_day: int
    nights: int
    created: int
    scheduled_start: int
    scheduled_end: int
    cancelled: int | None
    reason: str | None
    checked_in: int | None
    checked_out: int | None
    is_doomed: bool
    adults: int
    children: int
    rate: int
    segment: int
    origin: str
    breakfast: bool
    price: int
    guest: str
    code: int
    firm: int | None
    agency: int | None
    event: Event | None
    luck: int
    charges: list[Charge] = field(default_factory=list)

    @property
    def updated(self) -> int:
        """The instant of the last thing that happened."""
        return self.cancelled or self.checked_out or self.checked_in or self.created

    def dice(self, place: int, sides: int) -> int:
        """Throw a die that falls the same way every time: another place, another die."""
        return (self.luck >> place) % sides


def stays_of(group: Group, room: int, number: int, as_of: int) -> Iterator[Stay]:
    """Make the reservations of a room in one of its stretches, as of an instant."""
    zone = group.rooms[room].place.city.zone
    for plan in plans_of(group, room, number):
        created = _booked(plan, zone)
        if created < as_of and share(plan.dice, MADE) < group.bustle:
            stay = _stay(group, room, number, plan, created)
            if plan.is_lost:
                _lose(stay, plan)
            _forget_the_future(stay, as_of)
            yield stay


def _booked(plan: Plan, zone: str) -> int:
    """Say when: same-day bookings in the morning, others at any time of their day."""
    event, moment = plan.event, share(plan.dice, BOOKED)
    if event is not None:  # from when it is sure until the rooms go back on sale
        last = midnight(zone, plan.first_day - event.release)
        return event.decided + 1 + int(moment * (last - event.decided - 1))
    lead = pick(LEADS, plan.dice[LEAD]) if plan.nights else plan.dice[LEAD] // 192
    until = 24 if lead else 13 if plan.nights else 9
    return midnight(zone, plan.first_day - lead) + int((6 + moment * (until - 6)) * HOUR)


def _stay(group: Group, room: int, number: int, plan: Plan, created: int) -> Stay:
    place, _, _, category = group.rooms[room]
    event, nights, dice = plan.event, plan.nights, plan.dice
    zone, is_resort = place.city.zone, place.city.is_resort
    start = midnight(zone, plan.first_day) + (15 if nights else 12) * HOUR
    end = midnight(zone, plan.first_day + nights) + (11 if nights else 18) * HOUR
    key = f"{room}/{number}/{plan.nth}"
    luck = int.from_bytes(dice[WHO : WHO + 4], "little")
    returns = dice[RETURNS] < REGULAR
    guest = f"R{luck % (group.regulars // 2) * 2 + place.chain}" if returns else key
    rate = _rate(plan, is_resort=is_resort)
    firm = None if event is None else event.firm
    if rate == CORPORATE:
        firm = business(group, place.chain, luck)
    origin = "Commander" if event or firm is not None else pick(ORIGINS, dice[ORIGIN])
    adults, children = (1, 0) if firm is not None else pick(PARTIES, dice[PARTY])
    price = place.city.price * (1 + 0.22 * category) * (0.88 + 0.24 * share(dice, PRICE))
    return Stay(
        key=key,
        # Unlike all others of the group: a room has fewer than 64 stays in 28 days.
        number=(number * len(group.rooms) + room) * 64 + plan.nth,
        place=place,
        room=room,
        requested=category - 1 if category and dice[UPGRADE] < UPGRADED else category,
        first_day=plan.first_day,
        nights=nights,
        created=created,
        scheduled_start=start,
        scheduled_end=end,
        cancelled=None,
        reason=None,
        checked_in=start + int((share(dice, ARRIVES) - 0.1) * (7 if nights else 1) * HOUR),
        checked_out=end - int(share(dice, LEAVES) * (4 if nights else 2) * HOUR),
        is_doomed=plan.is_lost,
        adults=adults,
        children=children,
        rate=rate,
        segment=SEGMENT_OF_RATE[rate],
        origin=origin,
        breakfast=nights > 0 and dice[MEAL] < (MEALS_IN_RESORTS if is_resort else MEALS_IN_CITIES),
        price=event.price if event else int(price),
        guest=guest,
        code=code_of(group.seed, guest) if returns else luck,
        firm=firm,
        agency=agency(group, place.chain, luck) if origin == "Distributor" else None,
        event=event,
        luck=luck,
    )


def _rate(plan: Plan, *, is_resort: bool) -> int:
    if plan.event is not None:
        return GROUP_RATE
    if not plan.nights:
        return FLEXIBLE
    die = plan.dice[RATE]
    is_business = not is_resort and die < BUSINESS[weekday(plan.first_day)]
    if is_business:
        return CORPORATE
    return COMPLIMENTARY if die >= FREE else PRIVATE_RATES[die % 4]


def _lose(stay: Stay, plan: Plan) -> None:
    """Have a guest cancel before the stay begins, or never show up."""
    stay.checked_in = stay.checked_out = None
    stay.reason = pick(REASONS, plan.dice[REASON])
    if stay.reason == "NoShow":  # Mews docs: state Canceled with this reason, nothing else
        stay.cancelled = stay.scheduled_start + 12 * HOUR
    else:
        time = stay.scheduled_start - stay.created
        stay.cancelled = stay.created + 1 + int(share(plan.dice, CANCELS) * (time - 1))


def _forget_the_future(stay: Stay, as_of: int) -> None:
    if stay.cancelled is not None and stay.cancelled >= as_of:
        stay.cancelled = stay.reason = None
    if stay.checked_in is not None and stay.checked_in >= as_of:
        stay.checked_in = None
    if stay.checked_out is not None and stay.checked_out >= as_of:
        stay.checked_out = None
