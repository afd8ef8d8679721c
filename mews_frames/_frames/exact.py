"""The exact path: one line at a time, every value either typed or rescued.

It is slow and takes nothing on trust. The fast path hands it the few lines that hold a surprise.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import cache
from typing import Any, NoReturn, TypeAlias

from mews_frames._frames.columns import DECIMAL, Kept, flat_columns
from mews_frames._frames.lines import Block, Place, lines
from mews_frames._schemas import Field, load_schema

__all__ = ["Rescued", "decode_exact", "parse_instant", "read_record", "to_json"]

Rescued: TypeAlias = dict[str, Any]
"""From JSON Pointer (RFC 6901) to a value that did not fit, as parsed."""

Convert: TypeAlias = Callable[[Any, str, Rescued], Any]
"""Type a value, or note it as rescued under its pointer and give None."""


class Number(str):
    """A JSON number as it is spelled: no digit is lost before its column is known."""

    __slots__ = ()


class NotOneObjectError(ValueError):
    """A line is not one JSON object."""


# --------------------------------------------------------------------------- a line


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise NotOneObjectError(f"the key {json.dumps(repeated)} is repeated")
    return record


def _refuse(constant: str) -> NoReturn:
    raise NotOneObjectError(f"{constant} is not JSON")


_JSON = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_refuse
)


def read_record(line: bytes) -> dict[str, Any]:
    """Parse a line that must be one JSON object; its numbers stay text.

    Raises
    ------
    NotOneObjectError
        If it is anything else. The message says what, and quotes no value.
    """
    try:
        text = line.decode("utf-8").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise NotOneObjectError(f"invalid UTF-8 at byte {error.start} of the line") from None
    if not text.startswith("{"):
        raise NotOneObjectError("it is not a JSON object")
    record: dict[str, Any]
    try:
        record, end = _JSON.raw_decode(text)
    except json.JSONDecodeError as error:
        what = "the object is cut off" if error.pos >= len(text) else f"it is not JSON: {error.msg}"
        raise NotOneObjectError(f"{what} (character {error.pos} of the line)") from None
    except RecursionError:
        raise NotOneObjectError("it is nested too deeply") from None
    if end != len(text):
        raise NotOneObjectError(f"something follows the object (character {end} of the line)")
    return record


MAX_DEPTH = 200
"""Levels of the deepest value that is rescued. Records of Mews have eight. Reading it back takes
two Python frames a level, and there are 1,000 in all."""


def to_json(value: Any, depth: int = 0) -> str:
    """Write a parsed value as JSON again, numbers spelled as they came.

    Raises
    ------
    NotOneObjectError
        If it is nested too deeply to be read back by whoever loads it.
    """
    if depth > MAX_DEPTH:
        raise NotOneObjectError("it is nested too deeply")
    match value:
        case Number():
            return str(value)
        case str():
            # A lone surrogate has no UTF-8: only its escape can be stored.
            return json.dumps(value, ensure_ascii=not _is_storable(value))
        case dict():
            members = [f"{to_json(key)}: {to_json(v, depth + 1)}" for key, v in value.items()]
            return "{" + ", ".join(members) + "}"
        case list():
            return "[" + ", ".join([to_json(item, depth + 1) for item in value]) + "]"
        case _:
            return json.dumps(value)


# --------------------------------------------------------------------------- values


def _is_storable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any) -> str:
    if value.__class__ is not str or not _is_storable(value):
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


def _decimal(value: Any, pointer: str, rescued: Rescued) -> Decimal | None:
    """Round half-even to the scale of the column; a number that was rounded is rescued too."""
    try:
        exact = _number(value)
        if not exact:
            return _ZERO
        if exact.adjusted() >= PRECISION - SCALE:
            raise ValueError
        rounded = exact.quantize(_STEP, context=_ROUND)
        if rounded.adjusted() >= PRECISION - SCALE:
            raise ValueError
    except (ValueError, InvalidOperation):
        rescued[pointer] = value
        return None
    if rounded != exact:
        rescued[pointer] = value
    return rounded


_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?"
    r"(?:Z|([+-])(\d\d)(?::?(\d\d))?)",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with a zone, cut to the microsecond, as UTC.

    Raises
    ------
    ValueError
        If it cannot be read, has no zone, or lies outside the years 1 to 9999.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 instant with a zone")
    day, hour, minute, second, fraction, sign, ahead, ahead_minutes = match.groups()
    local = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(
        hour=int(hour),
        minute=int(minute or 0),
        second=int(second or 0),
        microsecond=int((fraction or "0")[:6].ljust(6, "0")),
    )
    hours, minutes = int(ahead or 0), int(ahead_minutes or 0)
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - of a day and of an hour
        raise ValueError(f"{text!r} has an impossible offset")
    offset = timedelta(hours=hours, minutes=minutes)
    try:
        return local + offset if sign == "-" else local - offset
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999") from None


def _instant(value: Any) -> datetime:
    return parse_instant(_text(value))


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


# --------------------------------------------------------------------------- records


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")  # RFC 6901, section 4


def _converter(field: Field) -> Convert:
    match field.type:
        case "decimal":
            return _decimal
        case "object":
            return _object_converter(field)
        case "array":
            assert field.items is not None
            return _array_converter(_converter(field.items))
        case "map":
            return _map
        case kind:
            return _scalar_converter(_SCALARS.get(kind, _text))


def _scalar_converter(read: Callable[[Any], Any]) -> Convert:
    def convert(value: Any, pointer: str, rescued: Rescued) -> Any:
        try:
            return read(value)
        except (ValueError, InvalidOperation):
            rescued[pointer] = value
            return None

    return convert


def _object_converter(field: Field) -> Convert:
    inner = {f.name: _converter(f) for f in field.fields}

    def convert(value: Any, pointer: str, rescued: Rescued) -> Any:
        if value.__class__ is not dict:
            rescued[pointer] = value
            return None
        typed: dict[str, Any] = {}
        for name, child in value.items():
            below = f"{pointer}/{_escape(name)}"
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
        below = f"{pointer}/{_escape(key)}"
        if not _is_storable(key):
            rescued[below] = item
            continue
        entries.append(
            {"key": key, "value": None if item is None else _map_text(item, below, rescued)}
        )
    return entries


_map_text = _scalar_converter(_text)


class _Placer:
    """Lays the values of a record into its flat columns."""

    def __init__(self, entity_type: str) -> None:
        positions = {c.path: i for i, c in enumerate(flat_columns(entity_type))}
        self.width = len(positions)
        self._tree = self._grow(load_schema(entity_type).fields, (), positions)

    def _grow(
        self,
        fields: tuple[Field, ...],
        above: tuple[str, ...],
        positions: dict[tuple[str, ...], int],
    ) -> dict[str, Any]:
        return {
            f.name: self._grow(f.fields, (*above, f.name), positions)
            if f.type == "object"
            else (positions[*above, f.name], _converter(f))
            for f in fields
        }

    def place(self, record: dict[str, Any]) -> tuple[list[Any], Rescued]:
        row: list[Any] = [None] * self.width
        rescued: Rescued = {}
        self._walk(record, self._tree, "", row, rescued)
        return row, rescued

    def _walk(
        self,
        record: dict[str, Any],
        tree: dict[str, Any],
        above: str,
        row: list[Any],
        rescued: Rescued,
    ) -> None:
        for name, value in record.items():
            known = tree.get(name)
            if known is None:
                rescued[f"{above}/{_escape(name)}"] = value
            elif value is None:
                continue
            elif known.__class__ is tuple:
                index, convert = known
                row[index] = convert(value, f"{above}/{name}", rescued)
            elif value.__class__ is dict:
                self._walk(value, known, f"{above}/{name}", row, rescued)
            else:
                rescued[f"{above}/{name}"] = value


@cache
def _placer(entity_type: str) -> _Placer:
    return _Placer(entity_type)


def decode_exact(
    block: Block, kept: Kept, place: Place
) -> tuple[list[list[Any]], list[str | None]]:
    """Decode a block line by line.

    Returns
    -------
    The rows, each with a value for every flat column of the entity type; and what was rescued
    of each row, as JSON, or None.

    Raises
    ------
    DecodeError
        At the first line that is not one JSON object.
    """
    placer = _placer(kept.entity_type)
    rows: list[list[Any]] = []
    rescues: list[str | None] = []
    for line in lines(block):
        try:
            row, rescued = placer.place(read_record(line.data))
            mine = {p: v for p, v in rescued.items() if kept.keeps_rescued(p)} if rescued else None
            rescues.append(to_json(mine) if mine else None)
        except NotOneObjectError as error:
            raise place.error(str(error), line.line, line.offset) from None
        rows.append(row)
    return rows, rescues
