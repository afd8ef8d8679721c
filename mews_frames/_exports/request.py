"""What a caller asks for: checked before anything is sent, and fingerprinted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mews_frames._models import Filters, Scope, instant_text, is_uuid
from mews_frames._schemas import load_schema
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from mews_frames.typing import EntityType, Seconds

__all__ = [
    "LONGEST_WINDOW",
    "Request",
    "account_digest",
    "fingerprint",
    "make_request",
    "read_seconds",
    "resolved_filters",
]

LONGEST_WINDOW = timedelta(days=180)
"""Of update times (operations/exports.md)."""

YOUNGEST_END = timedelta(minutes=6)
"""Mews wants the end of a window 5 minutes in the past; a minute more for clocks and travel."""

MOST_IDS = 1000
"""Ids in a scope (operations/exports.md)."""


@dataclass(frozen=True, slots=True)
class Request:
    """An export as a caller asks for it.

    Attributes
    ----------
    entity_type
        What to export.
    scope
        Ids sorted, each once; whatever the token reaches if both are None.
    filters
        As asked: an open end stays open.
    """

    entity_type: EntityType
    scope: Scope = Scope()
    filters: Filters = Filters()


def make_request(
    entity_type: str,
    *,
    updated: Any = None,
    posted: Any = None,
    enterprise_ids: Sequence[str] | None = None,
    chain_ids: Sequence[str] | None = None,
) -> Request:
    """Check what a caller asks for, without asking Mews.

    Raises
    ------
    InvalidArgumentError
        If Mews would refuse it, or if it cannot be what was meant.
    """
    schema = load_schema(entity_type)
    scope = _scope(schema.entity_type, schema.scope, enterprise_ids, chain_ids)
    if schema.filter == "posted":
        if updated is not None:
            raise InvalidArgumentError(
                f"updated does not go with {entity_type}: its records have no update time",
                hint="posted=(first, last) takes posting dates, both included",
            )
        return Request(schema.entity_type, scope, Filters(posted=_posted(entity_type, posted)))
    if posted is not None:
        raise InvalidArgumentError(
            f"posted goes with LedgerEntry only, not with {entity_type}",
            hint="updated=(start, end) takes update times",
        )
    window = None if updated is None else _updated(updated)
    return Request(schema.entity_type, scope, Filters(updated=window))


# --------------------------------------------------------------------------- scope


def _scope(
    entity_type: str,
    kind: str,
    enterprise_ids: Sequence[str] | None,
    chain_ids: Sequence[str] | None,
) -> Scope:
    if kind == "enterprise" and chain_ids is not None:
        raise InvalidArgumentError(
            f"chain_ids does not go with {entity_type}, which belongs to enterprises",
            hint="enterprise_ids=[...] narrows it",
        )
    if kind == "chain" and enterprise_ids is not None:
        raise InvalidArgumentError(
            f"enterprise_ids does not go with {entity_type}, which belongs to chains",
            hint="chain_ids=[...] narrows it",
        )
    return Scope(_ids("enterprise_ids", enterprise_ids), _ids("chain_ids", chain_ids))


def _ids(name: str, ids: Sequence[str] | None) -> tuple[str, ...] | None:
    if ids is None:
        return None
    if isinstance(ids, str):
        raise InvalidArgumentError(
            f"{name} must be a list of ids, not a text", hint=f"{name}=[{ids!r}]"
        )
    if not 1 <= len(ids) <= MOST_IDS:
        raise InvalidArgumentError(
            f"{name} holds {len(ids)} ids; Mews takes 1 to {MOST_IDS}",
            hint="leave it out for everything that the token reaches",
        )
    for value in ids:
        if not is_uuid(value):
            raise InvalidArgumentError(
                f"{value!r} in {name} is not a UUID",
                hint="3fa85f64-5717-4562-b3fc-2c963f66afa6 is one",
            )
    return tuple(sorted({value.lower() for value in ids}))


# --------------------------------------------------------------------------- windows


def _pair(name: str, value: Any, example: str) -> tuple[Any, Any]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:  # noqa: PLR2004
        raise InvalidArgumentError(f"{name} must be two values, not {value!r}", hint=example)
    return value[0], value[1]


UPDATED_EXAMPLE = 'updated=("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"); None as end: until now'


def _updated(value: Any) -> tuple[datetime, datetime | None]:
    first, last = _pair("updated", value, UPDATED_EXAMPLE)
    if first is None:
        raise InvalidArgumentError("updated has no start", hint=UPDATED_EXAMPLE)
    start = _instant("start", first)
    end = None if last is None else _instant("end", last)
    if end is not None and end <= start:
        raise InvalidArgumentError(
            f"updated ends at {instant_text(end)}, not after its start {instant_text(start)}",
            hint="the start is included, the end excluded",
        )
    if end is not None:
        _check_length(start, end)
    return start, end


def _check_length(start: datetime, end: datetime) -> None:
    if end - start > LONGEST_WINDOW:
        raise InvalidArgumentError(
            f"updated is {(end - start) / timedelta(days=1):.1f} days long; Mews exports at most"
            f" {LONGEST_WINDOW.days} days at once",
            hint="load it in several windows, or leave updated out for everything",
        )


def _instant(name: str, value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        instant = None
    if not isinstance(instant, datetime):
        raise InvalidArgumentError(
            f"the {name} of updated is no instant: {value!r}", hint=UPDATED_EXAMPLE
        )
    if instant.utcoffset() is None:
        raise InvalidArgumentError(
            f"the {name} of updated has no time zone: {value!r}",
            hint="Mews counts in UTC: 2026-01-01T00:00:00Z, or datetime(..., tzinfo=UTC)",
        )
    return instant.astimezone(UTC)


POSTED_EXAMPLE = 'posted=("2026-01-01", "2026-01-31"), both included'


def _posted(entity_type: str, value: Any) -> tuple[date, date]:
    if value is None:
        raise InvalidArgumentError(f"{entity_type} needs posted", hint=POSTED_EXAMPLE)
    first, last = (_date(v) for v in _pair("posted", value, POSTED_EXAMPLE))
    if last < first:
        raise InvalidArgumentError(
            f"posted ends on {last}, before its start {first}", hint=POSTED_EXAMPLE
        )
    return first, last


def _date(value: Any) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    # A datetime is a date too, but which day it means depends on a zone.
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidArgumentError(f"posted holds no date: {value!r}", hint=POSTED_EXAMPLE)
    return day


def resolved_filters(request: Request, now: datetime) -> Filters:
    """Close an open or too young end of the window 6 minutes before `now`, the time at Mews.

    Raises
    ------
    InvalidArgumentError
        If nothing, or more than 180 days, is left of the window then.
    """
    if request.filters.updated is None:
        return request.filters
    start, end = request.filters.updated
    latest = now.replace(microsecond=0) - YOUNGEST_END
    resolved = latest if end is None else min(end, latest)
    if start is not None:
        if resolved <= start:
            raise InvalidArgumentError(
                f"updated starts at {instant_text(start)}, but Mews exports only what is at least"
                f" 5 minutes old: up to {instant_text(latest)}",
                hint="choose an earlier start, or try again in some minutes",
            )
        _check_length(start, resolved)
    return replace(request.filters, updated=(start, resolved))


def read_seconds(name: str, value: Seconds | None) -> float | None:
    """Read a length of time: a timedelta or a number of seconds, not negative.

    Raises
    ------
    InvalidArgumentError
        If it is anything else.
    """
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise InvalidArgumentError(
            f"{name} must be a timedelta or a number of seconds, not {value!r}", hint=f"{name}=3600"
        )
    return float(seconds)


# --------------------------------------------------------------------------- identity


def account_digest(platform_address: str, client_token: str, access_token: str) -> str:
    """Digest who asks whom, so that one token's rows are never served to another."""
    return _digest([platform_address, _digest(client_token), _digest(access_token)])


def fingerprint(account: str, request: Request) -> str:
    """Digest a request as asked: equal requests find each other's exports.

    Nothing about columns or decoding is in it: one export answers them all.
    """
    return _digest(
        [account, request.entity_type, request.scope.to_wire(), request.filters.to_wire()]
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
