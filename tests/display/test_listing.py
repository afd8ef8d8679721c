"""Listings cut nothing that is to be copied, however narrow the terminal or the notebook is."""

import io
import sys

import polars as pl
import pytest
from rich.console import Console

import mews_frames as mf
from mews_frames._display.listing import listing

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
COLUMNS = ("id", "type", "added", "rows", "asked for")
ROW = (
    ID,
    "AvailabilityAdjustment",
    "2026-11-26 15:28",
    "1,204",
    "everything that the token reaches",
)
LINES = "\n".join


def shown(width, rows=(ROW,), columns=COLUMNS):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(listing(columns, rows, right=["rows"], width=width))
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("width", [40, 50, 80, 100, 120, 200])
def test_ids_types_and_instants_are_whole_at_any_width(width):
    text = LINES(shown(width))
    assert all(value in text for value in ROW[:-1])


@pytest.mark.parametrize("width", [40, 80])
def test_where_a_table_does_not_fit_a_row_is_a_paragraph_with_names(width):
    first, *rest = shown(width)
    assert first == ID
    assert all(line.startswith("  ") for line in rest)
    assert "rows 1,204" in LINES(rest)


def test_a_table_that_fits_is_one_and_only_its_last_column_wraps():
    heading, first, second = shown(118)
    assert heading.split() == ["id", "type", "added", "rows", "asked", "for"]
    assert first.startswith(f"{ID}  AvailabilityAdjustment  2026-11-26 15:28  1,204  everything")
    assert second.strip() == "reaches"


def test_a_paragraph_leaves_out_what_is_not_there():
    row = (ID, "Bill", "", "", "everything")
    assert shown(60, [row]) == [ID, "  type Bill  asked for everything"]


def test_a_last_column_that_is_one_word_is_not_broken():
    path = "/a/folder/with/a/long/name/part-00001.parquet"
    text = LINES(shown(len(ID) + len(path), [(ID, path)], ("id", "file")))
    assert path in text


def test_an_empty_listing_is_its_heading():
    assert shown(40, [], ("id", "type")) == ["id  type"]


# --------------------------------------------------------------------------- of exports


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def known(clock):
    with mf.sandbox(rows=60, clock=clock) as mews, mews.client() as client:
        client.load_entities("OrderItem", progress=False)
        client.start_export("LedgerEntry", posted=("2026-01-01", "2026-01-31"))
        yield client.exports()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_exports_show_their_ids_whole_in_a_terminal(known, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", Terminal())
    shape, *lines = repr(known).splitlines()
    assert shape == "shape: (2, 9)"
    assert max(map(len, lines)) <= columns
    assert all(export_id in LINES(lines) for export_id in known["id"])
    assert str(known) == repr(known)


def test_exports_are_whole_lines_in_a_pipe(known):
    _, _, *lines = repr(known).splitlines()
    assert [line.split()[0] for line in lines] == known["id"].to_list()
    assert lines[0].endswith("posted 2026-01-01 to 2026-01-31")


def test_a_notebook_shows_the_ids_of_exports_whole(known):
    page = known._repr_html_()
    assert all(f"<code>{export_id}</code>" in page for export_id in known["id"])
    assert "posted 2026-01-01 to 2026-01-31" in page


def test_made_up_exports_are_shown_as_such_beside_those_of_ones_own(known, tmp_path):
    assert "made up" not in repr(known)
    with mf.Client(profile="sandbox", cache_dir=tmp_path / "cache") as client:
        made_up = client.start_export("Bill").id
        with mf.sandbox(rows=60) as mews, mews.client(cache_dir=client.cache.path) as other:
            own = other.start_export("OrderItem").id
        both = client.exports()
    lines = {line.split()[0]: line for line in repr(both).splitlines()[2:]}
    assert "Bill (made up)" in lines[made_up]
    assert "made up" not in lines[own]
    assert "<b>Bill (made up)</b>" in both._repr_html_()
    assert "<b>OrderItem</b>" in both._repr_html_()
    assert both.columns == known.columns


def test_what_is_made_of_exports_is_shown_as_polars_does(known):
    other = known[["id", "rows"]]
    assert repr(other) == repr(pl.DataFrame(other))
    assert other._repr_html_() == pl.DataFrame(other)._repr_html_()
    counted = known.with_row_index()
    assert repr(counted) == repr(pl.DataFrame(counted))
