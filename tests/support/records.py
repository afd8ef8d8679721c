"""Hypothesis strategies: parts of an export as Mews sends them, and as it should not.

All strategies draw JSON *text*, never Python values: how a number or a text is spelled is half of
what the decoder has to get right. ``plain=True`` draws only what fits the schema.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mews_frames._schemas import ENTITY_TYPES, load_schema

BOM = b"\xef\xbb\xbf"

LONG = int(os.environ.get("EXAMPLES", "1000"))
"""Examples of each property under ``-m slow``."""


def budgets(examples):
    """Run a property with so many fixed examples in CI; if slow, at length and afresh."""
    common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    ci = settings(max_examples=examples, derandomize=True, database=None, **common)
    long = settings(max_examples=LONG, print_blob=True, **common)
    slow = [pytest.mark.slow, pytest.mark.timeout(1_800)]
    return pytest.mark.parametrize(
        "budget", [pytest.param(ci, id="ci"), pytest.param(long, id="long", marks=slow)]
    )


of_every_type = pytest.mark.parametrize("entity_type", ENTITY_TYPES)


def for_all(budget, *strategies):
    """Run a nested function, at once, as a property of what the strategies draw."""

    def run(claim):
        budget(given(*strategies)(claim))()

    return run


# --------------------------------------------------------------------------- texts


def spelled(text):
    """Spell a text in JSON: plainly, or with escapes where none are needed."""
    ways = [json.dumps(text), "".join(f"\\u{unit:04x}" for unit in _utf16(text)).join('""')]
    if _has_utf8(text):
        ways.append(json.dumps(text, ensure_ascii=False))
    if "/" in text:
        ways.append(json.dumps(text).replace("/", "\\/"))
    return st.sampled_from(ways)


def _utf16(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


def _has_utf8(text):
    return not any("\ud800" <= character <= "\udfff" for character in text)


ODD_TEXTS = (
    "",
    " ",
    ":",
    ':"',
    '"',
    "\\",
    '\\"',
    "\\\\",
    "a\nb\r\nc\td",
    "a\x00b",
    "\x7f\x85\u2028\u2029",
    "}{",
    "}\n{",
    "{}",
    "[1,2]",
    '{"Id": 1}',
    "null",
    "true",
    "0",
    "1.50",
    "100",
    "1e-6",
    "5e-12",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "P1D",
    "😀",
    "👩\u200d👩\u200d👧",
    "é",
    "e\u0301",
    "שלום עולם",
    "مرحبا",
    "\u202eabc\u202c",
    "日本語",
    "\ufeff",
    "\U0010ffff",
    "x" * 5_000,
    "ü" * 3_000,
)
LONE_SURROGATES = ("\ud800", "a\udfffb", "\ude00\ud83d", "\ud83d")

fine_texts = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
any_texts = fine_texts | st.sampled_from(LONE_SURROGATES)


# --------------------------------------------------------------------------- numbers


EXPONENTS = (*map(str, (0, 1, 2, 6, 7, 20, 26, 31, 32, 38, 39, 60, 400, 10**9 - 1)), "00", "007")


@st.composite
def numbers(draw):
    """Draw a number in any notation and length that JSON has."""
    digits = st.text("0123456789", max_size=draw(st.sampled_from([0, 2, 6, 16, 33, 45])))
    whole = draw(st.just("0") | st.tuples(st.sampled_from("123456789"), digits).map("".join))
    fraction = draw(st.just("") | st.text("0123456789", min_size=1, max_size=9) | digits)
    exponent = draw(
        st.just("")
        | st.tuples(
            st.sampled_from("eE"),
            st.sampled_from(["", "+", "-"]),
            st.sampled_from(EXPONENTS),
        ).map("".join)
    )
    return draw(st.sampled_from(["", "-"])) + whole + (fraction and f".{fraction}") + exponent


ODD_NUMBERS = (
    "0",
    "-0",
    "-0.0",
    "100",
    "100.0",
    "1e-6",
    "1E-7",
    "-3700.00",
    "17.10",
    "0.1",
    "5.0",
    "5.5",
    "5e2",
    "123456789012345.67",
    "10.416666666666666",
    "0.0000005",
    "0.0000015",
    "-0.0000005",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "1" + "0" * 25,
    "99999999999999999999999999999999.999999",
    "99999999999999999999999999999999.9999995",
    "123456789012345678901234567890123",
    "170141183460469231731687303715884105728",
    "1E400",
    "9" * 400,
    "1.7976931348623159e308",
    "1.0e-39",
    "10e-999",
    "0e-999999999",
    "1." + "0" * 60,
    "0." + "0" * 60,
)
any_numbers = st.sampled_from(ODD_NUMBERS) | st.integers(-(10**25), 10**25).map(str) | numbers()

int64s = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1)


@st.composite
def moneys(draw):
    """Draw a decimal that its column holds exactly, without an exponent."""
    micros = draw(st.integers(-(10**31), 10**31) | st.integers(-(10**9), 10**9))
    places = draw(st.integers(0, 6))
    whole, fraction = divmod(abs(micros) // 10 ** (6 - places), 10**places)
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole}" + (f".{fraction:0{places}}" if places else "")


degrees = st.floats(-180, 180).map(repr) | st.sampled_from(["50.0755", "-0.0", "14.5", "180"])


# --------------------------------------------------------------------------- times

YEARS = (datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - the zone is drawn as text
ZONES = ("Z", "+00:00", "+02:00", "-11:30", "+0530", "-03", "+14:00", "-23:59")


@st.composite
def instants(draw, most_digits=9):
    """Draw an instant with some fractional digits."""
    at = draw(st.datetimes(*YEARS)).replace(microsecond=0).isoformat()
    fraction = draw(st.just("") | st.text("0123456789", min_size=1, max_size=most_digits))
    return at + (fraction and f".{fraction}") + draw(st.sampled_from(ZONES))


days = st.dates().map(str)
NO_INSTANTS = (
    "2024-01-01T00:00:00",
    "2024-01-01T00:00:00.1234567",
    "2024-01-01T24:00:00Z",
    "2024-12-31T23:59:60Z",
    "2024-02-30T00:00:00Z",
    "2024-01-01T00:00:00.1234567890Z",
    "2024-01-01T00:00:00+24:00",
    "2024-01-01T00:00:00 Z",
    " 2024-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "1704067200",
    "2024-01-01",
    "now",
)
ODD_INSTANTS = (
    "1969-12-31T23:59:59.9999999Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2024-02-29T12:00:00+02:00",
    "2024-01-01 00:00:00Z",
    "2024-01-01T00:00Z",
)
NO_DAYS = ("2024-1-1", "2024-02-30", "0000-01-01", "20240101", "2024-01-01T00:00:00Z", "01.01.2024")
DURATIONS = ("P2DT23H", "P0Y0M1DT0H0M0S", "P-3DT4H", "-P3DT4H", "P1M", "P1Y2M", "PT0.5S", "P30D")


# --------------------------------------------------------------------------- values

NULL = st.just("null")
BLANKS = ("", "", "", " ", "\t", "\r")


def _joined(draw, items, brackets):
    """Put items between brackets, with blanks where JSON allows them."""
    blank = st.sampled_from(BLANKS)
    inner = ",".join(draw(blank) + item + draw(blank) for item in items) or draw(blank)
    return brackets[0] + inner + brackets[1]


@st.composite
def arrays(draw, items, max_size=3):
    """Draw a list of items, nulls among them."""
    return _joined(draw, draw(st.lists(items | NULL, max_size=max_size)), "[]")


@st.composite
def objects(draw, members):
    """Draw an object: its members in any order. A key is drawn with its value."""
    drawn = draw(st.permutations(members))
    blank = st.sampled_from(BLANKS)
    pairs = [draw(spelled(key)) + draw(blank) + ":" + draw(blank) + value for key, value in drawn]
    return _joined(draw, pairs, "{}")


scalars = st.one_of(
    NULL, st.sampled_from(["true", "false"]), any_numbers, any_texts.flatmap(spelled)
)


@st.composite
def _some_object(draw, values):
    return draw(objects(list(draw(st.dictionaries(any_texts, values, max_size=3)).items())))


anything = st.recursive(scalars, lambda inner: arrays(inner) | _some_object(inner), max_leaves=5)
"""Any JSON at all."""

ODD_KEYS = ("", "New", "a/b", "~", "~1", "0", "Amount.NetValue", "id", " Id", "é😀", "\ud800", ":")
MAP_KEYS = ("TaxIdentifier", "", "a/b", "~", "0", "key", "é😀", "\x00", ":", "e-5")


def values(field, *, plain):
    """Draw a value for a field: most fit, some do not."""
    fitting = _fitting(field, plain=plain)
    if plain:
        return fitting | NULL
    return st.one_of(fitting, fitting, NULL, _nearly(field), anything)


def _fitting(field, *, plain):
    match field.type:
        case "enum":
            return (st.sampled_from(field.values) | fine_texts).flatmap(spelled)
        case "object":
            return records(field.fields, plain=plain)
        case "array":
            return arrays(values(field.items, plain=plain))
        case "map":
            return NULL if plain else _maps()
        case "decimal" if not plain:
            return moneys() | any_numbers
        case "datetime" if not plain:
            return (instants() | st.sampled_from(ODD_INSTANTS)).map(json.dumps)
        case kind:
            return FITTING[kind]


FITTING = {
    "uuid": (st.uuids().map(str) | fine_texts).flatmap(spelled),
    "string": fine_texts.flatmap(spelled),
    "integer": int64s.map(str),
    "decimal": moneys(),
    "degrees": degrees,
    "boolean": st.sampled_from(["true", "false"]),
    "datetime": instants(most_digits=6).map(json.dumps),  # within lists, more are a surprise
    "date": days.map(json.dumps),
    "duration": st.sampled_from(DURATIONS).map(json.dumps),
}


@st.composite
def _maps(draw):
    keys = draw(st.lists(st.sampled_from((*MAP_KEYS, "\udc00")), max_size=3, unique=True))
    texts = fine_texts.flatmap(spelled)
    return draw(objects([(key, draw(st.one_of(texts, texts, NULL, anything))) for key in keys]))


def _nearly(field):
    """Draw what looks right and is not: quoted numbers, numbers for texts, wrong dates."""
    match field.type:
        case "integer" | "decimal" | "degrees":
            return any_numbers | any_numbers.map(json.dumps)
        case "boolean":
            return st.sampled_from(["0", "1", '"true"', '"False"'])
        case "datetime" | "date":
            texts = st.sampled_from((*NO_INSTANTS, *NO_DAYS)) | instants() | days | fine_texts
            return texts.map(json.dumps) | any_numbers
        case "object":
            return arrays(scalars) | _some_object(scalars)
        case "array":
            return scalars | _some_object(scalars)
        case _:
            return any_numbers | any_texts.flatmap(spelled)


@st.composite
def records(draw, fields, *, plain=False, most=5):
    """Draw an object of some of the fields, and of fields that nobody has documented."""
    chosen = draw(st.lists(st.sampled_from(fields), max_size=most, unique_by=lambda f: f.name))
    members = [(f.name, draw(values(f, plain=plain))) for f in chosen]
    if not plain and draw(st.integers(0, 3)) == 0:
        known = {f.name for f in fields}
        new = draw(st.lists(st.sampled_from(ODD_KEYS), max_size=2, unique=True))
        members += [(key, draw(anything)) for key in new if key not in known]
    return draw(objects(members))


# --------------------------------------------------------------------------- parts


@dataclass(frozen=True)
class Part:
    """A part of an export, and how it arrives."""

    data: bytes
    lines: tuple[bytes, ...]
    chunk_size: int = 1 << 20
    block_size: int = 1 << 22

    @property
    def chunks(self):
        return [
            self.data[i : i + self.chunk_size] for i in range(0, len(self.data), self.chunk_size)
        ]


def lines(entity_type, *, plain=False):
    """Draw a line without its end."""
    return records(load_schema(entity_type).fields, plain=plain).map(str.encode)


@st.composite
def parts(draw, entity_type, *, plain=False, max_lines=4):
    """Draw a part: lines, blank ones among them, with either line end, in chunks of any size."""
    drawn = draw(st.lists(lines(entity_type, plain=plain), max_size=max_lines))
    end = st.sampled_from([b"\n", b"\n", b"\r\n"])
    blank = st.sampled_from([b"", b"", b"", b"\n", b"\r\n\n", b" \t\r\n"])
    data = draw(st.sampled_from([b"", b"", BOM])) + draw(blank)
    for line in drawn:
        data += line + draw(end) + draw(blank)
    if draw(st.booleans()):
        data = data.rstrip(b"\r\n")  # no final newline
    return Part(
        data,
        tuple(drawn),
        chunk_size=draw(st.sampled_from([1, 3, 64, 1_000, 1 << 20])),
        block_size=draw(st.sampled_from([1, 10, 100, 1_000, 1 << 22])),
    )
