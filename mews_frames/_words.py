"""Numbers, times and commands as people read them."""

from __future__ import annotations

import re
import sys
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "age_in_words",
    "count_in_words",
    "duration_in_words",
    "how_to_install",
    "instant_in_words",
    "size_in_words",
    "usual_in_words",
    "waiting_in_words",
    "with_profile",
]

CALL = re.compile(
    r"\b(mf\.(?:load_entities|load_many|load_export|start_export|sync_entities|exports)\()"
    r"((?:(?!profile=)[^()])*)\)"
)
"""A call that a sentence advises, unless it names its profile already."""

LONGER = 1.1
"""How much beyond the longest time so far is worth a word: a look comes up to a tenth late."""


def size_in_words(size: float) -> str:
    """Write a size, given in bytes, with a decimal unit, as Mews and disks count.

    Examples
    --------
    >>> size_in_words(999), size_in_words(84_100_000)
    ('999 B', '84.1 MB')
    """
    number = float(size)
    for unit in ("B", "kB", "MB"):
        if number < 1000:  # noqa: PLR2004 - the next unit
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def count_in_words(number: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> count_in_words(1, "part"), count_in_words(1_204_331, "row")
    ('1 part', '1,204,331 rows')
    """
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def duration_in_words(seconds: float) -> str:
    """Write a length of time, given in seconds, with at most two units, cut and not rounded.

    Examples
    --------
    >>> duration_in_words(40.9), duration_in_words(190), duration_in_words(7500)
    ('40 s', '3 min 10 s', '2 h 5 min')
    """
    left = max(0, int(seconds))
    said: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, left = divmod(left, length)
        if number:
            said.append(f"{number} {unit}")
        elif said:
            break
    return " ".join(said[:2]) or "0 s"


def age_in_words(seconds: float) -> str:
    """Write how old something is, given in seconds, in one unit.

    Examples
    --------
    >>> age_in_words(90), age_in_words(3 * 3600), age_in_words(200_000)
    ('90 s', '3 h', '2 days')
    """
    whole = max(0, int(seconds))
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if whole >= 2 * length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def instant_in_words(instant: datetime) -> str:
    """Write an instant to the minute, in UTC, with its day: a notebook is read again later.

    Examples
    --------
    >>> from datetime import datetime, UTC
    >>> instant_in_words(datetime(2026, 11, 6, 14, 5, tzinfo=UTC))
    '6 Nov 2026, 14:05 UTC'
    """
    there = instant.astimezone(UTC)
    return f"{there.day} {MONTHS[there.month - 1]} {there:%Y, %H:%M} UTC"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not those of ``%b``, which change with the locale."""


def usual_in_words(usual: tuple[float, float]) -> str:
    """Write the shortest and the longest time that something took, in seconds, in one unit.

    Examples
    --------
    >>> usual_in_words((371, 530)), usual_in_words((355, 361)), usual_in_words((3, 7))
    ('usually 6 to 9 min', 'usually about 6 min', 'usually 3 to 7 s')
    >>> usual_in_words((0.1, 0.4))
    'usually less than 1 s'
    """
    shortest, longest = usual
    if longest < 1:
        return "usually less than 1 s"
    unit, length = next(u for u in (("h", 3600), ("min", 60), ("s", 1)) if longest >= 2 * u[1] - 1)
    low, high = round(shortest / length), round(longest / length)
    return f"usually about {high} {unit}" if low == high else f"usually {low} to {high} {unit}"


def waiting_in_words(
    status: str, waited: float, next_look: float, usual: tuple[float, float] | None
) -> str:
    """Say how the wait for an export goes.

    Parameters
    ----------
    status
        As Mews names it.
    waited
        Seconds since the export was added.
    next_look
        Seconds until the next look.
    usual
        The shortest and the longest time in seconds that such exports took here; None if no one
        knows.

    Examples
    --------
    >>> waiting_in_words("Processing", 190, 40, (360, 540))
    'Processing at Mews: usually 6 to 9 min; 3 min 10 s so far; next look in 40 s'
    """
    so_far = f"{duration_in_words(waited)} so far"
    if usual is not None:
        late = ", longer than usual" if waited > usual[1] * LONGER else ""
        so_far = f"{usual_in_words(usual)}; {so_far}{late}"
    look = f"next look in {duration_in_words(next_look)}" if next_look >= 1 else "looking now"
    return f"{status} at Mews: {so_far}; {look}"


def how_to_install(library: str) -> str:
    """Give the command that brings a library into this environment, from whichever shell.

    The environment may hold no pip (the README makes one like that), and another one may be
    active; and a library is found where mews_frames, installed from a folder, is not.
    """
    return f'pip --python "{sys.prefix}" install {library}'


def with_profile(sentence: str, profile: str | None) -> str:
    """Name the profile in calls that a sentence advises: copied, they are to find the same tokens.

    Examples
    --------
    >>> with_profile('mf.load_export("3f") picks it up, mf.exports() lists it', "demo")
    'mf.load_export("3f", profile="demo") picks it up, mf.exports(profile="demo") lists it'
    """
    if profile is None:
        return sentence
    named = f'profile="{profile}")'
    return CALL.sub(lambda call: f"{call[1]}{call[2]}{', ' if call[2] else ''}{named}", sentence)
