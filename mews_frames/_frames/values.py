"""Type the values of a record, each by itself; what does not fit is rescued as it is spelled."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, TypeAlias

from mews_frames._frames.spelling import Number, is_storable
from mews_frames._frames.types import DECIMAL
from mews_frames._schemas import Field

__all__ = ["Convert", "Rescued", "converter", "escape"]

Rescued: TypeAlias = dict[str, Any]
"""From JSON Pointer (RFC 6901) to a value that did not fit, as parsed."""

Convert: TypeAlias = Callable[[Any, str, Rescued], Any]
"""Type a value, or note it as rescued under its pointer and give None."""

_MISFIT = (ValueError, ArithmeticError)
"""What the functions below raise for a value that does not fit: they, `Decimal` and `datetime`."""

# --------------------------------------------------------------------------- scalars


def _text(value: Any) -> str:
    if value.__class__ is not str or not is_storable(value):
        raise ValueError
    return str(value)


def _boolean(value: Any) -> bool:
    if value.__class__ is not bool:
        raise ValueError
    return bool(value)


def _number(value: Any) -> Decimal:
    if value.__class__ is not Number:
        raise ValueError
    return Decimal(value)


MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
INT_DIGITS = 19


def _integer(value: Any) -> int:
    exact = _number(value)
    if exact and exact.adjusted() >= INT_DIGITS:  # before any digit is written out: 1e999999
        raise ValueError
    if exact != exact.to_integral_value():
        raise ValueError
    whole = int(exact)
    if not MIN_INT <= whole <= MAX_INT:
        raise ValueError
    return whole


def _degrees(value: Any) -> float:
    if value.__class__ is not Number:
        raise ValueError
    nearest = float(value)
    if not math.isfinite(nearest):
        raise ValueError
    return nearest


PRECISION, SCALE = DECIMAL
_STEP = Decimal(1).scaleb(-SCALE)
_ROUND = Context(prec=PRECISION + 1, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0).quantize(_STEP)


def _rounded(exact: Decimal) -> Decimal:
    """Round half-even to the scale of the column."""
    if not exact:
        return _ZERO
    if exact.adjusted() >= PRECISION - SCALE:
        raise ValueError
    rounded = exact.quantize(_STEP, context=_ROUND)
    if rounded.adjusted() >= PRECISION - SCALE:
        raise ValueError
    return rounded


_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?"
    r"(?:Z|([+-])(\d\d)(?::?(\d\d))?)",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _instant(value: Any) -> datetime:
    """Read an ISO 8601 instant with a zone, cut to the microsecond, as UTC."""
    match = _INSTANT.fullmatch(_text(value))
    if match is None:
        raise ValueError
    day, hour, minute, second, fraction, sign, ahead, ahead_minutes = match.groups()
    local = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(
        hour=int(hour),
        minute=int(minute or 0),
        second=int(second or 0),
        microsecond=int((fraction or "0")[:6].ljust(6, "0")),
    )
    hours, minutes = int(ahead or 0), int(ahead_minutes or 0)
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - of a day and of an hour
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes)
    return local + offset if sign == "-" else local - offset  # may leave the years 1 to 9999


def _date(value: Any) -> date:
    text = _text(value)
    if not _DATE.fullmatch(text):
        raise ValueError
    return date.fromisoformat(text)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "degrees": _degrees,
    "boolean": _boolean,
    "datetime": _instant,
    "date": _date,
}


# --------------------------------------------------------------------------- converters


def escape(name: str) -> str:
    """Write a name as a step of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")  # RFC 6901, section 4


def converter(field: Field) -> Convert:
    """Make the converter of a field, and of all that lies within it."""
    match field:
        case Field(items=Field() as items):
            return _array_converter(converter(items))
        case Field(type="object"):
            return _object_converter(field)
        case Field(type="map"):
            return _map
        case Field(type="decimal"):
            return _decimal
        case _:
            return _scalar_converter(_SCALARS.get(field.type, _text))


def _scalar_converter(read: Callable[[Any], Any]) -> Convert:
    def convert(value: Any, pointer: str, rescued: Rescued) -> Any:
        try:
            return read(value)
        except _MISFIT:
            rescued[pointer] = value
            return None

    return convert


def _decimal(value: Any, pointer: str, rescued: Rescued) -> Decimal | None:
    """Type a decimal; one that had to be rounded is rescued too."""
    try:
        exact = _number(value)
        rounded = _rounded(exact)
    except _MISFIT:
        rescued[pointer] = value
        return None
    if rounded != exact:
        rescued[pointer] = value
    return rounded


def _object_converter(field: Field) -> Convert:
    inner = {f.name: converter(f) for f in field.fields}

    def convert(value: Any, pointer: str, rescued: Rescued) -> Any:
        if value.__class__ is not dict:
            rescued[pointer] = value
            return None
        typed: dict[str, Any] = {}
        for name, child in value.items():
            below = f"{pointer}/{escape(name)}"
            if name not in inner:
                rescued[below] = child
            elif child is not None:
                typed[name] = inner[name](child, below, rescued)
        return typed

    return convert


def _array_converter(inner: Convert) -> Convert:
    def convert(value: Any, pointer: str, rescued: Rescued) -> Any:
        if value.__class__ is not list:
            rescued[pointer] = value
            return None
        return [
            None if item is None else inner(item, f"{pointer}/{i}", rescued)
            for i, item in enumerate(value)
        ]

    return convert


def _map(value: Any, pointer: str, rescued: Rescued) -> Any:
    """Keep the order and every key; a key that is no Unicode text is rescued with its value."""
    if value.__class__ is not dict:
        rescued[pointer] = value
        return None
    entries = []
    for key, item in value.items():
        below = f"{pointer}/{escape(key)}"
        if not is_storable(key):
            rescued[below] = item
            continue
        entries.append(
            {"key": key, "value": None if item is None else _map_text(item, below, rescued)}
        )
    return entries


_map_text = _scalar_converter(_text)
