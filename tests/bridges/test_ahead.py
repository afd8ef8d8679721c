"""The cache under an open part: little at first, ever more at a time, some of it kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._bridges.ahead import FIRST, KEPT, MOST, ReadAhead

SIZE = 100_000
DATA = bytes(i * i % 251 for i in range(SIZE))


class Far:
    """Bytes far away, and what was fetched of them."""

    def __init__(self, data=DATA, block=1000):
        self.data, self.fetched = data, []
        self.cache = ReadAhead(block, self.fetch, len(data))

    def fetch(self, start, stop):
        self.fetched.append((start, stop))
        return self.data[start:stop]

    def read(self, start, stop):
        data = self.cache._fetch(start, stop)
        assert data == self.data[start:stop]
        return data


def test_the_first_rows_cost_one_small_block():
    far = Far()
    far.read(0, 10)
    far.read(10, 900)
    assert far.fetched == [(0, 1000)]


def test_blocks_that_follow_each_other_double():
    far = Far()
    for start in range(0, 15_000, 100):
        far.read(start, start + 100)
    assert far.fetched == [(0, 1000), (1000, 3000), (3000, 7000), (7000, 15_000)]


def test_blocks_grow_to_a_limit():
    far = Far(bytes(4 * MOST), block=FIRST)
    for start in range(0, 3 * MOST, FIRST):
        far.read(start, start + 1)
    assert max(stop - start for start, stop in far.fetched) == MOST


def test_a_jump_begins_small_again():
    far = Far()
    far.read(0, 2500)
    far.read(50_000, 50_010)
    assert far.fetched == [(0, 2500), (50_000, 51_000)]


def test_what_is_asked_for_at_once_is_fetched_at_once():
    far = Far()
    far.read(0, SIZE)
    assert far.fetched == [(0, SIZE)]


def test_going_back_a_little_is_free():
    far = Far()
    for start in (0, 20_000, 40_000, 60_000):
        far.read(start, start + 10)
    before = list(far.fetched)
    for start in (0, 20_500, 40_900, 60_000):
        far.read(start, start + 10)
    assert far.fetched == before


def test_only_some_blocks_are_kept():
    far = Far()
    for start in range(0, 10_000 * (KEPT + 1), 10_000):
        far.read(start, start + 10)
    far.read(0, 10)
    assert far.fetched[-1] == (0, 1000)
    assert len(far.cache._blocks) == KEPT


def test_a_huge_block_is_not_kept():
    far = Far(bytes(2 * MOST))
    far.read(0, 2 * MOST)
    assert sum(len(block) for _, block in far.cache._blocks) == 0


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (5, 5), (SIZE, SIZE + 5), (SIZE - 5, SIZE + 5)]
)
def test_the_end_is_the_end(start, stop):
    Far().read(start, stop)


def test_missing_offsets_are_those_of_the_whole():
    assert Far().cache._fetch(None, None) == DATA


@given(st.lists(st.tuples(st.integers(0, SIZE + 10), st.integers(0, 30_000)), max_size=20))
def test_any_reading_gives_the_bytes_and_goes_nowhere_beyond(reads):
    far = Far()
    for start, length in reads:
        far.read(start, start + length)
    assert all(0 <= start < stop <= SIZE for start, stop in far.fetched)
