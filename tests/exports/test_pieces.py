"""A long window is cut into pieces that adjoin, none too long, and found again tomorrow."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._exports.pieces import depends_on_clock, pieces, windows
from mews_frames._exports.request import make_request
from mews_frames._exports.window import LONGEST_WINDOW, resolved_filters
from mews_frames._frames.merge import older_rows, without_older

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FAR = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

starts = st.datetimes(datetime(2018, 1, 1), datetime(2026, 6, 15, 11), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(seconds=1), timedelta(days=4000))


def test_a_window_of_180_days_is_one_piece_and_a_second_more_makes_two():
    start = NOW - LONGEST_WINDOW - DAY
    assert windows(start, start + LONGEST_WINDOW, NOW) == ((start, start + LONGEST_WINDOW),)
    end = start + LONGEST_WINDOW + timedelta(seconds=1)
    assert windows(start, end, NOW) == (
        (start, start + LONGEST_WINDOW),
        (start + LONGEST_WINDOW, end),
    )


@given(starts, lengths | st.none())
def test_pieces_adjoin_and_cover_the_window_as_it_was_asked(start, length):
    end = None if length is None else start + length
    cut = windows(start, end, NOW)
    assert cut[0][0] == start
    assert cut[-1][1] == end
    assert all(one[1] == other[0] for one, other in pairwise(cut))


@given(starts, lengths | st.none())
def test_mews_takes_every_piece(start, length):
    end = None if length is None else start + length
    request = make_request("Bill", updated=(start, end))
    for piece in pieces(request, NOW):
        first, last = resolved_filters(piece.filters, NOW).updated
        assert timedelta(0) < last - first <= LONGEST_WINDOW


@given(starts, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_finished_pieces_are_the_same_later(start, later):
    before, after = windows(start, None, NOW), windows(start, None, NOW + later)
    assert before[:-1] == after[: len(before) - 1]


def test_what_has_no_window_is_one_piece():
    assert len(pieces(make_request("Bill"), NOW)) == 1
    ledger = make_request("LedgerEntry", posted=("2010-01-01", "2026-01-01"))
    assert pieces(ledger, NOW) == (ledger,)


def test_the_clock_matters_only_near_a_cut():
    open_ended = make_request("Bill", updated=(NOW - LONGEST_WINDOW, None))
    assert depends_on_clock(open_ended, NOW)
    assert not depends_on_clock(open_ended, NOW + 3 * DAY)
    assert not depends_on_clock(make_request("Bill", updated=(FAR, FAR + 3 * DAY)), NOW)


HOURS = 24
hours = st.integers(0, HOURS)
records = st.lists(st.tuples(st.sampled_from("abcdefgh"), hours), max_size=12)


@pytest.mark.parametrize("late", [False, True], ids=["quiet", "records change meanwhile"])
@given(data=st.data(), start=hours, length=st.integers(1, HOURS), piece=st.integers(1, 7))
def test_the_merged_pieces_are_the_filter_on_the_whole(late, data, start, length, piece):
    """Whichever way equal instants at the edges fall, and whatever changes between exports."""

    def instant(hour):
        return FAR + timedelta(hours=hour)

    state = dict(data.draw(records))
    frames = []
    cut = windows(instant(start), instant(start + length), NOW, longest=timedelta(hours=piece))
    for number, (first, last) in enumerate(cut):
        if late and number:  # a record is updated after earlier pieces were made, within the window
            for name in data.draw(
                st.sets(st.sampled_from(sorted(state)) if state else st.nothing())
            ):
                state[name] = max(state[name], data.draw(hours))
        rows = [(n, instant(h)) for n, h in sorted(state.items()) if first <= instant(h) < last]
        schema = {"Id": pl.String, "UpdatedUtc": pl.Datetime("us", "UTC")}
        frames.append(pl.LazyFrame(rows, schema=schema, orient="row"))
    older = older_rows(frames)
    merged = pl.concat([without_older(f, o) for f, o in zip(frames, older, strict=True)]).collect()
    assert merged["Id"].is_unique().all()
    whole = {n: instant(h) for n, h in state.items() if start <= h < start + length}
    if not late:
        assert dict(merged.iter_rows()) == whole
    for name, updated in whole.items():
        # A record that moved into a window that had been exported already is not seen: Mews
        # exports the state of the moment. One that is seen is seen in its newest state.
        rows = dict(merged.iter_rows())
        if name in rows:
            assert rows[name] <= updated
