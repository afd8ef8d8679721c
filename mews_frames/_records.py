"""What the journal holds: which exports were added for which request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mews_frames._models import Export, Filters, Scope, Seen, instant_text, read_instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["LAYOUT", "Entry", "Record", "usual_time"]

LAYOUT = 1

KEPT_AT_MEWS = timedelta(days=8)
"""Mews keeps an export for about a week (operations/exports.md). One that is older has ended,
however it was last seen: else one whose end nobody could see would hold the slot of its type."""

RECENT = 5
"""Exports that an estimate goes by: hotels grow, and Mews has slow days."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One export that was added for a request.

    Attributes
    ----------
    export
        As it was last seen, without links.
    added
        When it was added, by the clock of Mews: the data are complete up to then.
    took
        Seconds from the add until Mews was done, as far as looks were close enough together to
        know; else None. Older records do not say.
    """

    export: Export
    added: datetime
    took: float | None = None

    def is_running(self, now: datetime) -> bool:
        """Say whether Mews may still be at work on it; `now` is by its clock."""
        return self.export.is_running and not self.is_forgotten(now)

    def is_forgotten(self, now: datetime) -> bool:
        """Say whether it was added so long ago that Mews does not have it any more."""
        return now - KEPT_AT_MEWS > self.added


@dataclass(frozen=True, slots=True)
class Record:
    """What is known about one request.

    Attributes
    ----------
    fingerprint
        Of the request; the name of the record.
    account
        Digest of who asks whom.
    entity_type, scope, filters
        As asked.
    intended
        When an export was about to be added whose id is not known (yet): after a crash, Mews
        may run it.
    entries
        Exports added for it, oldest first.
    """

    fingerprint: str
    account: str
    entity_type: str
    scope: Scope
    filters: Filters
    intended: datetime | None = None
    entries: tuple[Entry, ...] = ()

    def running(self, now: datetime) -> Entry | None:
        """Give the newest export that Mews was still at work on when it was last seen."""
        return next((e for e in reversed(self.entries) if e.is_running(now)), None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is worth remembering: no export, and none that may have been added."""
        return not self.entries and self.intended is None

    def with_added(self, entry: Entry) -> Record:
        """Note an export that was added; the intent to do so is fulfilled."""
        return replace(self, intended=None, entries=(*self.entries, entry))

    def with_others(self, other: Record) -> Record:
        """Add the exports that only another state of the record knows."""
        ids = {entry.export.id for entry in self.entries}
        more = [entry for entry in other.entries if entry.export.id not in ids]
        if not more:
            return self
        entries = sorted([*more, *self.entries], key=lambda entry: entry.added)
        return replace(self, entries=tuple(entries))

    def with_seen(self, entry: Entry) -> Record:
        """Note how one of the exports is now."""
        entries = (entry if e.export.id == entry.export.id else e for e in self.entries)
        return replace(self, entries=tuple(entries))

    def with_entries(self, other: Record) -> Record:
        """Take in what another machine knows of the same request; of one export, what is newer."""
        known = {entry.export.id: entry for entry in self.entries}
        for entry in other.entries:
            mine = known.get(entry.export.id)
            if mine is None or mine.export.is_running:
                known[entry.export.id] = entry
        return replace(self, entries=tuple(sorted(known.values(), key=lambda e: e.added)))

    def without_fulfilled(self) -> Record:
        """Drop an intent that an export was added for since: a crash came before it was dropped."""
        if self.intended and any(entry.added >= self.intended for entry in self.entries):
            return replace(self, intended=None)
        return self

    def without(self, export_id: str) -> Record:
        """Forget an export."""
        return replace(self, entries=tuple(e for e in self.entries if e.export.id != export_id))

    def to_data(self) -> dict[str, Any]:
        """Write it as JSON data; there are no links and no tokens in it."""
        return {
            "layout": LAYOUT,
            "fingerprint": self.fingerprint,
            "account": self.account,
            "entity_type": self.entity_type,
            "scope": self.scope.to_wire(),
            "filters": self.filters.to_wire(),
            "intended": instant_text(self.intended) if self.intended else None,
            "exports": [
                {"added": instant_text(e.added), "export": e.export.to_wire(), "took": e.took}
                for e in self.entries
            ],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """Read it from JSON data."""
        entries = [
            Entry(
                Seen.from_wire(entry["export"]).export,
                read_instant(entry["added"]),
                entry.get("took"),
            )
            for entry in data["exports"]
        ]
        return cls(
            data["fingerprint"],
            data["account"],
            data["entity_type"],
            Scope.from_wire(data["scope"]),
            Filters.from_wire(data["filters"]),
            read_instant(data["intended"]),
            tuple(entries),
        )


def usual_time(records: Iterable[Record], like: Record) -> tuple[float, float] | None:
    """Say how long exports such as those of a request took of late, by what this machine saw.

    Those of the very request count, if there are any; else all of the account and the type,
    whose windows may differ.

    Returns
    -------
    The shortest and the longest time in seconds; None if there was none.
    """
    of_type = [r for r in records if (r.account, r.entity_type) == (like.account, like.entity_type)]
    for some in ([r for r in of_type if r.fingerprint == like.fingerprint], of_type):
        entries = sorted((e for r in some for e in r.entries), key=lambda e: e.added)
        took = [e.took for e in entries if e.took is not None][-RECENT:]
        if took:
            return min(took), max(took)
    return None
