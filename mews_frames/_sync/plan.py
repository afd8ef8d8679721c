"""Decide what the next export of a table has to cover. Pure: no network, no disk, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mews_frames._exports.window import YOUNGEST_END
from mews_frames.errors import InvalidArgumentError

__all__ = [
    "Stretch",
    "everything",
    "latest_end",
    "next_stretch",
    "overlap_of",
    "watermark_after",
]

OVERLAP = timedelta(hours=1)
"""Of update times. Mews lets no window end within the last 5 minutes, so that what is late by
minutes is expected there; an hour costs 4 % of a daily delta."""

POSTED_AGAIN = timedelta(days=31)
"""Of posting dates: ledger entries carry no time of update, so a month of them is read again."""

LONGEST_OVERLAP = timedelta(days=3_650)
"""Twenty-one exports of 180 days. Whoever wants more wants everything."""

EARLIEST_POSTING = date(2010, 1, 1)
"""Before Mews was founded (2012). operations/exports.md states no limit of the posting window."""

AHEAD = timedelta(hours=14)
"""Of UTC, where a day begins first: no hotel is on a later date. Whether Mews takes dates that lie
ahead is not said."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one export is to cover.

    Attributes
    ----------
    updated
        Start of a window of update times with an open end; None for all times.
    posted
        First and last posting date; None for types that are not posted.
    is_full
        Whether a record that is not in it is gone at Mews.
    """

    updated: datetime | None = None
    posted: tuple[date, date] | None = None
    is_full: bool = False

    @property
    def tells_deletions(self) -> bool:
        """Whether what is not in it may be gone: a window of update times shows no deletions."""
        return self.is_full or self.posted is not None


def overlap_of(filter_: str, seconds: float | None) -> timedelta:
    """Say how far before the watermark a window begins: as asked, else as the type needs it.

    Raises
    ------
    InvalidArgumentError
        If it is longer than ten years.
    """
    if seconds is None:
        return POSTED_AGAIN if filter_ == "posted" else OVERLAP
    if seconds > LONGEST_OVERLAP.total_seconds():
        raise InvalidArgumentError(
            f"overlap is at most {LONGEST_OVERLAP.days} days, not {seconds:g} s",
            hint="reconcile=True exports everything",
        )
    return timedelta(seconds=seconds)


def next_stretch(
    filter_: str, watermark: datetime | None, overlap: timedelta, now: datetime
) -> Stretch | None:
    """Say what to ask for next.

    Parameters
    ----------
    filter_
        ``updated`` or ``posted``: what the entity type is narrowed by.
    watermark
        Up to when the table is complete; None for everything.
    overlap
        How far before it to begin: what became visible late is found there.
    now
        The time at Mews.

    Returns
    -------
    None if Mews would export nothing that is not in the table.

    Examples
    --------
    >>> noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    >>> next_stretch("updated", None, OVERLAP, noon).is_full
    True
    >>> next_stretch("updated", noon - timedelta(days=1), OVERLAP, noon).updated.isoformat()
    '2026-05-31T11:00:00+00:00'
    """
    if watermark is None:
        return everything(filter_, now)
    if filter_ == "posted":
        last = _last_posting(now)
        first = max((watermark - overlap).date(), EARLIEST_POSTING)
        return Stretch(posted=(min(first, last), last))
    start = watermark - overlap
    return Stretch(updated=start) if start < latest_end(now) else None


def everything(filter_: str, now: datetime) -> Stretch:
    """Ask for all there is."""
    if filter_ == "posted":
        return Stretch(posted=(EARLIEST_POSTING, _last_posting(now)), is_full=True)
    return Stretch(is_full=True)


def _last_posting(now: datetime) -> date:
    return (now + AHEAD).date()


def latest_end(now: datetime) -> datetime:
    """Say up to when Mews would export update times now."""
    return now.replace(microsecond=0) - YOUNGEST_END


def watermark_after(
    stretch: Stretch, end: datetime | None, added: datetime, before: datetime | None
) -> datetime:
    """Say up to when a table is complete that holds an export.

    Parameters
    ----------
    stretch
        What it covers.
    end
        Where its window of update times ended, if it had one.
    added
        When it was added, by the clock of Mews.
    before
        Up to when the table was complete without it. An export that reaches less far takes
        nothing away from that.
    """
    if stretch.posted is not None:
        reached = datetime.combine(added.date(), time(tzinfo=UTC))
    else:
        # An export of everything may lack what a window of the same time may lack.
        reached = latest_end(added) if end is None else end
    return reached if before is None else max(before, reached)
