"""Unknown fields of the record itself are cut out fast, and rescued as the exact path would."""

import json

import pytest
from hypothesis import strategies as st
from support import contract, records
from support.frames import PLACE, decoded
from support.records import budgets, for_all, of_every_type

from mews_frames._frames import decode
from mews_frames._frames.checks import Surprise
from mews_frames._frames.columns import RESCUED, keep
from mews_frames._frames.exact import decode_exact
from mews_frames._frames.lines import Block
from mews_frames._frames.unknown import decode_beside
from mews_frames.errors import DecodeError

COMPANY = keep("Company", None)
UNSEEN = 42  # lines, so that the one after them is not among those looked at for unknown fields

SPELLED = st.sampled_from(
    [
        *("12.50", "-0", "1E5", "0e-1", "true", "null", '"x"', '""', '":"', '"a,b"', '"{[}"'),
        *('"é"', r'"\u00e9"', r'"\ud800"', r'"a\"b"', "[]", "[1.0,2]", '["a]b", "{"]', "[[1], {}]"),
        *('{"a": {"New":1}}', '{"a":[1.10]}', r'[",\"New\":"]', "99999999999999999999999.000"),
    ]
)


@st.composite
def with_unknown(draw, entity_type):
    """Some plain lines, each with some unknown members anywhere among its own."""
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        line = contract.written(contract.parsed(draw(records.lines(entity_type, plain=True))))
        known = [
            f"{contract.written(name)}:{contract.written(value)}"
            for name, value in contract.parsed(line.encode()).items()
        ]
        for name in draw(st.lists(st.sampled_from(["New", "N~/e", "Ä"]), unique=True)):
            comma = draw(st.sampled_from(["", " "]))
            at = draw(st.integers(0, len(known)))
            known.insert(at, f'"{name}":{comma}{draw(SPELLED)}')
        lines.append("{" + ",".join(known) + "}\n")
    return "".join(lines).encode()


@budgets(20)
@of_every_type
def test_cutting_unknown_fields_out_agrees_with_the_exact_path(entity_type, budget):
    kept, taken = keep(entity_type, None), []

    @for_all(budget, with_unknown(entity_type))
    def claim(data):
        exact = decode_exact(Block(data), kept, PLACE)
        try:
            assert decode_beside(data, kept).equals(exact)
            taken.append(data)
        except Surprise:
            pass
        assert decode.decode_block(Block(data), kept, PLACE).equals(exact)

    assert taken


def test_unknown_fields_side_by_side_do_not_take_the_exact_path():
    data = b'{"Id":"1","A":1.50,"B":["x"]}\n{"A":2,"B":[],"Id":"2"}\n{"Id":"3","A":3,"B":[1]}\n'
    table = decode_beside(data, COMPANY)
    assert table["Id"].to_pylist() == ["1", "2", "3"]
    assert table[RESCUED].to_pylist() == [
        '{"/A": 1.50, "/B": ["x"]}',
        '{"/A": 2, "/B": []}',
        '{"/A": 3, "/B": [1]}',
    ]


def test_unknown_fields_are_dropped_where_columns_were_left_out():
    table = decode_beside(b'{"Id":"1","A":1}\n', keep("Company", ["Id"]))
    assert table.column_names == ["Id", RESCUED]
    assert table[RESCUED].null_count == 1


def test_a_new_field_within_a_text_or_an_object_is_not_the_records_own():
    data = b"".join([b'{"Id":"1","New":1}\n', rb'{"Id":",\"New\":2","Address":{"New":3}}', b"\n"])
    table = decoded(data, "Company")
    assert table["Id"].to_pylist() == ["1", ',"New":2']
    assert [json.loads(text) for text in table[RESCUED].to_pylist()] == [
        {"/New": 1},
        {"/Address/New": 3},
    ]


@pytest.mark.parametrize(
    "line",
    [
        b'{"New":1,}',
        b'{,"New":1}',
        b'{"Id":"x",,"New":1}',
        b'{"Id":"x","New":1,"New":2}',
        b'{"Id":"x,"New":1}',
        b'{"Id":"x,"New":1,"Name":"y"}',
        b'{"IsActive":[1,"New":2]}',
        b'{"Id":"x" "New":1}',
        b'{"Id":"x","New":01}',
        b'{"Id":"x","New":1 2}',
        b'{"Id":"x","New":NaN}',
        b'{"Id":"x","New":"\xff"}',
        b'{"Id":"x","New":"\x01"}',
        b'{"Id":"x","New":[1,]}',
        b'{"Id":"x","New":[1}',
        b'{"Id":"x","New":}',
        b'{"Id":"x","New":1,"Other":2 "Id":3}',
    ],
)
def test_cutting_makes_no_damaged_line_whole(line):
    with pytest.raises(DecodeError) as caught:
        decoded(b'{"Id":"1","New":1}\n' * UNSEEN + line + b"\n", "Company")
    assert caught.value.line == UNSEEN + 1
