"""When to ask again, and after how long: rules without side effects."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mews_frames.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    MewsError,
    RateLimitedError,
    RequestRejectedError,
    ServerError,
)

__all__ = [
    "LONGEST_PAUSE",
    "PATIENCE",
    "is_transient",
    "may_have_arrived",
    "next_pause",
    "read_http_date",
    "read_retry_after",
    "retry_delay",
]

PATIENCE = 180.0
"""Seconds for which a request that gets no good answer is repeated."""

LONGEST_PAUSE = 15 * 60.0
"""Seconds: a ``Retry-After`` beyond it is an error that says so, not a silent wait."""

FIRST, MOST = 1.0, 60.0
"""Seconds: the first pause, and the longest one, where Mews does not say how long."""


def is_transient(error: BaseException) -> bool:
    """Say whether asking again may help: no answer, 408, 429 or 5xx; never a refusal."""
    if isinstance(error, ServerError):
        return error.status is not None and (error.status == 408 or 500 <= error.status < 600)  # noqa: PLR2004 - HTTP
    return isinstance(error, ConnectionFailedError | RateLimitedError)


def may_have_arrived(error: MewsError) -> bool:
    """Say whether Mews may have done what it was asked, although its answer did not say so.

    It has not if it refused (4xx), or if the request never left this machine.
    """
    if isinstance(error, ConnectionFailedError):
        return error.was_sent
    return not isinstance(
        error,
        AuthenticationError | ConfigurationError | RequestRejectedError | RateLimitedError,
    )


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


def next_pause(
    error: BaseException, attempt: int, spent: float, left: float | None = None
) -> float | None:
    """Say how long to pause before asking again, or that it is time to give up.

    What Mews asks for may take longer than our own patience, but not for ever.

    Parameters
    ----------
    error
        How the last attempt ended.
    attempt
        How many attempts have failed, from 1.
    spent
        Seconds since the first of them began.
    left
        Seconds that the caller is still willing to wait; None for no limit of its own.

    Returns
    -------
    Seconds; None to give up.

    Examples
    --------
    >>> busy = RateLimitedError("busy", retry_after=600)
    >>> next_pause(busy, 1, 0.0), next_pause(busy, 2, 600.0), next_pause(busy, 1, 0.0, left=60)
    (600, None, None)
    """
    if not is_transient(error):
        return None
    asked: float | None = getattr(error, "retry_after", None)
    pause = retry_delay(attempt, asked)
    if spent + pause > (PATIENCE if asked is None else LONGEST_PAUSE):
        return None
    return None if left is not None and pause > left else pause


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date (RFC 9110, section 10.2.3).

    Returns
    -------
    Seconds from `now`, never negative; None if the header is missing or unreadable.
    """
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    when = read_http_date(value)
    return None if when is None else max(0.0, (when - now).total_seconds())


def read_http_date(value: str | None) -> datetime | None:
    """Read an HTTP date (RFC 9110, section 5.6.7); None if it is missing or unreadable."""
    try:
        when = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
