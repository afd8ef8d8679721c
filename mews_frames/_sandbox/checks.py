"""What the pretend Mews accepts: bodies of the two operations, read strictly.

The rules are those of Mews docs, operations/exports.md and guidelines/. Where they are silent,
the stricter reading is taken, so that a client that works here has a chance there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from mews_frames._schemas import ENTITY_TYPES, load_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Add", "RefusedError", "add_of", "envelope_of", "export_ids_of", "instant"]

LONGEST_WINDOW = timedelta(days=180)  # Mews docs, operations/exports.md: UpdatedUtc
FRESHEST_END = timedelta(minutes=5)  # the same place: "at least 5 minutes in the past"
MOST_IDS = 1000  # the same place: ExportIds, EnterpriseIds, ChainIds

ENVELOPE = {"ClientToken", "AccessToken", "Client", "LanguageCode", "CultureCode"}
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Mews docs, guidelines/serialization.md: YYYY-MM-DDThh:mm:ssZ; fractions occur in examples.
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


class RefusedError(Exception):
    """A request that Mews answers with an error.

    Parameters
    ----------
    status
        HTTP status of the answer.
    message
        ``Message`` of its body.
    headers
        More headers, such as ``Retry-After``.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Add:
    """What an accepted ``exports/add`` asks for.

    Attributes
    ----------
    entity_type
        One of the ten.
    ids
        The enterprises or chains asked for, in lower case; ``None`` for all.
    updated
        ``Filters.UpdatedUtc`` as sent.
    posted
        ``Filters.LedgerEntryFilters.Posting`` as sent.
    filtered
        Whether ``Filters`` was sent at all: Mews gives back null where it was not.
    """

    entity_type: str
    ids: tuple[str, ...] | None = None
    updated: tuple[str, str] | None = None
    posted: tuple[str, str] | None = None
    filtered: bool = False

    def takes(self, owner: str, updated: int | None, posted: str = "") -> bool:
        """Say whether a record belongs to the export.

        Parameters
        ----------
        owner
            Id of its enterprise or chain.
        updated
            Its ``UpdatedUtc`` in seconds since 1970, where it has one.
        posted
            Its posting date, where it has one.
        """
        if self.ids is not None and owner not in self.ids:
            return False
        if self.posted is not None:  # Mews docs, operations/exports.md: both dates included
            return self.posted[0] <= posted <= self.posted[1]
        if self.updated is None or updated is None:
            return True
        start, end = (instant(text).timestamp() for text in self.updated)
        # Mews docs, operations/_objects.md: start included, end excluded; equal ends mean
        # exactly that instant.
        return start <= updated < end or start == updated == end

    def wire_filters(self) -> dict[str, Any] | None:
        """Show the filters as Mews does: both keys, or null where none were sent."""
        if not self.filtered:
            return None
        updated, posted = self.updated, self.posted
        return {
            "UpdatedUtc": updated and {"StartUtc": updated[0], "EndUtc": updated[1]},
            "LedgerEntryFilters": posted and {"Posting": {"Start": posted[0], "End": posted[1]}},
        }


def refuse(message: str) -> NoReturn:
    """Answer 400, as Mews does to a request that cannot be right."""
    raise RefusedError(400, message)


def envelope_of(body: bytes, content_type: str) -> dict[str, Any]:
    """Read a body and check what every operation wants of it.

    Mews docs, guidelines/requests.md: strict JSON, one object; ClientToken, AccessToken and
    Client not empty; LanguageCode and CultureCode both or neither.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        refuse("Invalid Content-Type: application/json is expected.")
    try:
        data = json.loads(
            body.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        refuse("Invalid JSON.")
    if not isinstance(data, dict):
        refuse("Invalid JSON: an object is expected.")
    for name in ("ClientToken", "AccessToken", "Client"):
        _text(data, name)
    if (data.get("LanguageCode") is None) != (data.get("CultureCode") is None):
        refuse("LanguageCode and CultureCode go together.")
    for name in ("LanguageCode", "CultureCode"):
        if data.get(name) is not None:
            _text(data, name)
    return data


def add_of(data: dict[str, Any], now: datetime) -> Add:
    """Check what ``exports/add`` asks for.

    Parameters
    ----------
    data
        The body, its envelope checked.
    now
        The server's present instant.
    """
    _only(data, ENVELOPE | {"EntityType", "Scope", "Filters"}, "the request")
    entity_type = data.get("EntityType")
    if not isinstance(entity_type, str) or entity_type not in ENTITY_TYPES:
        refuse("Invalid EntityType.")
    schema = load_schema(entity_type)
    filters = _object(data, "Filters", {"UpdatedUtc", "LedgerEntryFilters"})
    return Add(
        entity_type=entity_type,
        ids=_scope(_object(data, "Scope", {"EnterpriseIds", "ChainIds"}), schema.scope),
        updated=_updated(filters or {}, schema.filter, now),
        posted=_posted(filters or {}, schema.filter),
        filtered=filters is not None,
    )


def export_ids_of(data: dict[str, Any]) -> list[str]:
    """Check what ``exports/getAll`` asks for, and give the ids in lower case."""
    _only(data, ENVELOPE | {"ExportIds"}, "the request")
    return _guids(data.get("ExportIds"), "ExportIds")


@lru_cache(64)
def instant(text: str) -> datetime:
    """Read an instant as Mews writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _scope(scope: dict[str, Any] | None, kind: str) -> tuple[str, ...] | None:
    if scope is None:
        return None
    right, wrong = "EnterpriseIds", "ChainIds"
    if kind == "chain":
        right, wrong = wrong, right
    # Mews docs do not say what the wrong kind does; third parties report 400 for getAll.
    if scope.get(wrong) is not None:
        refuse(f"Invalid {wrong}: this entity type takes {right}.")
    ids = scope.get(right)
    return None if ids is None else tuple(_guids(ids, right))


def _updated(filters: dict[str, Any], kind: str, now: datetime) -> tuple[str, str] | None:
    window = _object(filters, "UpdatedUtc", {"StartUtc", "EndUtc"})
    if window is None:
        return None
    if kind != "updated":  # LedgerEntry has no UpdatedUtc
        refuse("Invalid UpdatedUtc: this entity type takes LedgerEntryFilters.")
    texts = []
    for name in ("StartUtc", "EndUtc"):
        text = window.get(name)
        if not isinstance(text, str) or not INSTANT.fullmatch(text) or not _reads(instant, text):
            refuse(f"Invalid {name}.")
        texts.append(text)
    start, end = (instant(text) for text in texts)
    if start > end:
        refuse("Invalid UpdatedUtc: the start lies after the end.")
    if end - start > LONGEST_WINDOW:
        refuse("Invalid UpdatedUtc: the interval must not exceed 180 days.")
    if end > now - FRESHEST_END:
        refuse("Invalid UpdatedUtc: the end must be at least 5 minutes in the past.")
    return texts[0], texts[1]


def _posted(filters: dict[str, Any], kind: str) -> tuple[str, str] | None:
    ledger = _object(filters, "LedgerEntryFilters", {"Posting"})
    if kind != "posted":
        if ledger is not None:
            refuse("Invalid LedgerEntryFilters: they are for LedgerEntry alone.")
        return None
    posting = _object(ledger or {}, "Posting", {"Start", "End"})
    if posting is None:
        refuse("Invalid LedgerEntryFilters: LedgerEntry needs Posting.")
    texts = []
    for name in ("Start", "End"):
        text = posting.get(name)
        if not isinstance(text, str) or not DATE.fullmatch(text):
            refuse(f"Invalid {name}.")
        if not _reads(date.fromisoformat, text):
            refuse(f"Invalid {name}.")
        texts.append(text)
    if texts[0] > texts[1]:
        refuse("Invalid Posting: the start lies after the end.")
    return texts[0], texts[1]


def _guids(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_IDS:
        refuse(f"Invalid {name}: 1 to {MOST_IDS} ids are expected.")
    if not all(isinstance(guid, str) and GUID.fullmatch(guid) for guid in value):
        refuse(f"Invalid {name}.")
    return [guid.lower() for guid in value]


def _object(data: dict[str, Any], name: str, known: set[str]) -> dict[str, Any] | None:
    value = data.get(name)
    if value is None:  # left out or null: the same for an optional field
        return None
    if not isinstance(value, dict):
        refuse(f"Invalid {name}.")
    _only(value, known, name)
    return value


def _only(data: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(data.keys() - known)
    if unknown:
        refuse(f"Unknown field {unknown[0]} in {where}.")


def _text(data: dict[str, Any], name: str) -> None:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        refuse(f"Invalid {name}.")


def _reads(reader: Any, text: str) -> bool:
    try:
        reader(text)
    except ValueError:
        return False
    return True


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key stands twice")
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
