"""Numbers and hints as people read and write them in a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mews_frames._words import size_in_words
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "in_shell_words",
    "read_duration",
    "size_in_words",
    "type_in_words",
]

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)?")

SPOKEN = (
    (r'(mf\.\w+\([^()]*?)(?:, )?profile="([\w-]+)"\)', r"\1) --profile \2"),
    (r'(mf\.\w+\([^()]*?)(?:, )?profile="([^"]+)"\)', r'\1) --profile "\2"'),
    (r'mf\.load_export\("?([\w-]+)"?\)', r"mews-frames export wait \1"),
    (r'mf\.load_entities\("(\w+)", refresh=True\)', r"mews-frames load \1 --refresh"),
    (r'mf\.load_entities\("(\w+)"\)', r"mews-frames load \1"),
    (r'mf\.sync_entities\("(\w+)"\)', r"mews-frames sync \1"),
    (r"mf\.exports\(\)", "mews-frames export list"),
    (r"mf\.schema_of\('(\w+)'\)", r"mews-frames schema \1"),
    (r"refresh=True", "--refresh"),
    (r"reconcile=True", "--reconcile"),
    (r"\binto=(?= )", "--into"),
    (r'\b(profile|money)="([\w-]+)"', r"--\1 \2"),
    (r"\b(enterprise|chain)_ids=\[.*?\]", r"--\1-id"),
    (r"\bcolumns=\[.*?\]", "--column"),
    (r"\bposted=\(.*?\)", "--posted FIRST LAST"),
    (r"\bupdated=\(.*?\)", "--updated START END"),
    (r"give load_entities more timeout", "give more --timeout"),
)
"""What the library says in Python, and how to say it here."""


def in_shell_words(message: str) -> str:
    """Say a message of the library so that its advice can be followed in a shell."""
    for python, shell in SPOKEN:
        message = re.sub(python, shell, message)
    return message


def read_duration(option: str, text: str | None) -> float | None:
    """Read a length of time: seconds, or a number with a unit, as in ``90``, ``15min``, ``12h``.

    Raises
    ------
    InvalidArgumentError
        If it is neither.
    """
    if text is None:
        return None
    found = DURATION.fullmatch(text.strip())
    if found is None:
        raise InvalidArgumentError(
            f"{option} cannot be {text!r}",
            hint="seconds, or a number with s, min, h or d: 90, 15min, 12h",
        )
    return float(found[1]) * UNITS[found[2] or "s"]


def type_in_words(kind: pl.DataType) -> str:
    """Write the type of a column short: of a list of objects not all that is in them."""
    import polars as pl

    match kind:
        case pl.Decimal():
            return f"Decimal({kind.precision}, {kind.scale})"
        case pl.Datetime():
            return f"Datetime({kind.time_unit}, {kind.time_zone})"
        case pl.List():
            return f"List({kind.inner.base_type()})"
        case _:
            return str(kind)
