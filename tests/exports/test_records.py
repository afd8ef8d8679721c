"""What the journal holds of a request."""

from datetime import UTC, date, datetime

import pytest

from mews_frames._models import Export, Filters, Scope
from mews_frames._records import Entry, Record

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def entry(number, status="Success"):
    return Entry(Export(f"00000000-0000-4000-8000-{number:012}", status, "Bill"), NOW)


def record(*entries, intended=None, **asked):
    given = {"scope": Scope(), "filters": Filters()} | asked
    return Record("f", "a", "Bill", given["scope"], given["filters"], intended, entries)


def test_an_added_export_fulfils_the_intent_and_is_the_newest():
    after = record(entry(1), intended=NOW).with_added(entry(2))
    assert after == record(entry(1), entry(2))


def test_an_export_that_is_seen_again_keeps_its_place_and_the_intent():
    before = record(entry(1, "Pending"), entry(2, "Pending"), intended=NOW)
    assert before.with_seen(entry(1)) == record(entry(1), entry(2, "Pending"), intended=NOW)


def test_the_newest_running_export_is_the_running_one():
    one, two, three = entry(1, "Pending"), entry(2, "Processing"), entry(3)
    assert record(one, two, three).running(NOW) == two
    assert record(three).running(NOW) is None


def test_a_record_is_empty_without_exports_and_intent():
    assert record(entry(1)).without(entry(1).export.id).is_empty
    assert not record(entry(1)).without(entry(2).export.id).is_empty
    assert not record(intended=NOW).is_empty


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scope": Scope(chain_ids=("c-1", "c-2"))},
        {"filters": Filters(updated=(NOW.replace(microsecond=5), None))},
        {"filters": Filters(posted=(date(2026, 1, 1), date(2026, 1, 31)))},
    ],
)
def test_what_is_written_is_read_back(asked):
    before = record(entry(1), entry(2, "Failed"), intended=NOW, **asked)
    assert Record.from_data(before.to_data()) == before
