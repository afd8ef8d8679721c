"""More than 180 days in one call: cut, exported piece by piece, merged, and found again."""

from datetime import timedelta

import polars as pl
import pytest

import mews_frames as mf
from mews_frames.errors import InvalidArgumentError
from mews_frames.testing import Happening, Living

DAYS = 500
ID = "00000000-0000-4000-a000-000000000001"


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=3000, clock=clock) as opened:
        yield opened


@pytest.fixture
def window(clock):
    return (clock.now() - timedelta(days=DAYS), clock.now() - timedelta(days=1))


def adds(mews):
    return [r.body["Filters"]["UpdatedUtc"] for r in mews.requests if r.operation == "add"]


def within(frame, window):
    start, end = window
    return frame.filter((pl.col("UpdatedUtc") >= start) & (pl.col("UpdatedUtc") < end)).collect()


def test_the_frame_is_the_filter_on_the_whole(client, window):
    pieces = client.load_entities("OrderItem", updated=window, progress=False).collect()
    whole = client.load_entities("OrderItem", progress=False)
    assert pieces.height > 100
    assert pieces.sort("Id").equals(within(whole, window).sort("Id"))


def test_each_piece_is_an_export_of_at_most_180_days(client, mews, window):
    client.load_entities("OrderItem", updated=window, progress=False)
    asked = adds(mews)
    assert len(asked) == 3
    assert [one["EndUtc"] for one in asked[:-1]] == [other["StartUtc"] for other in asked[1:]]


def test_the_second_call_sends_nothing(client, mews, window):
    first = client.load_entities("OrderItem", updated=window, progress=False).collect()
    sent = len(mews.requests)
    again = client.load_entities("OrderItem", updated=window, progress=False).collect()
    assert again.equals(first)
    assert len(mews.requests) == sent


def test_a_window_that_has_grown_asks_only_for_what_is_new(client, mews, clock):
    start = clock.now() - timedelta(days=300)
    client.load_entities("OrderItem", updated=(start, None), progress=False)
    assert len(adds(mews)) == 2
    clock.sleep(3 * 86_400)
    client.load_entities("OrderItem", updated=(start, None), max_age=86_400 * 5, progress=False)
    assert len(adds(mews)) == 2
    client.load_entities("OrderItem", updated=(start - timedelta(days=360), None), progress=False)
    assert len(adds(mews)) == 4


def test_progress_tells_which_piece_it_is_about(client, window):
    heard = []
    client.load_entities("OrderItem", updated=window, progress=heard.append)
    assert [(e.piece, e.pieces) for e in heard if e.stage == "ready"] == [(1, 3), (2, 3), (3, 3)]
    assert all(e.message.startswith(f"piece {e.piece} of 3: ") for e in heard)


def test_an_interrupted_run_goes_on_with_the_pieces_that_are_missing(client, mews, window):
    def interrupt(event):
        if event.stage == "waiting" and event.piece == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.load_entities("OrderItem", updated=window, progress=interrupt)
    assert len(adds(mews)) == 2
    client.load_entities("OrderItem", updated=window, progress=False)
    assert len(adds(mews)) == 3


def test_columns_are_those_that_were_asked_for(client, window):
    options = {"updated": window, "columns": ["Type", "Amount.NetValue"], "progress": False}
    frame = client.load_entities("OrderItem", **options)
    assert frame.collect_schema().names() == ["Amount.NetValue", "Type", "_rescued_data"]
    nested = client.load_entities("OrderItem", flatten=False, **options)
    assert nested.collect_schema().names() == ["Amount", "Type", "_rescued_data"]
    assert nested.collect().height == frame.collect().height
    pandas = client.load_entities("OrderItem", backend="pandas", **options)
    assert len(pandas) == frame.collect().height


def test_of_a_record_in_two_pieces_the_newer_state_is_taken(clock):
    def noted(note, days_ago):
        return Happening(at=clock.now() - timedelta(days=days_ago), id=ID, fields={"Notes": note})

    orders = Living([noted("old", 200)])
    start, end = clock.now() - timedelta(days=300), clock.now() - timedelta(days=1)
    with mf.sandbox(clock=clock, records={"OrderItem": orders}) as mews, mews.client() as client:
        options = {"progress": False, "backend": "pyarrow"}
        client.load_entities("OrderItem", updated=(start, start + timedelta(days=180)), **options)
        orders.happen(noted("new", 20))
        frame = client.load_entities("OrderItem", updated=(start, end), **options)
    assert frame["Notes"].to_pylist() == ["new"]


def test_many_types_go_round_by_round(client, mews, window):
    frames = client.load_many(["OrderItem", "Reservation"], updated=window, progress=False)
    assert {name: frame.collect().height > 0 for name, frame in frames.items()} == {
        "OrderItem": True,
        "Reservation": True,
    }
    added = [r.body["EntityType"] for r in mews.requests if r.operation == "add"]
    assert added == ["OrderItem", "Reservation"] * 3


def test_start_export_refuses_what_takes_several_exports(client, mews, window):
    with pytest.raises(InvalidArgumentError, match="3 exports of at most 180 days"):
        client.start_export("OrderItem", updated=window)
    assert mews.requests == ()


def test_postings_of_any_length_are_one_export(client, mews):
    posted = ("2015-01-01", "2026-06-01")
    client.load_entities("LedgerEntry", posted=posted, progress=False)
    assert [r.operation for r in mews.requests].count("add") == 1
