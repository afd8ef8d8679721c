"""A part that no manifest vouches for is believed only if every byte of its rows is as written."""

import polars as pl
import pytest
from support import hotel
from support.frames import EXPORT_ID, decoded

from mews_frames._frames.columns import keep
from mews_frames._frames.parquet import Origin, Written, recognise, write_part
from mews_frames._frames.seal import KEY_SEAL

ORIGIN = Origin(EXPORT_ID, 2, 1000)
LINES = b"\n".join(hotel.all_lines("Customer", 400)[:40])


@pytest.fixture
def part(tmp_path):
    path, kept = tmp_path / "part.parquet", keep("Customer", None)
    write_part(path, [decoded(LINES + b'\n{"New": 1}', "Customer")], kept, ORIGIN)
    return path


def test_a_whole_part_is_believed_and_counted(part):
    assert recognise(part, keep("Customer", None), ORIGIN) == Written(rows=41, rescued=1)


@pytest.mark.parametrize(
    "other", [Origin("x", 2, 1000), Origin(EXPORT_ID, 1, 1000), Origin(EXPORT_ID, 2, 1001)]
)
def test_another_part_is_not_believed(part, other):
    assert recognise(part, keep("Customer", None), other) is None


def test_other_columns_are_not_believed_even_if_they_are_the_same(part):
    names = [column.name for column in keep("Customer", None).columns]
    assert recognise(part, keep("Customer", ["Id"]), ORIGIN) is None
    assert recognise(part, keep("Customer", names), ORIGIN) is None


def test_a_part_that_was_cut_short_is_not_believed(part):
    part.write_bytes(part.read_bytes()[:-1])
    assert recognise(part, keep("Customer", None), ORIGIN) is None


def test_no_flipped_byte_is_believed(part):
    good = part.read_bytes()
    for offset in [*range(0, len(good), 61), *range(len(good) - 700, len(good))]:
        bad = bytearray(good)
        bad[offset] ^= 0x20
        part.write_bytes(bad)
        assert recognise(part, keep("Customer", None), ORIGIN) is None, offset


def test_a_missing_or_foreign_file_is_not_believed(part):
    other = part.with_name("other")
    assert recognise(other, keep("Customer", None), ORIGIN) is None
    for content in (b"", b"PAR1", b"x" * 1000):
        other.write_bytes(content)
        assert recognise(other, keep("Customer", None), ORIGIN) is None
    pl.read_parquet(part).write_parquet(other)
    assert recognise(other, keep("Customer", None), ORIGIN) is None


@pytest.mark.parametrize("tail", ["", "z" * 70])
def test_a_name_like_that_of_the_digest_does_not_take_its_place(tmp_path, tail):
    """Footers hold the least and the greatest text of a column, before the digest."""
    path, kept = tmp_path / "part.parquet", keep("Customer", None)
    name = KEY_SEAL + tail
    lines = b'{"FirstName": "Ann"}\n{"FirstName": "%s"}' % name.encode()
    write_part(path, [decoded(lines, "Customer")], kept, ORIGIN)
    found = pl.scan_parquet(path).filter(pl.col("FirstName") == name)
    assert found.select("FirstName").collect().rows() == [(name,)]
    assert recognise(path, kept, ORIGIN) == Written(rows=2, rescued=0)


def test_equal_rows_make_equal_files(part, tmp_path):
    again, kept = tmp_path / "again.parquet", keep("Customer", None)
    write_part(again, [decoded(LINES + b'\n{"New": 1}', "Customer")], kept, ORIGIN)
    assert again.read_bytes() == part.read_bytes()
