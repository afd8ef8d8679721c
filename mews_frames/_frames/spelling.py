"""One line of JSON and back, with every number spelled as it came.

Python's own parser takes what JSON does not know, and it takes the last of repeated keys: both are
refused here.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

__all__ = [
    "NotOneObjectError",
    "Number",
    "is_storable",
    "read_json",
    "read_record",
    "to_json",
]


class Number(str):
    """A JSON number as it is spelled: no digit is lost before its column is known."""

    __slots__ = ()


class NotOneObjectError(ValueError):
    """A line is not one JSON object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        repeated, _ = Counter(name for name, _ in pairs).most_common(1)[0]
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
            return json.dumps(value, ensure_ascii=not is_storable(value))
        case dict():
            members = [f"{to_json(key)}: {to_json(v, depth + 1)}" for key, v in value.items()]
            return "{" + ", ".join(members) + "}"
        case list():
            return "[" + ", ".join([to_json(item, depth + 1) for item in value]) + "]"
        case _:
            return json.dumps(value)


def read_json(text: str) -> Any:
    """Parse what `to_json` wrote."""
    return _JSON.decode(text)


def is_storable(text: str) -> bool:
    """Say whether a text has UTF-8: one with lone surrogates has none."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
