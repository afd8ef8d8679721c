"""Pieces of a long window become one frame: of each id the row that was updated last."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._frames.merge import Older, older_rows, without_older

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = {"Id": pl.String, "UpdatedUtc": pl.Datetime("us", "UTC"), "Value": pl.Int64}

ids = st.sampled_from(["a", "b", "c", "d", None])
instants = st.sampled_from([None, *(START + timedelta(hours=n) for n in range(3))])
pieces_of_rows = st.lists(st.lists(st.tuples(ids, instants), max_size=6), min_size=1, max_size=4)


def frames_of(pieces):
    """Give every row a value of its own, so that rows can be told apart."""
    number = 0
    for rows in pieces:
        values = range(number, number + len(rows))
        number += len(rows)
        data = [(*row, value) for row, value in zip(rows, values, strict=True)]
        yield pl.LazyFrame(data, schema=SCHEMA, orient="row")


def merged(frames):
    older = older_rows(frames)
    pieces = (without_older(frame, each) for frame, each in zip(frames, older, strict=True))
    return pl.concat(list(pieces)).collect()


def newest_values(pieces):
    """Say in plain Python which rows are to be left."""
    best, nameless, value = {}, [], 0
    for rows in pieces:
        for name, updated in rows:
            key = updated or datetime.min.replace(tzinfo=UTC)
            if name is None:
                nameless.append(value)
            elif name not in best or key >= best[name][0]:
                best[name] = (key, value)
            value += 1
    return sorted([*nameless, *(value for _, value in best.values())])


@given(pieces_of_rows)
def test_of_each_id_the_newest_row_is_left_in_its_place(pieces):
    assert merged(list(frames_of(pieces)))["Value"].to_list() == newest_values(pieces)


def test_pieces_without_repeated_ids_are_left_as_they_are():
    frames = list(frames_of([[("a", START)], [("b", START)]]))
    older = older_rows(frames)
    assert older == (Older(), Older())
    assert without_older(frames[0], older[0]) is frames[0]


def test_a_record_that_changed_between_two_exports_is_taken_from_the_later_one():
    pieces = [[("a", START)], [("a", START + timedelta(hours=1))]]
    assert merged(list(frames_of(pieces)))["Value"].to_list() == [1]
