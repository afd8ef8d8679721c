"""Customers: one row for each guest who comes once, and for each who comes again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.instants import DAY
from mews_frames._sandbox.hotel.people import code_of, person_of
from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.wire import flag, iso_date, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wanted, Wants

__all__ = ["guest", "regulars"]

CONSENT = '"SendMarketingEmails"'
MERGED_EVERY = 34
"""One regular of so many was found to be another one, and merged."""


def guest(group: Group, _as_of: int, stay: Stay, wants: Wants) -> str:
    """Write the guest of a stay, unless it is a regular. The profile is made on booking."""
    updated = stay.checked_in or stay.created  # at the desk, papers are looked at
    if stay.guest != stay.key or not wants(updated):
        return ""
    company = None if stay.firm is None else group.id("Company", stay.firm)
    return _customer(
        group,
        key=stay.key,
        number=str(stay.number),
        code=stay.code,
        chain=stay.place.chain,
        created=stay.created,
        updated=updated,
        tags="",
        company=company,
        has_ota_email=stay.origin == "ChannelManager",
    )


def regulars(group: Group, _as_of: int, wanted: Wanted) -> Iterator[str]:
    """Write the guests who come again and again: known since before everything else."""
    for number in range(group.regulars):
        chain = number % len(group.chain_ids)
        wants = wanted.of(group.chain_ids[chain])
        code = code_of(group.seed, f"R{number}")
        created = 14_600 + code % 3_000  # days: 2009 to 2018
        updated = (created + 1 + code // 32 % 1_500) * DAY + code // 7 % DAY
        if wants is None or not wants(updated):
            continue
        yield _customer(
            group,
            key=f"R{number}",
            number=f"{number + 1}",
            code=code,
            chain=chain,
            created=created * DAY + code % DAY,
            updated=updated,
            tags='"Returning","Important"' if code % 7 == 0 else '"Returning"',
            merged_into=f"R{number - 2}" if _is_merged(number) else None,
        )


def _is_merged(number: int) -> bool:
    return number % MERGED_EVERY in (2, 3)  # one of each chain


def _customer(  # noqa: PLR0913 - the fields of a record
    group: Group,
    *,
    key: str,
    number: str,
    code: int,
    chain: int,
    created: int,
    updated: int,
    tags: str,
    company: str | None = None,
    merged_into: str | None = None,
    has_ota_email: bool = False,
) -> str:
    person = person_of(code)
    domain = "ota.example.invalid" if has_ota_email else "example.invalid"
    birth = iso_date(person.birth) if code % 5 else None
    address = group.id("Address", key) if code % 3 == 0 else None
    target = None if merged_into is None else group.id("Customer", merged_into)
    is_active = merged_into is None
    return (
        f'{{"Id":"{group.id("Customer", key)}","ChainId":"{group.chain_ids[chain]}",'
        f'"Number":"{number}","Title":{_title(person.sex)},"Sex":"{person.sex}",'
        f'"FirstName":"{person.first}","LastName":"{person.last}","SecondLastName":null,'
        f'"NationalityCode":{quoted(person.country if code % 9 else None)},'
        f'"PreferredLanguageCode":"{person.language}","LanguageCode":"{person.language}",'
        f'"BirthDate":{quoted(birth)},"BirthCountryCode":null,'
        '"BirthCountrySubdivisionCode":null,"BirthPlace":null,"Occupation":null,'
        f'"Email":"made-up-{number}@{domain}","HasOtaEmail":{flag(has_ota_email)},'
        f'"Phone":null,"TaxIdentificationNumber":null,"LoyaltyCode":null,'
        f'"AccountingCode":null,"BillingCode":null,"Notes":"{NOTE}",'
        '"CarRegistrationNumber":null,"DietaryRequirements":null,'
        f'"CreatedUtc":"{text(created)}","UpdatedUtc":"{text(updated)}",'
        '"Passport":null,"IdentityCard":null,"Visa":null,"DriversLicense":null,'
        f'"Address":{_address(address, person.country)},"AddressId":{quoted(address)},'
        f'"Classifications":[{tags}],'
        f'"Options":[{CONSENT if code % 4 == 0 else ""}],'
        '"ItalianDestinationCode":null,"ItalianFiscalCode":null,"ItalianLotteryCode":null,'
        f'"CompanyId":{quoted(company)},"MergeTargetId":{quoted(target)},'
        f'"ActivityState":"{"Active" if is_active else "Deleted"}","IsActive":{flag(is_active)},'
        f'"PreferredSpaceFeatures":[],"CreatorProfileId":"{group.properties[chain].profiles[0]}",'
        f'"UpdaterProfileId":"{group.properties[chain].profiles[1]}"}}\n'
    )


def _title(sex: str) -> str:
    return '"Mister"' if sex == "Male" else '"Misses"'


def _address(address: str | None, country: str) -> str:
    """Write the address as the old field has it, which Mews still fills."""
    if address is None:
        return "null"
    return (
        f'{{"Id":"{address}","Line1":"Made-up Street 1","Line2":null,"City":"Made-up City",'
        f'"PostalCode":"00000","CountryCode":"{country}","CountrySubdivisionCode":null,'
        '"Latitude":null,"Longitude":null}'
    )
