"""What the contract says becomes of a line, in the plainest words, to hold the decoder against.

Nothing of the decoder is used here. A line is parsed by `json`, its numbers kept as spelled; then
every value must be found again, in its column or among the rescued data, and nowhere else.
"""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation

from mews_frames._schemas import load_schema

RESCUED = "_rescued_data"
MISFIT = object()
"""Stands for a value that no column holds."""

STEP = Decimal("0.000001")
AMPLE = Context(prec=1_000)


class Spelled(str):
    """A number, spelled as in the line."""

    __slots__ = ()

    def __eq__(self, other):
        return type(other) is Spelled and str.__eq__(self, other)

    def __hash__(self):
        return super().__hash__()


def parsed(text):
    return json.loads(text, parse_int=Spelled, parse_float=Spelled)


def written(value):
    """Write a parsed value as compact JSON again, numbers spelled as they were."""
    match value:
        case Spelled():
            return str(value)
        case dict():
            return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return json.dumps(value)


def check_part(entity_type, lines, rows):
    """Hold the rows of a frame, flat or nested, against the lines that they were made of."""
    assert len(rows) == len(lines)
    for line, row in zip(lines, rows, strict=True):
        check_row(entity_type, line, row)


def check_row(entity_type, line, row):
    """Find every value of a line in a row or in its rescued data, and nothing besides."""
    columns = dict(row)
    rescued = columns.pop(RESCUED)
    rescued = {} if rescued is None else parsed(rescued)
    expected = dict(_misfits(load_schema(entity_type).fields, parsed(line), nested(columns), ""))
    assert rescued == expected


def nested(columns):
    """Build the objects of a record from the names of its columns."""
    record = {}
    for name, value in columns.items():
        *above, leaf = name.split(".")
        inner = record
        for step in above:
            inner = inner.setdefault(step, {})
        inner[leaf] = value
    return record


def _misfits(fields, value, typed, pointer):
    """Compare the values that fit with what was typed; list the others by their pointer."""
    known = {field.name: field for field in fields}
    typed = typed or dict.fromkeys(known)
    assert list(typed) == list(known)
    for name, child in value.items():
        below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in known:
            yield below, child
        else:
            yield from _value_misfits(known[name], child, typed[name], below)
    for name in known:
        if name not in value:
            assert _is_nothing(typed[name]), f"{pointer}/{name} came from nowhere"


def _value_misfits(field, value, typed, pointer):
    if value is None:
        assert _is_nothing(typed), pointer
    elif field.type == "object" and isinstance(value, dict):
        yield from _misfits(field.fields, value, typed, pointer)
    elif field.type == "array" and isinstance(value, list):
        assert len(typed) == len(value), pointer
        for i, (item, element) in enumerate(zip(value, typed, strict=True)):
            assert item is not None or element is None
            yield from _value_misfits(field.items, item, element, f"{pointer}/{i}")
    elif field.type == "map" and isinstance(value, dict):
        yield from _map_misfits(value, typed, pointer)
    else:
        fitting, is_whole = _fitting(field.type, value)
        if fitting is MISFIT:
            assert _is_nothing(typed), pointer
        else:
            assert type(typed) is type(fitting), pointer
            assert typed == fitting, pointer
        if not is_whole:
            yield pointer, value


def _map_misfits(value, typed, pointer):
    entries = {entry["key"]: entry["value"] for entry in typed}
    assert list(entries) == [key for key in value if _is_unicode(key)], pointer
    for key, item in value.items():
        is_text = type(item) is str and _is_unicode(item)
        if _is_unicode(key):
            assert entries[key] == (item if is_text else None)
        if not _is_unicode(key) or not (is_text or item is None):
            yield f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", item


def _is_nothing(typed):
    """Say whether a column holds nothing: an object does if all that is in it does."""
    return typed is None or (isinstance(typed, dict) and all(map(_is_nothing, typed.values())))


def _fitting(kind, value):
    """Give what a column holds for a value, and whether that is all of it."""
    number = isinstance(value, Spelled)
    match kind:
        case "object" | "array" | "map":
            fitting = MISFIT  # those that fit were taken apart before
        case "boolean":
            fitting = value if type(value) is bool else MISFIT
        case "integer":
            fitting = _integer(value) if number else MISFIT
        case "decimal":
            return _decimal(value) if number else (MISFIT, False)
        case "degrees":
            fitting = float(value) if number and abs(float(value)) < float("inf") else MISFIT
        case "datetime":
            fitting = _instant(value) if type(value) is str else MISFIT
        case "date":
            fitting = _day(value) if type(value) is str else MISFIT
        case _:
            fitting = value if type(value) is str and _is_unicode(value) else MISFIT
    return fitting, fitting is not MISFIT


def _integer(spelled):
    if _exponent(spelled) > 30:
        return MISFIT if _digits(spelled) else 0
    exact = Decimal(spelled)
    fits = exact == exact.to_integral_value() and -(2**63) <= exact < 2**63
    return int(exact) if fits else MISFIT


def _decimal(spelled):
    if not _digits(spelled):
        return Decimal(0), True
    if _exponent(spelled) > 100:
        return MISFIT, False
    try:
        exact = Decimal(spelled)
        rounded = exact.quantize(STEP, context=AMPLE)  # half-even, as contexts are by default
    except InvalidOperation:
        return MISFIT, False
    if rounded.copy_abs() >= 10**32:  # abs() would round to 28 digits
        return MISFIT, False
    return rounded, rounded == exact


def _digits(spelled):
    return re.split("[eE]", spelled)[0].strip("-0.")


def _exponent(spelled):
    return int([*re.split("[eE]", spelled), "0"][1])


def _instant(text):
    form = r"(\d{4}-\d\d-\d\d)[T ](\d\d(?::\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)"
    match = re.fullmatch(form, text, re.ASCII)
    if not match:
        return MISFIT
    day, time, fraction, zone = match.groups()
    if fraction and len(time) != len("00:00:00"):
        return MISFIT
    zone = "+00:00" if zone == "Z" else zone
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        return (datetime.fromisoformat(f"{day}T{time}{zone}") + micros * _MICRO).astimezone(UTC)
    except (ValueError, OverflowError):
        return MISFIT


_MICRO = timedelta(microseconds=1)


def _day(text):
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else MISFIT
    except ValueError:
        return MISFIT


def _is_unicode(text):
    return not re.search("[\ud800-\udfff]", text)
