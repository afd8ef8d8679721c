"""Bills: one row for each stay that has begun, and for each fee of one that never did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._sandbox.hotel.folio import folio_of
from mews_frames._sandbox.hotel.people import person_of
from mews_frames._sandbox.hotel.places import NOTE
from mews_frames._sandbox.rows.order_items import account_of
from mews_frames._sandbox.rows.wire import flag, maybe, quoted, text

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.folio import Bill
    from mews_frames._sandbox.hotel.people import Firm
    from mews_frames._sandbox.hotel.places import Group, Property
    from mews_frames._sandbox.hotel.stays import Stay
    from mews_frames._sandbox.rows.wanted import Wants

__all__ = ["bill"]

NO_ADDRESS = '"Address":null,"LegalIdentifiers":null,"BillingCode":null'


def bill(group: Group, as_of: int, stay: Stay, wants: Wants) -> str:
    """Write the bill of a stay, if there is one."""
    found = folio_of(group, stay, as_of).bill
    if found is None or not wants(found.updated):
        return ""
    place, firm = stay.place, found.firm
    account, account_type = account_of(group, stay)
    customer = group.id("Customer", stay.guest)
    number = counter = None
    if found.closed:
        number = f"{'I' if firm else 'R'}-{stay.number}"
        counter = place.counters[firm is not None]
    order = f"MADE-UP-{stay.number}" if firm else None
    closed = maybe(found.closed)
    rebated = flag(any(charge.rebates is not None for charge in stay.charges))
    return (
        f'{{"Id":"{group.id("Bill", stay.key)}","Name":null,"EnterpriseId":"{place.id}",'
        f'"AccountId":"{account}","AccountType":"{account_type}","CustomerId":null,'
        f'"CompanyId":null,"AssociatedAccountIds":[{quoted(customer) if firm else ""}],'
        f'"CounterId":{quoted(counter)},'
        f'"State":"{"Closed" if found.closed else "Open"}",'
        f'"Type":"{"Invoice" if firm else "Receipt"}","Number":{quoted(number)},'
        f'"VariableSymbol":null,"CreatedUtc":"{text(found.created)}","IssuedUtc":{closed},'
        f'"TaxedUtc":{closed},"PaidUtc":{maybe(found.paid)},"DueUtc":{maybe(found.due)},'
        f'"LastReminderDateUtc":{maybe(found.reminded)},"UpdatedUtc":"{text(found.updated)}",'
        f'"PurchaseOrderNumber":{quoted(order)},"Notes":"{NOTE}",'
        f'"Options":{{"DisplayCustomer":true,"DisplayTaxation":true,'
        f'"TrackReceivable":{flag(firm)},"DisplayCid":false,"Rebated":{rebated}}},'
        '"Revenue":[],"Payments":[],"OrderItems":[],"PaymentItems":[],"AssigneeData":null,'
        f'"OwnerData":{_owner(group, stay, found)},"CompanyDetails":null,'
        f'"AssociatedAccountData":{_associated(group, stay, firm)},'
        f'"EnterpriseData":{_issuer(place) if found.closed else "null"},'
        '"CorrectionState":"Bill","CorrectionType":null,"CorrectedBillId":null}\n'
    )


def _owner(group: Group, stay: Stay, found: Bill) -> str:
    """Write who pays, as known when the bill was closed."""
    if found.closed is None:
        return "null"
    if found.firm is None:
        return f'{{"Discriminator":"BillCustomerData","Value":{_guest(group, stay)}}}'
    return f'{{"Discriminator":"BillCompanyData","Value":{_company(found.firm)}}}'


def _associated(group: Group, stay: Stay, firm: Firm | None) -> str:
    if firm is None:
        return "[]"
    return (
        f'[{{"Discriminator":"BillCustomerData","BillCustomerData":{_guest(group, stay)},'
        '"BillCompanyData":null}]'
    )


def _guest(group: Group, stay: Stay) -> str:
    person = person_of(stay.code)
    return (
        f'{{"Id":"{group.id("Customer", stay.guest)}",{NO_ADDRESS},'
        f'"LastName":"{person.last}","FirstName":"{person.first}","SecondLastName":null,'
        '"TitlePrefix":null,"TaxIdentifier":null}'
    )


def _company(firm: Firm) -> str:
    return (
        f'{{"Id":"{firm.id}","Address":{{"Line1":"Made-up Street {firm.number}","Line2":null,'
        f'"City":"Made-up City","PostalCode":"00000","SubdivisionCode":null,'
        f'"CountryCode":"{firm.country}"}},'
        f'"LegalIdentifiers":{{"TaxIdentifier":"MADE-UP-TAX-{firm.number}"}},'
        f'"BillingCode":null,"Name":"{firm.name}","FiscalIdentifier":null,'
        f'"AdditionalTaxIdentifier":null,"DUNS":null,"Telephone":null,'
        f'"TaxIdentifier":"MADE-UP-TAX-{firm.number}",'
        f'"InvoicingEmail":"invoices-{firm.number}@example.invalid","Department":null}}'
    )


def _issuer(place: Property) -> str:
    return (
        f'{{"AdditionalTaxIdentifier":null,"CompanyName":"{place.name}","BankAccount":null,'
        '"BankName":"Made-up Bank","Iban":null,"Bic":null}'
    )
