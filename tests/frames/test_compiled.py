"""The compiled reader takes a line only if every value in it is what its column holds."""

import json
import re
from datetime import UTC, date, datetime, time

import pyarrow as pa
import pytest
from hypothesis import strategies as st
from support import contract, records
from support.frames import PLACE, decoded, needs_library
from support.records import budgets, for_all, of_every_type

from mews_frames._frames import compiled, decode, layout
from mews_frames._frames.checks import Surprise
from mews_frames._frames.columns import flat_columns, keep
from mews_frames._frames.compiled import decode_compiled
from mews_frames._frames.exact import decode_exact
from mews_frames._frames.lines import Block

pytestmark = needs_library
LEDGER = keep("LedgerEntry", None)


@budgets(25)
@of_every_type
def test_what_it_takes_it_reads_as_the_exact_path_does(entity_type, budget):
    """Odd lines among others: nothing of them is left in rows, lists and texts around them."""
    kept = keep(entity_type, None)
    some = st.lists(st.booleans().flatmap(lambda plain: records.lines(entity_type, plain=plain)))
    taken = {"odd": 0, "even": 0}

    @for_all(budget, some)
    def claim(lines):
        data = b"".join(line + b"\n" for line in lines)
        table, odd = decode_compiled(data, kept)
        table.validate(full=True)
        assert table.num_rows == len(lines)
        rows = table.to_pylist()
        for line in odd:
            assert data.startswith(lines[line.row] + b"\n", line.start)
            assert set(rows[line.row].values()) == {None}
            rows[line.row] = None
        for row, exact in zip(
            rows, decode_exact(Block(data), kept, PLACE).to_pylist(), strict=True
        ):
            assert row is None or row == exact
            taken["odd" if row is None else "even"] += 1

    assert all(taken.values()), taken


@budgets(20)
@of_every_type
def test_what_fits_is_not_odd(entity_type, budget):
    """But for decimals of more than 12 digits, and instants in other zones than UTC."""
    kept = keep(entity_type, None)
    decimals = re.compile(
        rb"\d{13}|[-+.\d][eE][-+\d]|T[^Z\"]*[-+]\d\d(:?\d\d)?\"|\\\\|\\u[dD][89a-fA-F]"
    )

    @for_all(budget, records.lines(entity_type, plain=True))
    def claim(line):
        _, odd = decode_compiled(line + b"\n", kept)
        assert not odd or decimals.search(line)


def odd_rows(*lines, entity_type="LedgerEntry"):
    data = b"".join(line + b"\n" for line in lines)
    return [line.row for line in decode_compiled(data, keep(entity_type, None))[1]]


GOOD = b'{"Id":"a","Value":17.10,"CreatedUtc":"2024-03-01T10:00:00Z","PostingDate":"2024-03-01"}'
ODD = [
    *(b"5", b"null", b"[]", b'"x"', b"{", b"}", b"{}}", b"{}{}", b"{} x", b"{}null", b"\x00"),
    *(
        b'{"Id"}',
        b'{"Id";"a"}',
        b'{"Id" ;null}',
        b'{"Id":"a"]',
        b'{"Id":}',
        b'{"Id":"a",}',
        b'{,"Id":"a"}',
        b'{"Id":"a" "Value":1}',
        b'{"Id" "a"}',
    ),
    *(
        b'{"Id":"a"',
        b'{"Id":"a',
        b'{"Id":"\\',
        b'{"Id":"\\u00',
        b'{"Id":"\\x"}',
        b'{"Id":"\\\x00"}',
    ),
    *(
        b'{"Id":"\\ud800"}',
        b'{"Id":"\\ud800\\u0041"}',
        b'{"Id":"\\udc00\\udc00"}',
        b'{"Id":"\\ud800\\ue000"}',
        b'{"Id":"\t"}',
    ),
    *(b'{"Id":5}', b'{"Id":true}', b'{"Id":nul}', b'{"Id":nullnull}', b'{"Id":"a","Id":"a"}'),
    *(b'{"Id":"a","\\u0049d":"b"}', b'{"Id":"a","I\\u0064" : null}', b'{"New":1,"New":1}'),
    *(b'{"Value":"1.5"}', b'{"Value":01}', b'{"Value":.5}', b'{"Value":1.}', b'{"Value":+1}'),
    *(b'{"Value":-}', b'{"Value":1e2}', b'{"Value":1.1234567}', b'{"Value":1234567890123}'),
    *(b'{"Value":%s}' % (b"9" * 40), b'{"Value":1.5x}', b'{"Value":NaN}', b'{"Value":{}}'),
    *(
        b'{"CreatedUtc":"2024-03-01T10:00:00"}',
        b'{"CreatedUtc":"2024-03-01T10:00:00.55"}',
        b'{"CreatedUtc":"2024-02-30T10:00:00Z"}',
    ),
    *(b'{"CreatedUtc":"2023-02-29T10:00:00Z"}', b'{"CreatedUtc":"1900-02-29T10:00:00Z"}'),
    *(b'{"CreatedUtc":"2024-03-01T24:00:00Z"}', b'{"CreatedUtc":"2024-03-01T23:60:00Z"}'),
    *(b'{"CreatedUtc":"2024-03-01T23:59:60Z"}', b'{"CreatedUtc":"2024-03-01T10:00:00.Z"}'),
    *(
        b'{"CreatedUtc":"0000-03-01T10:00:00Z"}',
        b'{"CreatedUtc":"2024-03-01T10:00:00.1234567890Z"}',
    ),
    *(b'{"CreatedUtc":"2024-03-01t10:00:00Z"}', b'{"CreatedUtc":"2024-03-01T10:00:00.12a4Z"}'),
    *(
        b'{"PostingDate":"2024-13-01"}',
        b'{"PostingDate":"2024-00-01"}',
        b'{"PostingDate":20240301}',
    ),
    *(b'{"PostingDate":"2024-03-01 "}', b'{"PostingDate":"2024-3-001"}', b'{"PostingDate":""}'),
    *(
        b'{"New":{"a":1}}',
        b'{"New":"\\n"}',
        b'{"N~":1}',
        b'{"N/":1}',
        b'{"\\n":1}',
        b'{"New":[1,]}',
    ),
    *(b'{"New":01}', b'{"New":[1 2]}', b'{"New":nul}', b'{"New":1e}', b'{"New":' + b"[" * 50),
]


@pytest.mark.parametrize("line", ODD)
def test_an_odd_line_is_left_to_the_exact_path_and_no_other(line):
    assert odd_rows(GOOD, line, GOOD) == [1]
    assert odd_rows(line) == [0]


@pytest.mark.parametrize("at", range(20))
def test_control_characters_are_found_wherever_they_stand(at):
    """Texts are looked through eight octets at a time."""
    for octet in (b"\x00", b"\x01", b"\x1f", b"\t"):
        text = b"x" * at + octet + b"x" * (20 - at)
        assert odd_rows(b'{"Id":"%s"}' % text) == [0]
    for character in (b" ", b"\x7f", "ÿ".encode(), b'\\"', b"\\\\"):
        text = b"x" * at + character + b"x" * (20 - at)
        assert odd_rows(b'{"Id":"%s","BillId":"y"}' % text) == []


def test_every_day_is_the_right_one():
    """All days of some hundred years, and the ends of February and December of all years."""
    first, last = date(1880, 1, 1).toordinal(), date(2108, 12, 31).toordinal()
    ends = [date(y, m, d) for y in range(1, 10_000) for m, d in ((1, 1), (2, 28), (3, 1), (12, 31))]
    days = [*map(date.fromordinal, range(first, last)), *ends]
    lines = [f'{{"PostingDate":"{day}","CreatedUtc":"{day}T23:59:59.9Z"}}\n' for day in days]
    table, odd = decode_compiled("".join(lines).encode(), LEDGER)
    assert not odd
    assert table["PostingDate"].to_pylist() == days
    evening = time(23, 59, 59, 900_000, UTC)
    assert table["CreatedUtc"].to_pylist() == [datetime.combine(day, evening) for day in days]


def test_booleans_are_true_false_or_odd():
    values = [b"true", b"false", b"null", b"tru", b"falsey", b"truefalse", b"True", b"0", b'"true"']
    data = b"".join(b'{"IsActive":%s}\n' % value for value in values)
    table, odd = decode_compiled(data, keep("Company", None))
    assert table["IsActive"].to_pylist() == [True, False] + [None] * 7
    assert [line.row for line in odd] == [3, 4, 5, 6, 7, 8]


def test_objects_for_lists_and_lists_for_objects_are_odd():
    lines = [b'{"Amount":[]}', b'{"Amount":{"TaxValues":{}}}', b'{"Amount":{"TaxValues":[1]}}']
    assert odd_rows(*lines, entity_type="OrderItem") == [0, 1, 2]


@pytest.mark.parametrize(
    "value",
    [
        *(
            b'{"a":"b"]',
            b'{null:"b"}',
            b'{"a";"b"}',
            b'{"a" "b"}',
            b'{"a":"b",}',
            b'{"a":"b" "c":"d"}',
        ),
        *(b'{"a"}', b'{"a":}', b"{,}", b'{5:"b"}', b"[]", b'{"a":"b"'),
    ],
)
def test_maps_that_are_no_json_are_odd(value):
    line = b'{"CompanyDetails":{"LegalIdentifiers":%s}}' % value
    assert odd_rows(line, b'{"Id":"a"}', entity_type="Bill") == [0]


@pytest.mark.parametrize("value", [b'["a"}', b'["a",]', b'[,"a"]', b'["a" "b"]', b'["a"', b"[5]"])
def test_lists_that_are_no_json_are_odd(value):
    line = b'{"AssociatedAccountIds":%s}' % value
    assert odd_rows(line, b'{"Id":"a"}', entity_type="Bill") == [0]


def test_maps_keep_their_order_and_refuse_repeated_keys():
    def company(entries):
        return b'{"CompanyDetails":{"LegalIdentifiers":{%s}}}' % entries

    maps = [b"", b'"b":"x","a":null', b'"a":"x" , "a":"y"', b'"a":"x","\\u0061":"y"', b'"a":5']
    many = [b",".join(b'"%d":"x"' % i for i in range(count)) for count in (30, 40)]
    data = b"".join(company(each) + b"\n" for each in [*maps, *many])
    table, odd = decode_compiled(data, keep("Bill", None))
    assert [line.row for line in odd] == [2, 3, 4, 6]
    texts = table["CompanyDetails.LegalIdentifiers"].to_pylist()
    assert texts[:2] == [[], [{"key": "b", "value": "x"}, {"key": "a", "value": None}]]
    assert [entry["key"] for entry in texts[5]] == [str(i) for i in range(30)]


SPELLED = st.recursive(
    st.sampled_from(
        [
            *("12.50", "-0", "1E5", "0e-1", "true", "false", "null", '"x"', '""', '":"', '"a,b"'),
            *('"é"', '"{[}"', "99999999999999999999999.000", '"\\""', '{"a":1}'),
        ]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + " ,".join(items) + "]"),
    max_leaves=4,
)


@budgets(40)
def test_unknown_fields_are_rescued_as_the_exact_path_would(budget):
    names = st.sampled_from(["New", "Newer", "Ä", "", ":", "Id ", "N/e"])
    taken = []

    @for_all(budget, st.lists(st.dictionaries(names, SPELLED, max_size=3), min_size=1, max_size=4))
    def claim(lines):
        members = [
            [f'"{name}" :{value}' for name, value in line.items()] + ['"Id":"a\\n"']
            for line in lines
        ]
        data = "".join("{" + ", ".join(each) + "}\n" for each in members).encode()
        table, odd = decode_compiled(data, LEDGER)
        exact = decode_exact(Block(data), LEDGER, PLACE).to_pylist()
        for row, line in enumerate(table.to_pylist()):
            if row not in {each.row for each in odd}:
                assert line == exact[row]
                taken.append(line["_rescued_data"])

    assert any(taken)


def test_a_record_may_have_many_unknown_fields_but_not_countless():
    few, many = (b"{%s}" % b",".join(b'"New%d":0' % i for i in range(count)) for count in (32, 33))
    assert odd_rows(few, many, few) == [1]


def test_with_columns_left_out_nobody_asks_for_unknown_fields():
    table, odd = decode_compiled(b'{"New":1,"Id":"a"}\n', keep("LedgerEntry", ["Id"]))
    assert (table.to_pylist(), odd) == ([{"Id": "a", "_rescued_data": None}], [])


def test_lists_have_as_much_room_as_they_need():
    items = layout.FIRST_ROOM * 3
    line = json.dumps({"AssociatedAccountIds": ["a"] * items}).encode() + b"\n"
    layout.layout_of.cache_clear()
    table, odd = decode_compiled(b'{"Id":"x"}\n' + line + line, keep("Bill", None))
    assert not odd
    assert [len(ids or []) for ids in table["AssociatedAccountIds"].to_pylist()] == [
        0,
        items,
        items,
    ]


def test_countless_items_and_invalid_utf8_are_not_for_it():
    line = b'{"AssociatedAccountIds":[%snull]}\n' % (b"null," * layout.MOST_ROOM)
    for data in (line, b'{"Id":"\xff"}\n'):
        with pytest.raises(Surprise):
            decode_compiled(data, keep("Bill", None))


def test_only_odd_lines_take_the_exact_path(monkeypatch):
    exact = []

    def noted(lines, *args):
        exact.extend(lines := list(lines))
        return exact_lines(lines, *args)

    exact_lines = decode.decode_lines
    monkeypatch.setattr(decode, "decode_lines", noted)
    odd = {0: "1e3", 7: '"x"', 400: "0.0000001", 401: "[1]", 2_999: "-1E-2"}
    lines = [f'{{"Id":"{i}","Value":{odd.get(i, i / 4)}}}' for i in range(3_000)]
    data = "\n\n".join(lines).encode()
    rows = decoded(data, "LedgerEntry").to_pylist()
    contract.check_part("LedgerEntry", lines, rows)
    assert [(line.line - 1) / 2 for line in exact] == list(odd)
    assert [line.offset for line in exact] == [data.index(b'{"Id":"%d"' % i) for i in odd]


def test_a_library_of_other_sources_is_not_loaded(monkeypatch):
    monkeypatch.setattr(compiled, "_digest", lambda: b"other")
    compiled._library.cache_clear()
    try:
        assert not compiled.is_there()
    finally:
        monkeypatch.undo()
        compiled._library.cache_clear()
    assert compiled.is_there()


@of_every_type
def test_columns_stand_in_their_order_and_have_their_types(entity_type):
    kept = keep(entity_type, None)
    table, _ = decode_compiled(b"{}\n", kept)
    exact = decode_exact(Block(b"{}\n"), kept, PLACE)
    assert table.schema == exact.schema
    assert len(table.schema) == len(flat_columns(entity_type)) + 1
    assert isinstance(table, pa.Table)
