"""What there is to see of a load at any moment."""

import pytest

from mews_frames._display.board import KEPT, Board, says_a_change
from mews_frames.errors import ServerError
from mews_frames.typing import ProgressEvent

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
OTHER = "11111111-5717-4562-b3fc-2c963f66afa6"


def event(stage, message="said", entity_type="OrderItem", **rest):
    return ProgressEvent(stage=stage, message=message, entity_type=entity_type, **rest)


def waiting(**rest):
    return event("waiting", status="Processing", waited=190, next_look=40, **rest)


def line_of(board, at=0.0):
    (line,) = board.lines(at)
    return line


@pytest.fixture
def board():
    return Board()


def test_time_goes_on_between_two_looks(board):
    board.hear(waiting(usual=(360, 540)), 100.0)
    assert line_of(board, 100.0).text == (
        "Processing at Mews: usually 6 to 9 min; 3 min 10 s so far; next look in 40 s"
    )
    assert line_of(board, 115.0).text == (
        "Processing at Mews: usually 6 to 9 min; 3 min 25 s so far; next look in 25 s"
    )
    assert line_of(board, 141.0).text.endswith("3 min 51 s so far; looking now")


def test_an_export_that_takes_longer_than_usual_is_said_to(board):
    board.hear(waiting(usual=(60, 120)), 0.0)
    assert "usually 1 to 2 min; 3 min 10 s so far, longer than usual;" in line_of(board).text


def test_without_a_past_there_is_no_estimate(board):
    board.hear(waiting(), 0.0)
    assert line_of(board).text == "Processing at Mews: 3 min 10 s so far; next look in 40 s"
    assert line_of(board).share is None


def test_a_bar_shows_time_by_the_estimate_and_then_bytes(board):
    board.hear(waiting(usual=(360, 380)), 0.0)
    assert line_of(board).share == pytest.approx(0.5)
    assert line_of(board, 10_000.0).share == 1.0
    board.hear(event("downloading", size=200, size_done=50), 1.0)
    assert line_of(board).share == pytest.approx(0.25)
    board.hear(event("ready", export_id=ID, rows=3), 2.0)
    assert line_of(board).share is None


def test_a_piece_of_a_window_is_said_while_it_is_waited_for(board):
    board.hear(waiting(piece=2, pieces=3), 0.0)
    assert line_of(board).text.startswith("piece 2 of 3: Processing")


def test_a_window_is_done_when_its_last_piece_is(board):
    board.hear(event("found", export_id=ID, rows=7, piece=1, pieces=2), 0.0)
    assert line_of(board).state == "busy"
    board.hear(event("ready", export_id=OTHER, rows=5, piece=2, pieces=2), 1.0)
    line = line_of(board)
    assert line.state == "done"
    assert line.text == "12 rows in 2 exports, before they are merged by Id"
    assert line.export_ids == (ID, OTHER)
    assert not line.is_cached


def test_what_was_found_is_cached(board):
    board.hear(event("found", "data as of today", export_id=ID), 0.0)
    assert line_of(board).is_cached
    assert line_of(board).sentence == "OrderItem: data as of today"


def test_notes_stay_beside_what_goes_on(board):
    board.hear(waiting(), 0.0)
    board.hear(event("note", "worth knowing"), 1.0)
    assert line_of(board).notes == ("worth knowing",)
    assert line_of(board).text.startswith("Processing")


def test_a_note_may_come_first(board):
    board.hear(event("note", "worth knowing"), 0.0)
    assert line_of(board).notes == ("worth knowing",)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ServerError("Mews answered 500", hint="wait"), ": Mews answered 500"),
        (KeyboardInterrupt(), " by an interruption"),
        (RuntimeError("Jane Doe, 1 Main Street"), " by RuntimeError"),
    ],
)
def test_a_call_that_fails_says_so_of_what_was_not_done(board, error, why):
    board.hear(event("ready", "3 rows", entity_type="Bill", export_id=ID), 0.0)
    board.hear(waiting(seconds=10.0), 100.0)
    board.end(error, 102.0)
    bill, order = board.lines(110.0)
    assert (bill.state, bill.text) == ("done", "3 rows")
    assert (order.state, order.text) == ("stopped", f"not loaded; stopped after 12 s{why}")


def test_an_interruption_says_how_to_go_on(board):
    board.hear(event("interrupted", "nothing is lost", export_id=ID), 0.0)
    board.end(KeyboardInterrupt(), 1.0)
    assert (line_of(board).state, line_of(board).text) == ("stopped", "nothing is lost")


def test_a_table_is_done_when_it_is_synced(board):
    board.hear(event("ready", "3 rows", export_id=ID), 0.0)
    board.hear(event("downloading"), 1.0)
    board.hear(event("synced", "2 new"), 2.0)
    assert (line_of(board).state, line_of(board).text) == ("done", "2 new")


def test_types_side_by_side_keep_their_order(board):
    for name in ("Reservation", "Bill", "Reservation"):
        board.hear(event("waiting", entity_type=name), 0.0)
    assert [line.entity_type for line in board.lines(0.0)] == ["Reservation", "Bill"]


@pytest.mark.parametrize("stage", sorted(KEPT))
def test_what_happens_once_is_always_a_change(stage):
    assert says_a_change(event(stage), event(stage))


def test_going_on_is_no_change():
    assert says_a_change(waiting(), event("added"))
    assert not says_a_change(waiting(), waiting())
    assert says_a_change(event("waiting", status="Processing"), event("waiting", status="Pending"))
    assert says_a_change(waiting(piece=2, pieces=2), waiting(piece=1, pieces=2))
    assert not says_a_change(event("downloading", size_done=9), event("downloading", size_done=1))
