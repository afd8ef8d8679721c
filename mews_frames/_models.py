"""What Mews says and is told: frozen values, read from the wire and written to it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, overload
from urllib.parse import urlsplit

from mews_frames._redact import Secret
from mews_frames._words import count_in_words
from mews_frames.errors import ServerError
from mews_frames.typing import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Export",
    "ExportFile",
    "Filters",
    "Scope",
    "Seen",
    "instant_text",
    "is_uuid",
    "read_instant",
]

STATUSES: tuple[str, ...] = get_args(Status)


class ExportFile(NamedTuple):
    """One part of an export: its number, from 1, and its size in bytes of JSON Lines."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The enterprises or chains that an export covers; None where the other kind counts."""

    enterprise_ids: tuple[str, ...] | None = None
    chain_ids: tuple[str, ...] | None = None

    def to_wire(self) -> dict[str, Any]:
        """Write only what is there: Mews refuses empty lists."""
        wire: dict[str, Any] = {}
        if self.enterprise_ids is not None:
            wire["EnterpriseIds"] = list(self.enterprise_ids)
        if self.chain_ids is not None:
            wire["ChainIds"] = list(self.chain_ids)
        return wire

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any] | None) -> Scope:
        """Read a ``Scope`` object."""
        wire = wire or {}
        enterprises, chains = wire.get("EnterpriseIds"), wire.get("ChainIds")
        return cls(
            None if enterprises is None else tuple(map(str, enterprises)),
            None if chains is None else tuple(map(str, chains)),
        )


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of an export.

    Attributes
    ----------
    updated
        Update times: start included, end excluded; an open end is None.
    posted
        Posting dates, both included.
    """

    updated: tuple[datetime | None, datetime | None] | None = None
    posted: tuple[date, date] | None = None

    def to_wire(self) -> dict[str, Any]:
        """Write only the filter that is there."""
        wire: dict[str, Any] = {}
        if self.updated is not None:
            start, end = self.updated
            wire["UpdatedUtc"] = {
                "StartUtc": instant_text(start) if start else None,
                "EndUtc": instant_text(end) if end else None,
            }
        if self.posted is not None:
            first, last = self.posted
            wire["LedgerEntryFilters"] = {
                "Posting": {"Start": first.isoformat(), "End": last.isoformat()}
            }
        return wire

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any] | None) -> Filters:
        """Read a ``Filters`` object."""
        wire = wire or {}
        updated, ledger = wire.get("UpdatedUtc"), wire.get("LedgerEntryFilters")
        posting = ledger.get("Posting") if ledger else None
        return cls(
            None
            if updated is None
            else (read_instant(updated.get("StartUtc")), read_instant(updated.get("EndUtc"))),
            _days(posting or {}),
        )


def _days(posting: Mapping[str, Any]) -> tuple[date, date] | None:
    if posting.get("Start") is None and posting.get("End") is None:
        return None
    return _day(posting["Start"]), _day(posting["End"])


def _day(text: str) -> date:
    """Read a date; a time of day after it, which Mews' own serializer may add, says nothing."""
    return date.fromisoformat(text[:10])


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """An export as Mews last described it.

    Attributes
    ----------
    id
        UUID as text: the only handle that there is, worth keeping.
    status
        ``Pending``, ``Processing``, ``Success``, ``Failed`` or ``Expired``.
    entity_type
        What it exports, spelled as on the wire.
    scope
        The enterprises or chains it covers.
    filters
        The window it covers.
    files
        Number and size in bytes of each part; empty until ``Success``.
    expires
        When Mews deletes the files; None until ``Success``.
    profile
        Whose tokens reach it, for what its card advises; no part of it, nor of what equals it.

    Examples
    --------
    >>> with mf.sandbox(rows=100) as mews, mews.client() as client:
    ...     export = client.start_export("OrderItem")
    ...     export.entity_type, export.status
    ('OrderItem', 'Pending')
    """

    id: str
    status: Status
    entity_type: str
    scope: Scope = Scope()
    filters: Filters = Filters()
    files: tuple[ExportFile, ...] = ()
    expires: datetime | None = None
    profile: str | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """Say it in one line; ids of properties and sizes of parts are in its attributes."""
        size = f", {count_in_words(len(self.files), 'part')}" if self.files else ""
        until = f", expires {instant_text(self.expires)}" if self.expires else ""
        return f"<Export {self.id} of {self.entity_type}: {self.status}{size}{until}>"

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        from mews_frames._display.card import export_page

        return export_page(self)

    def answers(self, entity_type: str, scope: Scope) -> bool:
        """Say whether it is what was asked for, as far as Mews says what it is.

        Mews gives back the scope that was asked for; whether it may leave ids out or add some is
        not documented, so one in common will do.
        """
        return self.entity_type == entity_type and not any(
            mine and asked and {i.lower() for i in mine}.isdisjoint(asked)
            for mine, asked in (
                (self.scope.enterprise_ids, scope.enterprise_ids),
                (self.scope.chain_ids, scope.chain_ids),
            )
        )

    @property
    def is_running(self) -> bool:
        """Whether Mews is still at work on it."""
        return self.status in {"Pending", "Processing"}

    def to_wire(self) -> dict[str, Any]:
        """Write it as Mews would, without links: what the journal keeps."""
        return {
            "Id": self.id,
            "Status": self.status,
            "EntityType": self.entity_type,
            "Scope": self.scope.to_wire(),
            "Filters": self.filters.to_wire(),
            "Files": [{"SizeInBytes": file.size} for file in self.files],
            "ExpiresUtc": instant_text(self.expires) if self.expires else None,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at an export: what Mews says of it, and links that die within ten minutes.

    Attributes
    ----------
    export
        The export.
    links
        A signed link for each of its files. They are never stored and never shown.
    """

    export: Export
    links: tuple[Secret[str], ...] = field(default=(), repr=False)

    @classmethod
    def from_wire(cls, wire: Any) -> Seen:
        """Read an ``Export`` object; fields that we do not know are left aside.

        Raises
        ------
        ServerError
            If it is not one, or its status is one that we do not know: waiting for it would
            never end.
        """
        try:
            files = sorted(wire.get("Files") or (), key=_place)
            return cls(_export(wire, files), tuple(map(_link, files)))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            what = type(error).__name__
        raise ServerError(
            f"Mews described an export in a way that cannot be read ({what})",
            hint="is the platform address right? a newer mews_frames may know better",
            export_id=_id_of(wire),
        )


def _id_of(wire: Any) -> str | None:
    """Give the id of an export, if that much of its description can be read."""
    value = wire.get("Id") if isinstance(wire, dict) else None
    return value.lower() if isinstance(value, str) and is_uuid(value) else None


def _place(file: Any) -> list[str | int]:
    """Order files by the path of their link, its numbers as numbers.

    Mews promises no order, and the next look may have another one: a part would be taken for
    another. Links are signed anew each time, but they lead to the same place.
    """
    try:
        path = _link(file).use(lambda url: urlsplit(url).path)
        return [int(word) if word.isdecimal() else word for word in re.split(r"(\d+)", path)]
    except ValueError:
        return [""]  # no link: who opens it will say so


def _export(wire: Any, files: list[Any]) -> Export:
    export_id, status = str(uuid.UUID(wire["Id"])), wire["Status"]
    if status not in STATUSES:
        raise ServerError(
            f"export {export_id} has the status {status!r}, which this version does not know",
            hint="a newer mews_frames may know it",
            export_id=export_id,
        )
    if not str.isidentifier(wire["EntityType"]):  # it is quoted, listed, and looked up
        raise ValueError("an entity type is a name")
    return Export(
        id=export_id,
        status=status,
        entity_type=wire["EntityType"],
        scope=Scope.from_wire(wire.get("Scope")),
        filters=Filters.from_wire(wire.get("Filters")),
        files=tuple(ExportFile(number, _size(file)) for number, file in enumerate(files, start=1)),
        expires=read_instant(wire.get("ExpiresUtc")),
    )


def _link(file: Any) -> Secret[str]:
    url = file.get("Url", "")
    return Secret(str(url.reveal() if isinstance(url, Secret) else url))


def _size(file: Any) -> int:
    size = file["SizeInBytes"]
    if isinstance(size, float) and size.is_integer():
        size = int(size)  # 1434.0 is the same number in JSON
    if not isinstance(size, int) or size < 0:
        raise ValueError("a size is a number of bytes")
    return size


def is_uuid(text: object) -> bool:
    """Say whether a text is a UUID in the usual spelling: only those become names on disk."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def instant_text(instant: datetime) -> str:
    """Write an instant as Mews does: UTC, ``Z``, no more digits than needed."""
    text = instant.astimezone(UTC).isoformat(
        timespec="microseconds" if instant.microsecond else "seconds"
    )
    return text.replace("+00:00", "Z")


@overload
def read_instant(text: str) -> datetime: ...
@overload
def read_instant(text: None) -> None: ...
def read_instant(text: str | None) -> datetime | None:
    """Read an instant from the envelope of an export, not from its records."""
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
