"""What Arrow's and Polars' readers take in silence does not pass.

Each of these was seen to be bent or taken by one of them (docs/decisions/0005). Lines stand among
ordinary ones, so that the fast path meets them first.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from support.frames import decoded

from mews_frames.errors import DecodeError

pytestmark = pytest.mark.usefixtures("reader")

ORDINARY = b'{"Id": "before"}\n'


def row(line, entity_type="LedgerEntry"):
    """Decode a line between two others; give what it holds: no nulls."""
    if isinstance(line, str):
        line = line.encode()
    before, row, after = decoded(ORDINARY + line + b"\n" + ORDINARY, entity_type).to_pylist()
    assert before["Id"] == after["Id"] == "before"
    return {name: value for name, value in row.items() if value is not None}


def refused(line, entity_type="LedgerEntry"):
    """Decode a line behind another; give the error."""
    with pytest.raises(DecodeError) as caught:
        decoded(ORDINARY + line + b"\n", entity_type)
    assert (caught.value.line, caught.value.offset) == (2, len(ORDINARY))
    return str(caught.value)


def rescued(text):
    return {"_rescued_data": text}


@pytest.mark.parametrize("digits", range(20, 33))
def test_decimals_of_many_digits_are_right(digits):
    number = ("1234567890" * 4)[:digits]
    assert row(f'{{"Value": {number}}}') == {"Value": Decimal(number)}
    assert row(f'{{"Value": -{number}.25}}') == {"Value": Decimal(f"-{number}.25")}


@pytest.mark.parametrize("digits", range(33, 60))
def test_decimals_of_too_many_digits_are_rescued(digits):
    number = ("3402823669" * 6)[:digits]
    assert row(f'{{"Value": {number}}}') == rescued(f'{{"/Value": {number}}}')


@pytest.mark.parametrize(
    "number", ["0.1", "17.10", "123456789012345.67", "1e-6", "9007199254740993", "-3700.00"]
)
def test_decimals_do_not_go_through_doubles(number):
    assert row(f'{{"Value": {number}}}') == {"Value": Decimal(number)}


@pytest.mark.parametrize(
    ("number", "rounded"),
    [
        ("10.416666666666666", "10.416667"),
        ("0.0000005", "0"),
        ("0.0000015", "0.000002"),
        ("-0.0000025", "-0.000002"),
        ("99999999999999999999999999999999.9999994", "99999999999999999999999999999999.999999"),
    ],
)
def test_decimals_with_more_places_are_rounded_half_even_and_rescued(number, rounded):
    assert row(f'{{"Value": {number}}}') == {
        "Value": Decimal(rounded),
        "_rescued_data": f'{{"/Value": {number}}}',
    }


@pytest.mark.parametrize("number", ["10.0e-60", "-390321.000E-999", "1.50e-45"])
def test_decimals_next_to_nothing_are_not_taken_for_zero(number):
    assert row(f'{{"Value": {number}}}') == {
        "Value": Decimal(0),
        "_rescued_data": f'{{"/Value": {number}}}',
    }


@pytest.mark.parametrize(
    ("entity_type", "line", "pointer"),
    [
        ("LedgerEntry", '{"Value": "17.10"}', '{"/Value": "17.10"}'),
        ("LedgerEntry", '{"Value":"17.10"}', '{"/Value": "17.10"}'),
        ("Company", '{"Number":"12"}', '{"/Number": "12"}'),
        ("Company", '{"Address":{"Latitude":"50.1"}}', '{"/Address/Latitude": "50.1"}'),
    ],
)
def test_quoted_numbers_are_rescued(entity_type, line, pointer):
    assert row(line, entity_type) == rescued(pointer)


@pytest.mark.parametrize("text", [":", '":"', ":)", '\\":', "\\\\:"])
@pytest.mark.parametrize("blank", ["", " ", "\t", "\r"])
def test_no_text_hides_a_quoted_number(text, blank):
    """Quotation marks are counted: a text that looks like the end of a key does not count wrong."""
    text = text.replace('":"', '\\":\\"')
    line = f'{{"Id":{blank}"{text}","NetBaseValue":"1.5"}}'
    assert row(line)["_rescued_data"] == '{"/NetBaseValue": "1.5"}'
    assert "NetBaseValue" not in row(line)


def test_quoted_numbers_deep_in_lists_are_rescued():
    line = '{"Id":"a","Amount":{"TaxValues":[{"Code":"x","Value":1},{"Code":"y","Value":"2"}]}}'
    assert row(line, "OrderItem") == {
        "Id": "a",
        "Amount.TaxValues": [{"Code": "x", "Value": Decimal(1)}, {"Code": "y", "Value": None}],
        "_rescued_data": '{"/Amount/TaxValues/1/Value": "2"}',
    }


@pytest.mark.parametrize("text", ["2024-03-01T10:00:00", "2024-03-01T10:00:00.5", "2024-03-01"])
def test_instants_without_a_zone_are_rescued(text):
    assert row(f'{{"CreatedUtc":"{text}"}}') == rescued(f'{{"/CreatedUtc": "{text}"}}')


@pytest.mark.parametrize("number", ["1709287200", "19783"])
def test_integers_are_neither_dates_nor_instants(number):
    assert row(f'{{"PostingDate":{number}}}') == rescued(f'{{"/PostingDate": {number}}}')
    assert row(f'{{"CreatedUtc":{number}}}') == rescued(f'{{"/CreatedUtc": {number}}}')
    assert row(f'{{"PostingDate":"{number}"}}') == rescued(f'{{"/PostingDate": "{number}"}}')


@pytest.mark.parametrize("text", ["2024-3-1", "2024-02-30", "01.03.2024", "2024-03-01T00:00:00Z"])
def test_only_plain_dates_are_dates(text):
    assert row(f'{{"PostingDate":"{text}"}}') == rescued(f'{{"/PostingDate": "{text}"}}')


def test_instants_are_cut_to_the_microsecond_and_moved_to_utc():
    def created(text):
        return row(f'{{"CreatedUtc":"{text}"}}')

    at = datetime(2024, 3, 1, 10, 0, 0, 123456, UTC)
    assert created("2024-03-01T10:00:00.123456Z") == {"CreatedUtc": at}
    assert created("2024-03-01T10:00:00.1234567Z") == {"CreatedUtc": at}
    assert created("2024-03-01T12:00:00.123456789+02:00") == {"CreatedUtc": at}
    assert created("1969-12-31T23:59:59.9999999Z") == {
        "CreatedUtc": datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)
    }


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2024-12-31T24:00:00Z",
        "2024-12-31T23:59:60Z",
        "2024-03-01T10:00:00+24:00",
        "2024-03-01T10:00:00.1234567890Z",
    ],
)
def test_instants_that_python_cannot_hold_are_rescued(text):
    assert row(f'{{"CreatedUtc":"{text}"}}') == rescued(f'{{"/CreatedUtc": "{text}"}}')


@pytest.mark.parametrize(
    "number", ["1e400", "-1E400", "9" * 400, "1.7976931348623159e308", "1e999999999999"]
)
def test_degrees_too_large_for_a_double_are_rescued(number):
    line = f'{{"Id": "a", "Address": {{"Latitude": {number}, "Longitude": 14.5}}}}'
    rest = rescued(f'{{"/Address/Latitude": {number}}}')
    assert row(line, "Customer") == {"Id": "a", "Address.Longitude": 14.5} | rest


@pytest.mark.parametrize(
    "number", ["2.7", "-0.5", "9223372036854775808", "1" * 25, "1e19", "1e400"]
)
def test_no_integer_is_made_of_what_is_none(number):
    assert row(f'{{"Number":{number}}}', "Company") == rescued(f'{{"/Number": {number}}}')


@pytest.mark.parametrize(("number", "whole"), [("5.0", 5), ("5e2", 500), ("-0", 0), ("50e-1", 5)])
def test_integers_may_be_spelled_as_decimals(number, whole):
    assert row(f'{{"Number":{number}}}', "Company") == {"Number": whole}


@pytest.mark.parametrize("value", ["12", "1.50", "true", '{"a": 1}', "[1, 2]"])
def test_no_text_is_made_of_other_values(value):
    assert row(f'{{"Id":{value}}}') == rescued(f'{{"/Id": {value}}}')


@pytest.mark.parametrize("value", ["0", "1", '"true"', "[true]"])
def test_no_boolean_is_made_of_other_values(value):
    assert row(f'{{"IsActive":{value}}}', "Company") == rescued(f'{{"/IsActive": {value}}}')


@pytest.mark.parametrize("value", ["[]", "5", '"x"', "[{}]"])
def test_no_object_is_made_of_other_values(value):
    line = f'{{"Id":"a","Amount":{value}}}'
    assert row(line, "OrderItem") == {"Id": "a", "_rescued_data": f'{{"/Amount": {value}}}'}


def test_unknown_fields_are_kept_at_any_depth():
    line = (
        '{"Id":"a","New":null,"Amount":{"New":{"a":[1,2.50]},"TaxValues":[{"Code":"x"},{"N/w":0}]}}'
    )
    assert row(line, "OrderItem") == {
        "Id": "a",
        "Amount.TaxValues": [{"Code": "x", "Value": None}, {"Code": None, "Value": None}],
        "_rescued_data": '{"/New": null, "/Amount/New": {"a": [1, 2.50]},'
        ' "/Amount/TaxValues/1/N~1w": 0}',
    }


def test_an_unknown_field_within_a_text_or_an_object_is_not_the_records_own():
    assert row(r'{"Id":",\"New\":2","Address":{"New":3}}', "Company") == {
        "Id": ',"New":2',
        "_rescued_data": '{"/Address/New": 3}',
    }


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
def test_damage_around_unknown_fields_is_refused(line):
    refused(line, "Company")


def test_maps_are_kept_with_every_key():
    line = '{"CompanyDetails":{"LegalIdentifiers":{"A":"1","":null,"B/~":7}}}'
    assert row(line, "Bill") == {
        "CompanyDetails.LegalIdentifiers": [
            {"key": "A", "value": "1"},
            {"key": "", "value": None},
            {"key": "B/~", "value": None},
        ],
        "_rescued_data": '{"/CompanyDetails/LegalIdentifiers/B~1~0": 7}',
    }


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ude00\\ud83d", "x\\ud83dx"])
def test_lone_surrogates_are_rescued_as_escapes(escape):
    assert row(f'{{"Id":"{escape}"}}') == rescued(f'{{"/Id": "{escape}"}}')


def test_escapes_and_characters_of_all_planes_are_text():
    line = '{"Id":"\\u00e9\\ud83d\\ude00\\u0000\\n\\/","BillId":"é😀שלום"}'
    assert row(line) == {"Id": "é😀\x00\n/", "BillId": "é😀שלום"}


@pytest.mark.parametrize("octets", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80"])
def test_invalid_utf8_is_refused(octets):
    assert "invalid UTF-8" in refused(b'{"Id":"a' + octets + b'"}')


@pytest.mark.parametrize("between", [b"", b" ", b",", b"\r", b"\t", b"null", b"\x00", b"5"])
def test_two_records_on_a_line_are_refused(between):
    assert "something follows" in refused(b'{"Id":"a"}' + between + b'{"Id":"b"}')


@pytest.mark.parametrize("value", [b"null", b"true", b"5", b'"x"', b"[]", b"{}", b"}", b",", b"x"])
def test_anything_behind_a_record_is_refused(value):
    assert "something follows" in refused(b'{"Id":"a"}' + value)
    assert "something follows" in refused(b'{"Id":"a"} ' + value)


@pytest.mark.parametrize(
    "line", [b'{"Id":\n"a"}', b'{"Id":"a",\n"BillId":"b"}', b'{\n"Id":"a"}', b'{"Id":"a"\n}']
)
def test_a_record_over_two_lines_is_refused(line):
    refused(line)


def test_two_damaged_lines_do_not_make_up_for_each_other():
    """As many records as lines: but one line holds two of them, and one runs over two lines."""
    refused(b'{"Id":"a"}{"Id":"b"}\n{"Id":\n"c"}')
    refused(b'{"Id":"a"}{"Id":"b"},{\n{"Id":"c"}}')


@pytest.mark.parametrize(
    "line",
    [
        b'{"Id":"a","Id":"b"}',
        b'{"Id":"a","Id":"a"}',
        b'{"Id":null,"Id":"a"}',
        b'{"Id":"a","\\u0049d":"b"}',
        b'{"New":1,"New":1}',
        b'{"New":{"a":{"b":1,"b":2}}}',
    ],
)
def test_a_repeated_key_is_refused(line):
    assert "is repeated" in refused(line)


@pytest.mark.parametrize(
    "line",
    [b'{"Value":NaN}', b'{"Value":-Infinity}', b'{"Value":01}', b'{"Value":.5}', b'{"Value":+1}'],
)
def test_what_json_does_not_know_is_refused(line):
    refused(line)
    refused(line.replace(b"Value", b"New"))


@pytest.mark.parametrize("octet", [b"\x00", b"\x01", b"\t", b"\x1f"])
def test_control_characters_within_texts_are_refused(octet):
    refused(b'{"Id":"a' + octet + b'b"}')
