"""Cut a long window of update times into pieces that Mews exports one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mews_frames._exports.window import LONGEST_WINDOW, YOUNGEST_END

if TYPE_CHECKING:
    from datetime import datetime

    from mews_frames._exports.request import Request

__all__ = ["depends_on_clock", "pieces", "windows"]


def windows(
    start: datetime, end: datetime | None, now: datetime, *, longest: timedelta = LONGEST_WINDOW
) -> tuple[tuple[datetime, datetime | None], ...]:
    """Cut a window from its start into adjoining half-open ones, oldest first.

    The cuts depend on the start alone, so that the pieces of an earlier call are found again
    when the window has grown.

    Parameters
    ----------
    start
        Included.
    end
        Excluded; None for an open end. The last piece keeps it as it is.
    now
        The time at Mews: a window that goes on after it is not cut there.
    longest
        Of one piece.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> for piece in windows(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC),
    ...                      now=datetime(2027, 1, 1, tzinfo=UTC)):
    ...     print(*(f"{instant:%Y-%m-%d}" for instant in piece))
    2026-01-01 2026-06-30
    2026-06-30 2026-09-01
    """
    latest = now - YOUNGEST_END
    last = latest if end is None else min(end, latest)
    cut: list[tuple[datetime, datetime | None]] = []
    while last - start > longest:
        cut.append((start, start + longest))
        start += longest
    return (*cut, (start, end))


def pieces(request: Request, now: datetime) -> tuple[Request, ...]:
    """Cut a request into those that Mews takes, oldest first; most are one piece."""
    start, end = request.filters.updated or (None, None)
    if start is None:
        return (request,)
    return tuple(
        replace(request, filters=replace(request.filters, updated=window))
        for window in windows(start, end, now)
    )


def depends_on_clock(request: Request, now: datetime) -> bool:
    """Say whether a clock that is wrong by up to a day would cut a request differently."""
    day = timedelta(days=1)  # more than any clock goes wrong by itself
    return len(pieces(request, now - day)) != len(pieces(request, now + day))
