"""How a stay is paid: its bill and its payments, so that they meet to the cent.

Deposits come before the guest does; the rest is paid on leaving, or later by the company that
gets an invoice. A bill that is paid holds charges and payments that add up to zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mews_frames._sandbox.hotel.charges import NIGHT
from mews_frames._sandbox.hotel.instants import DAY
from mews_frames._sandbox.hotel.people import firm_of
from mews_frames._sandbox.hotel.stays import NON_REFUNDABLE

if TYPE_CHECKING:
    from mews_frames._sandbox.hotel.people import Firm
    from mews_frames._sandbox.hotel.places import Group
    from mews_frames._sandbox.hotel.stays import Stay

__all__ = ["Bill", "Folio", "Method", "Payment", "billed_firm", "folio_of"]

Method = Literal["card", "cash", "transfer", "wallet"]
State = Literal["Charged", "Pending", "Canceled", "Failed"]

HABITS = ("both",) * 4 + ("declined",) + ("cash",) * 7 + ("card",) * 28
"""How guests pay on leaving, drawn from evenly."""

LONG_LEAD = 10 * DAY
"""Seconds between booking and arrival from which on a bank transfer arrives in time."""

TRANSFER = 2 * DAY
"""Seconds that a bank takes."""

PAYOUT = 2 * DAY
"""Seconds until the money of a card payment arrives at the hotel."""

REMINDER = 14 * DAY
"""Seconds after an invoice was due."""


class Bill(NamedTuple):
    """The bill of a stay. Instants are seconds since 1970.

    Attributes
    ----------
    firm
        Who gets it as an invoice; ``None``: the guest gets a receipt.
    closed, paid, due, reminded
        ``None`` where that has not happened, or does not apply.
    """

    created: int
    closed: int | None = None
    firm: Firm | None = None
    due: int | None = None
    paid: int | None = None
    reminded: int | None = None

    @property
    def updated(self) -> int:
        """The instant of the last thing that happened."""
        return max(self.created, self.closed or 0, self.paid or 0, self.reminded or 0)


class Payment(NamedTuple):
    """One payment.

    Attributes
    ----------
    number
        Its place among those of its stay, from 0.
    cents
        Negative for money that the hotel receives, as Mews has it; positive for a refund.
    charged, lapsed
        When the money came, or went; when it was clear that it never would.
    state
        As on the wire.
    is_deposit
        Whether it came before there was a bill.
    on_bill
        Whether it is on the bill of its stay. What failed never gets there.
    settled
        When a card payment was paid out to the hotel.
    """

    number: int
    method: Method
    cents: int
    created: int
    charged: int | None
    lapsed: int | None
    state: State
    is_deposit: bool
    on_bill: bool
    settled: int | None

    def updated(self, bill: Bill | None) -> int:
        """Give the instant of the last thing that happened to it, or to the bill it is on."""
        latest = max(self.created, self.charged or 0, self.lapsed or 0, self.settled or 0)
        if bill is None or not self.on_bill:
            return latest
        return max(latest, bill.created, bill.closed or 0)


class Folio(NamedTuple):
    """What a stay owes, and what was paid.

    Attributes
    ----------
    total
        Gross sum of its charges, in cents.
    bill
        ``None`` before the guest has come.
    """

    total: int
    bill: Bill | None
    payments: list[Payment]


def folio_of(group: Group, stay: Stay, as_of: int) -> Folio:
    """Make the bill and the payments of a stay, as of an instant."""
    total = sum([charge.gross for charge in stay.charges if not charge.is_void])
    has_bill = bool(total) if stay.cancelled else stay.checked_in is not None
    till = _Till(stay, as_of, has_bill=has_bill)
    rest = total - till.deposit()
    if stay.cancelled is None:
        bill = _bill_of_stay(group, stay, rest, till) if has_bill else None
    elif has_bill:
        bill = _bill_of_fee(stay, rest, till)
    else:
        bill = None
        till.settle(rest, stay.cancelled)
    return Folio(total, bill, till.payments)


def billed_firm(group: Group, stay: Stay) -> Firm | None:
    """Give the firm that is charged for a stay, if it is not the guest."""
    firm = None if stay.firm is None else firm_of(group, stay.firm)
    return None if firm is None or firm.due is None else firm


def _bill_of_stay(group: Group, stay: Stay, rest: int, till: _Till) -> Bill:
    created, closed = stay.checked_in or 0, stay.checked_out
    if closed is None:
        return Bill(created)
    firm = billed_firm(group, stay)
    if firm is None or firm.due is None or rest <= 0:
        till.settle(rest, closed)
        return Bill(created, closed, paid=closed)
    due = closed + firm.due * DAY
    paid: int | None = max(due + (stay.dice(2, 41) - 25) * DAY, closed + DAY)
    if not firm.reliable or not till.take("transfer", -rest, paid or 0):
        paid = None
    reminded = due + REMINDER
    was_reminded = reminded < till.as_of and (paid is None or reminded < paid)
    return Bill(created, closed, firm, due, paid, reminded if was_reminded else None)


def _bill_of_fee(stay: Stay, rest: int, till: _Till) -> Bill:
    at = stay.cancelled or 0
    if rest > 0 and stay.dice(4, 4) == 0:  # the card of a guest who never came may not work
        till.fail(-rest, at)
        return Bill(at)
    till.settle(rest, at)
    return Bill(at, at, paid=at)


class _Till:
    """Takes the payments of one stay, as of an instant."""

    def __init__(self, stay: Stay, as_of: int, *, has_bill: bool) -> None:
        self.as_of = as_of
        self.payments: list[Payment] = []
        self._stay = stay
        self._has_bill = has_bill

    def deposit(self) -> int:
        """Take what is paid ahead, and give it in cents: 0 while the money is not there."""
        stay = self._stay
        ahead = _share_ahead(stay)
        if not ahead:
            return 0
        cents = sum([each.gross for each in stay.charges if each.kind is NIGHT]) * ahead // 100
        by_bank = stay.scheduled_start - stay.created > LONG_LEAD and stay.dice(6, 4) == 0
        method: Method = "transfer" if by_bank else "wallet" if stay.dice(6, 4) == 1 else "card"
        created = stay.created + 60
        charged = created + TRANSFER if by_bank else created
        ends = self.as_of if stay.cancelled is None else stay.cancelled
        if cents == 0 or created >= ends:
            return 0
        if charged < ends:
            self._add(method, -cents, created, charged, is_deposit=True)
            return cents
        state: State = "Pending" if stay.cancelled is None else "Canceled"
        self._add(method, -cents, created, None, state, is_deposit=True, lapsed=stay.cancelled)
        return 0

    def take(self, method: Method, cents: int, at: int) -> bool:
        """Take or give money, if that has happened yet; say whether it has."""
        if at >= self.as_of:
            return False
        self._add(method, cents, at, at)
        return True

    def settle(self, rest: int, at: int) -> None:
        """Take what is still due, or give back what was too much."""
        if rest <= 0:
            if rest:
                self.take("card", -rest, at)
            return
        habit = HABITS[self._stay.dice(8, len(HABITS))]
        cash = {"cash": rest, "both": rest // 3}.get(habit, 0)
        if habit == "declined":  # the first card did not work
            self.fail(-rest, at)
        if cash:
            self.take("cash", -cash, at)
        if cash < rest:
            self.take("card", cash - rest, at)

    def fail(self, cents: int, at: int) -> None:
        """Try a card that does not work."""
        self._add("card", cents, at, None, "Failed")

    def _add(
        self,
        method: Method,
        cents: int,
        created: int,
        charged: int | None,
        state: State = "Charged",
        *,
        is_deposit: bool = False,
        lapsed: int | None = None,
    ) -> None:
        settled = None if charged is None or method in ("cash", "transfer") else charged + PAYOUT
        if settled is not None and settled >= self.as_of:
            settled = None
        number, on_bill = len(self.payments), self._has_bill and charged is not None
        self.payments.append(
            Payment(
                number, method, cents, created, charged, lapsed, state, is_deposit, on_bill, settled
            )
        )


def _share_ahead(stay: Stay) -> int:
    """Say how much of the nights is paid ahead, in percent."""
    if stay.rate == NON_REFUNDABLE:
        return 100
    if stay.firm is not None or stay.event is not None or not stay.nights:
        return 0
    is_far = stay.scheduled_start - stay.created > 7 * DAY
    return 30 if is_far and stay.dice(9, 5) == 0 else 0
