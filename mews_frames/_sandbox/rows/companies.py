"""Companies: firms that send guests, and travel agencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.people import firm_of
from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.wire import flag, maybe, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.hotel.people import Firm
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.rows.wanted import Wanted

__all__ = ["companies"]

NUMBERS_FROM = 9_007_199_254_740_993
"""Numbers of companies have up to 19 digits: more than a double holds (2 to the 53rd, plus 1)."""


def companies(group: Group, _as_of: int, wanted: Wanted) -> Iterator[str]:
    """Write the companies of a group: known since before everything else."""
    for number in range(group.companies):
        firm = firm_of(group, number)
        wants = wanted.of(group.chain_ids[firm.chain])
        # Mews docs, operations/companies.md: UpdatedUtc is optional. They do not say which window
        # holds what has none: here none does, as in SQL.
        if wants is not None and wants(firm.updated or 0):
            yield _company(group, firm)


def _company(group: Group, firm: Firm) -> str:
    number = firm.number
    mother = None if firm.mother is None else group.id("Company", firm.mother)
    # Mews docs, guidelines/serialization.md: durations are ISO 8601.
    due = None if firm.due is None else f"P0M{firm.due}DT0H0M0S"
    rating = "CreditOk" if firm.reliable else "PaymentRequiredUpfront"
    return (
        f'{{"Id":"{firm.id}","ChainId":"{group.chain_ids[firm.chain]}","Name":"{firm.name}",'
        f'"MotherCompanyId":{quoted(mother)},'
        f'"InvoicingEmail":"invoices-{number}@example.invalid",'
        f'"WebsiteUrl":"https://company-{number}.example.invalid",'
        f'"InvoiceDueInterval":{quoted(due)},"Options":{{"Invoiceable":{flag(firm.due)},'
        '"AddFeesToInvoices":false,"AddTaxDeductedPaymentToInvoices":false},'
        f'"CreditRating":{{"Basic":"{rating}"}},"Department":null,"DunsNumber":null,'
        f'"ReferenceIdentifier":null,"AccountingCode":"MADE-UP-{number}",'
        f'"AdditionalTaxIdentifier":null,"BillingCode":null,"Contact":null,'
        f'"ContactPerson":null,"ElectronicInvoiceIdentifier":null,"Identifier":null,'
        f'"Iata":{quoted(f"MADE-UP-{number}" if firm.is_agency else None)},"IsActive":true,'
        f'"Notes":"{NOTE}","Number":{NUMBERS_FROM + number},'
        f'"TaxIdentifier":"MADE-UP-TAX-{number}","Telephone":null,'
        f'"CreatedUtc":"{text(firm.created)}","UpdatedUtc":{maybe(firm.updated)},'
        f'"Address":null,"AddressId":null,"MergeTargetId":null,'
        f'"TaxIdentificationNumber":null,"ExternalIdentifier":null}}\n'
    )
