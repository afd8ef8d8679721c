"""What a BI tool is given holds what the frame holds, as other readers see it."""

import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import inf, nan

import duckdb
import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._bridges import excel
from mews_frames.errors import ConfigurationError, InvalidArgumentError, MewsError

NET = "Amount.NetValue"


def cells(path, sheet):
    """Read a sheet back with another library: names, then rows."""
    book = openpyxl.load_workbook(path)
    names, *rows = book[sheet].iter_rows(values_only=True)
    return list(names), rows


def workbook(tmp_path, frame):
    (path,) = mf.to_bi({"t": frame}, tmp_path, tool="excel")
    return cells(path, "t")


# --------------------------------------------------------------------------- Parquet


def test_parquet_keeps_everything_as_it_is(frame, tmp_path):
    rows, _ = mf.to_bi(frame, tmp_path, tool="parquet")
    assert rows == tmp_path / "OrderItem.parquet"
    assert_frame_equal(pl.from_arrow(pq.read_table(rows)), frame.collect())


def test_power_bi_gets_narrow_decimals_and_utc_without_a_zone(frame, tmp_path):
    rows, _ = mf.to_bi(frame, tmp_path, tool="powerbi")
    schema = pq.read_schema(rows)
    assert str(schema.field(NET).type) == "decimal128(18, 6)"
    assert str(schema.field("CreatedUtc").type) == "timestamp[us]"
    names = ("Id", NET, "CreatedUtc", "Amount.TaxValues")
    there = duckdb.read_parquet(str(rows)).select(*map(duckdb.ColumnExpression, names)).fetchall()
    here = frame.select("Id", NET, pl.col("CreatedUtc").dt.replace_time_zone(None)).collect()
    assert [row[:3] for row in there] == here.rows()
    assert there[0][3].startswith('[{"')


def test_a_number_that_is_too_wide_for_power_bi_is_an_error(tmp_path):
    wide = pl.DataFrame({NET: [Decimal("1234567890123.5")]}, schema={NET: pl.Decimal(38, 6)})
    with pytest.raises(MewsError, match=f"failed in column '{NET}'"):
        mf.to_bi({"t": wide}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_structs_become_flat_columns(house, frame, tmp_path):
    nested = house.client.load_entities("OrderItem", flatten=False, progress=False)
    for tool in ("powerbi", "parquet"):
        flat, _ = mf.to_bi(frame, tmp_path / "flat", tool=tool)
        again, _ = mf.to_bi(nested, tmp_path / "nested", tool=tool)
        assert_frame_equal(pl.read_parquet(again), pl.read_parquet(flat))


@pytest.mark.parametrize("backend", ["pandas", "pyarrow"])
def test_other_backends_make_the_same_file(house, frame, tmp_path, backend):
    other = house.client.load_entities(
        "OrderItem", backend=backend, money="decimal", progress=False
    )
    one, _ = mf.to_bi(frame, tmp_path / "a")
    two, _ = mf.to_bi(other, tmp_path / "b")
    assert_frame_equal(pl.read_parquet(two), pl.read_parquet(one))


def test_the_dictionary_says_what_the_columns_of_the_file_mean(frame, tmp_path):
    rows, words = mf.to_bi(frame, tmp_path)
    dictionary = pl.read_csv(words)
    assert dictionary["column"].to_list() == pq.read_schema(rows).names
    kinds = dict(dictionary.select("column", "type").iter_rows())
    assert kinds[NET] == "decimal, 6 places"
    assert kinds["CreatedUtc"] == "date and time, UTC"
    assert kinds["UnitCount"] == "whole number"
    by_name = {row["column"]: row for row in dictionary.iter_rows(named=True)}
    known = mf.describe("OrderItem").filter(pl.col("column") == "AccountType").row(0, named=True)
    assert by_name["AccountType"]["meaning"] == known["meaning"]
    assert by_name["AccountType"]["values"] == "Company, Customer"


def test_a_frame_of_ones_own_has_a_name_of_ones_own(frame, tmp_path):
    revenue = frame.group_by("Type").agg(pl.col(NET).sum().alias("Revenue"))
    rows, words = mf.to_bi({"revenue": revenue}, tmp_path)
    assert (rows.name, words.name) == ("revenue.parquet", "revenue.dictionary.csv")
    assert pl.read_csv(words)["column"].to_list() == ["Type", "Revenue"]
    with pytest.raises(InvalidArgumentError, match="which entity type"):
        mf.to_bi(revenue, tmp_path)
    with pytest.raises(InvalidArgumentError, match="which entity type"):
        mf.to_bi(frame.select("Id", "_rescued_data"), tmp_path)  # they all have those


# --------------------------------------------------------------------------- Excel


def test_a_sheet_is_the_frame(frame, tmp_path):
    (path,) = mf.to_bi(frame.head(300), tmp_path, tool="excel")
    names, rows = cells(path, "OrderItem")
    flat = frame.head(300).collect()
    assert names == flat.columns
    for name, kind in flat.schema.items():
        there = [row[names.index(name)] for row in rows]
        here = flat[name].to_list()
        if isinstance(kind, pl.Decimal):
            here = [None if v is None else float(v) for v in here]
        elif isinstance(kind, pl.Datetime):  # Excel's instants end at the millisecond
            here = [
                v and v.replace(tzinfo=None, microsecond=v.microsecond // 1000 * 1000) for v in here
            ]
        elif kind.is_nested():
            here = there
        assert [v if v != "" else None for v in there] == here, name


def test_a_sheet_says_what_the_columns_mean(frame, tmp_path):
    (path,) = mf.to_bi(frame.head(3), tmp_path, tool="excel")
    names, rows = cells(path, "Dictionary")
    assert names == ["column", "type", "meaning", "values"]
    assert dict(row[:2] for row in rows)[NET] == "number"


def test_text_is_never_a_formula_a_link_or_a_number(tmp_path):
    texts = ["=1+1", "+49 30 1", "-5", "@SUM(A1)", "https://example.com", "007", "{=A1}"]
    _, rows = workbook(tmp_path, pl.DataFrame({"Name": texts}))
    assert [row[0] for row in rows] == texts
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert {cell.data_type for cell in book["t"]["A"]} == {"s"}
    assert all(cell.hyperlink is None for cell in book["t"]["A"])


def test_kinds_of_values_are_those_of_excel(tmp_path):
    frame = pl.DataFrame(
        {
            "IsNew": [True, None],
            "Born": [date(1985, 4, 12), date(1899, 12, 31)],
            "At": [datetime(2026, 1, 31, 23, 30, tzinfo=UTC), None],
            "Hour": [time(7, 30), None],
            "Price": [Decimal("123456789.123456"), Decimal("-0.000001")],
            "Count": [123456789012345, 0],
        },
        schema_overrides={"Price": pl.Decimal(38, 6)},
    ).with_columns(pl.col("At").dt.convert_time_zone("Europe/Prague"))
    _, (first, second) = workbook(tmp_path, frame)
    days = [value.isoformat() for value in first[1:3]]
    assert days == ["1985-04-12T00:00:00", "2026-01-31T23:30:00"]
    assert (first[0], *first[3:]) == (True, time(7, 30), 123456789.123456, 123456789012345)
    assert second == (None, "1899-12-31", None, None, -0.000001, 0)


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ("2024-01-01T23:59:59.999999", "2024-01-01T23:59:59.999000"),
        ("9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999000"),  # .NET's "never"
        ("23:59:59.999999", "23:59:59.999000"),
    ],
)
def test_an_instant_is_cut_and_never_rounded_into_the_next_day(tmp_path, at, there):
    kind = datetime if "T" in at else time
    _, ((read,),) = workbook(tmp_path, pl.DataFrame({"At": [kind.fromisoformat(at)]}))
    assert read.isoformat(timespec="microseconds") == there


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (Decimal("12345678901.123456"), "the number 12345678901.123456 in row 2 of column 'x'"),
        (1234567890123456, "the number 1234567890123456 in row 2"),
        ("x" * 32_768, "a text of 32,768 characters in row 2"),
        ("\N{HOTEL}" * 16_384, "a text of 16,384 characters in row 2"),
        (inf, "the number inf in row 2 of column 'x' .* holds finite numbers"),
        (nan, "the number nan in row 2"),
    ],
)
def test_what_a_cell_would_bend_is_refused_with_its_place(tmp_path, value, says):
    frame = pl.DataFrame({"x": [None, value]})
    with pytest.raises(InvalidArgumentError, match=says):
        mf.to_bi({"t": frame}, tmp_path, tool="excel")
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_for_excel_say_what_to_do(tmp_path, monkeypatch):
    many = pl.LazyFrame({"x": pl.int_range(1_048_576, eager=True)})
    with pytest.raises(InvalidArgumentError, match="has 1,048,576 rows") as caught:
        mf.to_bi({"t": many}, tmp_path, tool="excel")
    assert 'tool="powerbi"' in str(caught.value)
    monkeypatch.setattr(excel, "MOST_ROWS", 4)
    _, rows = workbook(tmp_path, many.head(3))
    assert len(rows) == 3
    with pytest.raises(InvalidArgumentError, match="has 4 rows"):
        workbook(tmp_path, many.head(4))


# --------------------------------------------------------------------------- files


@pytest.mark.parametrize("tool", ["powerbi", "excel", "parquet"])
def test_a_tool_that_has_the_old_file_open_goes_on_reading_it(frame, tmp_path, tool):
    path, *_ = mf.to_bi(frame.head(20), tmp_path, tool=tool)
    before = path.read_bytes()
    with path.open("rb") as open_in_the_tool:
        assert mf.to_bi(frame.head(10), tmp_path, tool=tool)[0] == path
        assert open_in_the_tool.read() == before
    assert path.read_bytes() != before
    assert {file.suffix for file in tmp_path.iterdir()} <= {".xlsx", ".parquet", ".csv"}


def test_a_file_that_cannot_be_swapped_says_so_and_stays(frame, tmp_path, monkeypatch):
    path, *_ = mf.to_bi(frame.head(20), tmp_path, tool="excel")
    before = path.read_bytes()

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)  # as Windows does while Excel has it open
    with pytest.raises(MewsError, match=r"OrderItem.xlsx was not written.*\n.*\n.*close it"):
        mf.to_bi(frame.head(10), tmp_path, tool="excel")
    assert path.read_bytes() == before
    assert [file for file in tmp_path.iterdir() if file.is_file()] == [path]


def test_bad_calls_say_what_is_wrong(frame, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    for frames, folder, tool, says in [
        (frame, tmp_path, "tableau", "'tableau' is not a tool"),
        ({}, tmp_path, "excel", "no frame to write"),
        ({"a/b": frame}, tmp_path, "excel", "is not the name of a file"),
        ({"..": frame}, tmp_path, "parquet", "is not the name of a file"),
        ({"nul": frame}, tmp_path, "parquet", "is not the name of a file"),
        ({"con .x": frame}, tmp_path, "parquet", "is not the name of a file"),
        ({"COM¹": frame}, tmp_path, "parquet", "is not the name of a file"),
        ({"Straße": frame, "STRASSE": frame}, tmp_path, "parquet", "'Straße' is there twice"),
        ({"x" * 32: frame}, tmp_path, "excel", "cannot be the name of a sheet"),
        ({"dictionary": frame}, tmp_path, "excel", "cannot be the name of a sheet"),
        ([1, 2], tmp_path, "excel", "a list is no frame"),
        (frame, taken, "excel", "is no folder"),
        (frame, None, "excel", "a NoneType is no folder"),
        (frame.select(pl.lit(b"x")), tmp_path, "excel", "which entity type"),
        ({"x": frame.select(pl.lit(b"x"))}, tmp_path, "excel", "nothing for a BI tool"),
    ]:
        with pytest.raises(InvalidArgumentError, match=says):
            mf.to_bi(frames, folder, tool=tool)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["taken"]


def test_without_the_extra_the_hint_names_it(frame, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigurationError, match="the extra 'bi'"):
        mf.to_bi(frame, tmp_path, tool="excel")
