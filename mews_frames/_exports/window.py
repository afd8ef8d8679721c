"""Windows of time: read what a caller writes, and close what is open by the clock of Mews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mews_frames._models import Filters, instant_text
from mews_frames.errors import InvalidArgumentError

__all__ = [
    "LONGEST_WINDOW",
    "YOUNGEST_END",
    "depends_on_time",
    "read_posted",
    "read_updated",
    "resolved_filters",
    "starts_before",
]

LONGEST_WINDOW = timedelta(days=180)
"""Of update times (operations/exports.md)."""

YOUNGEST_END = timedelta(minutes=6)
"""Mews wants the end of a window 5 minutes in the past; a minute more for clocks and travel."""


def _pair(name: str, value: Any, example: str) -> tuple[Any, Any]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:  # noqa: PLR2004
        raise InvalidArgumentError(f"{name} must be two values, not {value!r}", hint=example)
    return value[0], value[1]


UPDATED_EXAMPLE = 'updated=("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"); None as end: until now'


def read_updated(value: Any) -> tuple[datetime, datetime | None]:
    """Read a window of update times, its end may be open.

    Raises
    ------
    InvalidArgumentError
        If it is none.
    """
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
    return start, end


def _check_length(start: datetime, end: datetime) -> None:
    if end - start > LONGEST_WINDOW:
        raise InvalidArgumentError(
            f"updated is longer than the {LONGEST_WINDOW.days} days that Mews exports at once: from"
            f" {instant_text(start)} to {instant_text(end)}",
            hint="mf.load_entities cuts it into several exports; leave updated out for everything",
        )


def _instant(name: str, value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        instant = None
    if not isinstance(instant, datetime) or instant != instant:  # noqa: PLR0124 - NaT of pandas
        raise InvalidArgumentError(
            f"the {name} of updated is no instant: {value!r}", hint=UPDATED_EXAMPLE
        )
    if instant.utcoffset() is None:
        raise InvalidArgumentError(
            f"the {name} of updated has no time zone: {value!r}",
            hint="Mews counts in UTC: 2026-01-01T00:00:00Z, or datetime(..., tzinfo=UTC)",
        )
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidArgumentError(
            f"the {name} of updated lies outside of the calendar: {value!r}", hint=UPDATED_EXAMPLE
        ) from None


POSTED_EXAMPLE = 'posted=("2026-01-01", "2026-01-31"), both included'


def read_posted(entity_type: str, value: Any) -> tuple[date, date]:
    """Read a range of posting dates, both included.

    Raises
    ------
    InvalidArgumentError
        If it is none.
    """
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
    if isinstance(day, datetime):
        raise InvalidArgumentError(
            f"posted holds an instant, and no date: {value!r}",
            hint="its .date() is one, if its zone is the property's; " + POSTED_EXAMPLE,
        )
    if not isinstance(day, date):
        raise InvalidArgumentError(f"posted holds no date: {value!r}", hint=POSTED_EXAMPLE)
    return day


def resolved_filters(filters: Filters, now: datetime) -> Filters:
    """Close an open or too young end of the window 6 minutes before `now`, the time at Mews.

    Raises
    ------
    InvalidArgumentError
        If nothing, or more than 180 days, is left of the window then.
    """
    if filters.updated is None:
        return filters
    start, end = filters.updated
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
    return replace(filters, updated=(start, resolved))


def starts_before(filters: Filters, now: datetime) -> bool:
    """Say whether anything is left of a window by a time; an open start is always before it."""
    start = filters.updated[0] if filters.updated else None
    return start is None or start < now - YOUNGEST_END


def depends_on_time(filters: Filters, now: datetime) -> bool:
    """Say whether the time at Mews decides where the window ends: it is open, or ends of late.

    A day is more than any clock goes wrong by itself.
    """
    if filters.updated is None:
        return False
    end = filters.updated[1]
    return end is None or end > now - timedelta(days=1)
