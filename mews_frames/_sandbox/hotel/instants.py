"""Local days and instants of made-up hotels: all days count from 1970-01-01, all seconds too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

__all__ = ["DAY", "HOUR", "local_day", "midnight", "weekday"]

HOUR, DAY = 3600, 86_400
"""Seconds."""


@cache
def midnight(zone: str, day: int) -> int:
    """Give the instant, in seconds since 1970, at which a local day begins.

    Parameters
    ----------
    zone
        IANA name.
    day
        Days since 1970-01-01.
    """
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp())


def local_day(zone: str, moment: int) -> int:
    """Give the local day that an instant falls on."""
    day = moment // DAY
    if midnight(zone, day) > moment:
        return day - 1
    return day + 1 if midnight(zone, day + 1) <= moment else day


def weekday(day: int) -> int:
    """Give the weekday, Monday is 0. The first of January 1970 was a Thursday."""
    return (day + 3) % 7
