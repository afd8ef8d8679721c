"""Reservations: one row for each stay, whether it took place or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.wire import flag, maybe, quoted, text

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wants

__all__ = ["reservation"]

COMMANDERS = ("Phone", "Email", "InPerson", "Website", "CallCenter")


def reservation(group: Group, as_of: int, stay: Stay, wants: Wants) -> str:
    """Write the reservation of a stay."""
    if not wants(stay.updated):
        return ""
    place, event = stay.place, stay.event
    customer = group.id("Customer", stay.guest)
    start, end = text(stay.scheduled_start), text(stay.scheduled_end)
    began = stay.checked_in or stay.scheduled_start
    is_in = flag(stay.checked_in)
    at_desk = stay.origin == "Commander"
    commander = COMMANDERS[stay.dice(1, len(COMMANDERS))] if at_desk else None
    channel = f"MADE-UP-{stay.number}" if stay.origin == "ChannelManager" else None
    firm = None if stay.firm is None else group.id("Company", stay.firm)
    agency = None if stay.agency is None else group.id("Company", stay.agency)
    # A block that lies further back than the sandbox tells of cannot be shown.
    block = event if event and event.period >= group.oldest(as_of) else None
    block_id = None if block is None else group.id("AvailabilityBlock", block.key)
    party = stay.key if event is None else event.key
    room = None if stay.is_doomed else group.rooms[stay.room].id
    return (
        f'{{"Id":"{group.id("Reservation", stay.key)}","ServiceId":"{place.service_id}",'
        f'"AccountId":"{customer}","AccountType":"Customer",'
        f'"CreatorProfileId":"{place.profiles[0]}","UpdaterProfileId":"{place.profiles[1]}",'
        f'"BookerId":"{customer}","Number":"{stay.number}","State":"{_state(stay)}",'
        f'"Origin":"{stay.origin}","CommanderOrigin":{quoted(commander)},'
        f'"OriginDetails":"{NOTE}","CreatedUtc":"{text(stay.created)}",'
        f'"UpdatedUtc":"{text(stay.updated)}","CancelledUtc":{maybe(stay.cancelled)},'
        f'"VoucherId":null,"BusinessSegmentId":"{place.segments[stay.segment]}",'
        f'"Options":{{"OwnerCheckedIn":{is_in},"AllCompanionsCheckedIn":{is_in},'
        f'"AnyCompanionCheckedIn":{is_in},"ConnectorCheckIn":false}},'
        f'"RateId":"{place.rates[stay.rate]}","CreditCardId":null,'
        f'"GroupId":"{group.id("ReservationGroup", party)}",'
        f'"RequestedResourceCategoryId":"{place.categories[stay.requested]}",'
        f'"AssignedResourceId":{quoted(room)},"AvailabilityBlockId":{quoted(block_id)},'
        f'"PartnerCompanyId":{quoted(firm)},"TravelAgencyId":{quoted(agency)},'
        f'"AssignedResourceLocked":false,"ChannelNumber":{quoted(channel)},'
        f'"ChannelManagerNumber":"","CancellationReason":{quoted(stay.reason)},'
        # StartUtc is rewritten by an early check-in; Mews docs deprecate both for that.
        f'"ReleasedUtc":null,"StartUtc":"{text(min(began, stay.scheduled_start))}",'
        f'"EndUtc":"{end}","ScheduledStartUtc":"{start}",'
        f'"ActualStartUtc":{maybe(stay.checked_in)},"ScheduledEndUtc":"{end}",'
        f'"ActualEndUtc":{maybe(stay.checked_out)},'
        f'"Purpose":"{"Leisure" if stay.firm is None else "Business"}","QrCodeData":null,'
        f'"PersonCounts":[{_persons(stay)}]}}\n'
    )


def _state(stay: Stay) -> str:
    if stay.cancelled:
        return "Canceled"
    if stay.checked_out:
        return "Processed"
    return "Started" if stay.checked_in else "Confirmed"


def _persons(stay: Stay) -> str:
    adult, child = stay.place.ages
    persons = f'{{"AgeCategoryId":"{adult}","Count":{stay.adults}}}'
    if stay.children:
        persons += f',{{"AgeCategoryId":"{child}","Count":{stay.children}}}'
    return persons
