"""Damaged parts are an error that says where, and never a shorter frame."""

import json
import os
import pickle
import random
import subprocess
import sys

import pytest
from hypothesis import strategies as st
from support import records
from support.frames import EXPORT_ID, decoded, needs_library
from support.hostile import HOSTILE
from support.records import BOM, budgets, for_all

from mews_frames._frames import lines as lines_module
from mews_frames.errors import DecodeError

GOOD = b'{"Id":"3fa85f64","Value":17.10}\n'


def error_of(data, **options):
    with pytest.raises(DecodeError) as caught:
        decoded(data, "LedgerEntry", **options)
    return caught.value


DAMAGES = {
    "garbage": b"<html>busy</html>",
    "two records": b'{"Id":"a"}{"Id":"b"}',
    "a record over two lines": b'{"Id":\n"a"}',
    "a repeated key": b'{"Id":"a","Id":"b"}',
    "NUL": b'{"Id":"a"}\x00',
    "NUL alone": b"\x00\x00\x00",
    "invalid UTF-8": b'{"Id":"\xff"}',
    "a cut text": b'{"Id":"a',
    "a cut number": b'{"Id":"a","Value":17.',
    "a cut object": b'{"Id":"a","Value":17.10',
    "a list": b'[{"Id":"a"}]',
    "a bare value": b"null",
    "UTF-16": '{"Id":"a"}'.encode("utf-16"),
    "a byte order mark amid the part": BOM + b'{"Id":"a"}',
}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("lead", [b"", BOM, BOM + b"\r\n\n"], ids=["plain", "BOM", "blank lines"])
@pytest.mark.parametrize(
    ("many", "block_size"), [(1, 1 << 22), (40, 10), (600, 1 << 22)], ids=["1", "40", "600"]
)
def test_damage_is_named_by_export_part_line_and_byte(damage, lead, many, block_size):
    before = lead + GOOD * many
    error = error_of(before + damage + b"\n" + GOOD, block_size=block_size)
    assert (error.export_id, error.part) == (EXPORT_ID, 7)
    assert error.line == before.count(b"\n") + 1
    assert error.offset == len(before)
    for fact in (EXPORT_ID, "part 7", f"line {error.line}", f"byte {error.offset}"):
        assert fact in str(error)
    assert pickle.loads(pickle.dumps(error)).offset == error.offset  # noqa: S301 - our own


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("cut", range(1, len(GOOD) - 1))
def test_a_truncated_last_line_is_an_error(cut):
    assert error_of(GOOD * 3 + GOOD[:cut]).line == 4


def test_errors_quote_no_value():
    for line in (
        b'{"Id": "Jane Doe"',
        b'{"Id": "Jane Doe"} x',
        b'{"Id": Jane Doe}',
        b'{"Id": "Jane Doe\x00"}',
        b"Jane Doe",
        b'{"Id": "Jane Doe\xff"}',
    ):
        assert "Jane" not in str(error_of(line))


def test_the_first_of_several_damaged_lines_is_named():
    assert error_of(GOOD + b"x\n" + GOOD * 5_000 + b"y\n").line == 2


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n \n", BOM, BOM + b"\n", b"  "])
def test_an_empty_part_has_no_rows(data):
    table = decoded(data, "LedgerEntry", chunks=[data[:1], data[1:]])
    assert table.num_rows == 0
    assert table.column_names[-1] == "_rescued_data"


TOKENS = (
    *(bytes([octet]) for octet in b'"{}[],: \n\r\\\x00\xff0-'),
    *(b"null", b"e-", b"}{", b"}\n{", b'""', b'"Id":1,', b"\\u0041", b"1" * 30),
)
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "drop", "flip", "copy"]),
        st.integers(0, 1 << 16),
        st.integers(0, 255),
        st.sampled_from(TOKENS),
    ),
    min_size=1,
    max_size=3,
)


def mutated(data, mutations):
    octets = bytearray(data)
    for kind, where, number, token in mutations:
        at = where % (len(octets) + 1)
        match kind:
            case "put":
                octets[at:at] = token
            case "drop":
                del octets[at : at + number % 8 + 1]
            case "copy":
                octets[at:at] = octets[number : number + 16]
            case _ if at < len(octets):
                octets[at] ^= 1 << number % 8
    return bytes(octets)


@pytest.mark.usefixtures("reader")
@budgets(150)
@pytest.mark.parametrize("entity_type", ["LedgerEntry", "Reservation"])
def test_a_damaged_part_is_never_a_shorter_frame(entity_type, budget):
    @for_all(budget, records.parts(entity_type, plain=True), MUTATIONS)
    def claim(part, mutations):
        data = mutated(part.data, mutations)
        text = data.removeprefix(BOM)
        try:
            rows = decoded(data, entity_type, block_size=part.block_size).num_rows
        except DecodeError:
            return
        assert rows == sum(bool(line.strip(b" \t\r\n")) for line in text.split(b"\n"))


@pytest.mark.usefixtures("reader")
def test_a_part_is_damaged_at_random_places_of_many_lines():
    """Among thousands of lines the fast path meets the damage, and it is found all the same."""
    luck = random.Random(7)  # noqa: S311 - the same places each time
    record = {"Id": "3fa85f64", "Value": 17.25, "CreatedUtc": "2024-03-01T10:00:00Z"}
    data = (json.dumps(record, separators=(",", ":")) + "\n").encode() * 400
    for _ in range(60):
        at = luck.randrange(len(data))
        damaged = data[:at] + luck.choice([b"\x00", b"{", b"}", b'"', b"\\", b"\xff"]) + data[at:]
        try:
            table = decoded(damaged, "LedgerEntry")
        except DecodeError as error:
            assert error.line == data.count(b"\n", 0, at) + 1  # noqa: PT017 - or it is none
        else:
            assert table.num_rows == 400


# --------------------------------------------------------------------------- hostile lines

MOST_MEMORY = 1_500
"""MB: of these 250 are the libraries, the rest 20 times the longest line that is read."""


@pytest.fixture(scope="module", params=[pytest.param("compiled", marks=needs_library), "arrow"])
def outcomes(request):
    """Decode every hostile line in a process of its own, which may crash."""
    done = subprocess.run(
        [sys.executable, "-m", "support.hostile", request.param],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    return said | {"exit": done.returncode}


EXPECTED = {
    "a text of 50 MB": "value in Id",
    "a new text of 50 MB": "value in _rescued_data",
    "50 MB of escapes": "value in Id",
    "a number of 50 MB": "value in _rescued_data",
    "an exponent out of all bounds": "value in Value",
    "an exponent beyond counting": "value in _rescued_data",
    "50 MB of blanks": "no row",
}


EXPECTED |= {name: "value in _rescued_data" for name in HOSTILE if "quoted" in name}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_a_value_or_an_error(name, outcomes):
    assert outcomes[name].startswith(EXPECTED.get(name, "error in line 1"))


def test_hostile_lines_neither_crash_nor_fill_the_memory(outcomes):
    assert outcomes["exit"] == 0
    assert int(outcomes["peak in MB"]) < MOST_MEMORY


def test_a_line_beyond_all_bounds_is_refused_where_it_begins(monkeypatch):
    monkeypatch.setattr(lines_module, "LONG_LINE", 1_000)
    monkeypatch.setattr(lines_module, "MAX_LINE", 5_000)
    long = b'{"Id":"%s"}\n' % (b"x" * 5_000)
    for chunk_size in (64, 1_000, 1 << 20):
        data = GOOD * 3 + long + GOOD
        chunks = [data[i : i + chunk_size] for i in range(0, len(data), chunk_size)]
        for block_size in (10, 100, 1_000):
            error = error_of(data, chunks=chunks, block_size=block_size)
            assert (error.line, error.offset) == (4, 3 * len(GOOD))
            assert "longer than 5000 bytes" in str(error)


def test_a_long_line_may_hold_long_texts_but_not_countless_values(monkeypatch):
    monkeypatch.setattr(lines_module, "LONG_LINE", 1_000)
    monkeypatch.setattr(lines_module, "MAX_VALUES", 100)
    commas = b'{"Id":"%s"}\n' % (b'\\",[{\\\\' * 500)
    assert decoded(GOOD + commas, "LedgerEntry", block_size=10).num_rows == 2
    values = b'{"New":[%s0]}\n' % (b"0," * 500)
    error = error_of(GOOD + values, block_size=10)
    assert error.line == 2
    assert "more than 100 values" in str(error)


@pytest.mark.parametrize(("depth", "fits"), [(190, True), (250, False), (900, False)])
def test_values_are_rescued_as_deep_as_they_can_be_read_back(depth, fits):
    data = b'{"New":%s%s}\n' % (b"[" * depth, b"]" * depth)
    if not fits:
        assert "nested too deeply" in str(error_of(data))
        return
    (row,) = decoded(data, "LedgerEntry").to_pylist()
    assert json.loads(row["_rescued_data"])["/New"]
