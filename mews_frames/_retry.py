"""When to ask again, and after how long: rules without side effects."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mews_frames.errors import ConnectionFailedError, RateLimitedError, ServerError

__all__ = ["LONGEST_PAUSE", "is_transient", "read_retry_after", "retry_delay"]

LONGEST_PAUSE = 15 * 60.0
"""Seconds: a ``Retry-After`` beyond it is an error that says so, not a silent wait."""

FIRST, MOST = 1.0, 60.0


def is_transient(error: BaseException) -> bool:
    """Say whether asking again may help: no answer, 408, 429 or 5xx; never a refusal."""
    if isinstance(error, ServerError):
        return error.status in {408, 500, 502, 503, 504}
    return isinstance(error, ConnectionFailedError | RateLimitedError)


def retry_delay(attempt: int, retry_after: float | None = None) -> float:
    """Say how long to pause after a failed attempt.

    What Mews asks for goes first (guidelines/requests.md: ``Retry-After`` is the main signal
    but can be missing; then back off exponentially).

    Parameters
    ----------
    attempt
        How many attempts have failed, from 1.
    retry_after
        Seconds that the answer asked for, if it did.

    Returns
    -------
    Seconds.

    Examples
    --------
    >>> [retry_delay(n) for n in (1, 2, 3, 10)], retry_delay(1, retry_after=7)
    ([1.0, 2.0, 4.0, 60.0], 7)
    """
    if retry_after is not None:
        return retry_after
    return float(min(FIRST * 2 ** min(attempt - 1, 16), MOST))


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date (RFC 9110, section 10.2.3).

    Returns
    -------
    Seconds from `now`, never negative; None if the header is missing or unreadable.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
