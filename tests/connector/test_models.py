"""What Mews says and is told, as values."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mews_frames._models import (
    Export,
    ExportFile,
    Filters,
    Scope,
    Seen,
    instant_text,
    is_uuid,
    read_instant,
)
from mews_frames.errors import ServerError

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
WIRE = {
    "Id": ID.upper(),
    "Status": "Success",
    "EntityType": "Reservation",
    "Scope": {"EnterpriseIds": ["e-1"], "ChainIds": None},
    "Files": [
        {"Url": "https://files.example/1?sig=CANARY", "SizeInBytes": 2**40},
        {"Url": "https://files.example/2?sig=CANARY", "SizeInBytes": 0},
    ],
    "ExpiresUtc": "2026-06-22T12:00:00.155Z",
    "Filters": {
        "UpdatedUtc": {"StartUtc": "2026-01-01T00:00:00Z", "EndUtc": "2026-02-01T00:00:00Z"},
        "LedgerEntryFilters": None,
    },
    "SomethingNew": {"left": "aside"},
}
EXPORT = Export(
    ID,
    "Success",
    "Reservation",
    Scope(enterprise_ids=("e-1",)),
    Filters(updated=(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))),
    (ExportFile(1, 2**40), ExportFile(2, 0)),
    datetime(2026, 6, 22, 12, 0, 0, 155_000, tzinfo=UTC),
)


def test_an_export_is_read_and_what_is_new_left_aside():
    assert Seen.from_wire(WIRE).export == EXPORT


def test_an_export_that_has_just_been_added_has_little():
    wire = {"Id": ID, "Status": "Pending", "EntityType": "Bill", "Files": None, "Filters": None}
    assert Seen.from_wire(wire).export == Export(ID, "Pending", "Bill")


def test_what_is_written_is_read_back_without_links():
    for export in (EXPORT, Export(ID, "Pending", "Bill")):
        assert Seen.from_wire(export.to_wire()).export == export


@pytest.mark.parametrize("day", ["2026-01-31", "2026-01-31T00:00:00Z"])
def test_a_posting_date_is_read_with_or_without_a_time(day):
    wire = {"LedgerEntryFilters": {"Posting": {"Start": "2026-01-01", "End": day}}}
    assert Filters.from_wire(wire).posted == (date(2026, 1, 1), date(2026, 1, 31))


def test_links_are_kept_and_not_shown():
    seen = Seen.from_wire(WIRE)
    assert seen.links[1].reveal() == "https://files.example/2?sig=CANARY"
    assert "CANARY" not in repr(seen)
    assert "CANARY" not in repr(seen.export)


@pytest.mark.parametrize(
    "change",
    [{"Files": [{}]}, {"ExpiresUtc": "soon"}, {"Scope": 3}, {"Files": [{"SizeInBytes": "1"}]}],
)
def test_an_export_that_cannot_be_read_still_has_an_id(change):
    with pytest.raises(ServerError, match="cannot be read") as caught:
        Seen.from_wire(WIRE | change)
    assert caught.value.export_id == ID
    assert caught.value.__context__ is None  # its frames would hold links


def test_only_pending_and_processing_are_running():
    states = ["Pending", "Processing", "Success", "Failed", "Expired"]
    running = [state for state in states if Export(ID, state, "Bill").is_running]
    assert running == ["Pending", "Processing"]


@pytest.mark.parametrize("text", [ID, ID.upper(), "00000000-0000-0000-0000-000000000000"])
def test_the_usual_spelling_is_a_uuid(text):
    assert is_uuid(text)


@pytest.mark.parametrize(
    "text",
    ["", ID.replace("-", ""), "{" + ID + "}", "urn:uuid:" + ID, " " + ID, ID + "\n", "../..", 7],
)
def test_other_spellings_are_none(text):
    assert not is_uuid(text)


def test_instants_are_written_in_utc_with_no_more_digits_than_needed():
    noon = datetime(2026, 6, 15, 14, tzinfo=timezone(timedelta(hours=2)))
    assert instant_text(noon) == "2026-06-15T12:00:00Z"
    assert instant_text(noon.replace(microsecond=50)) == "2026-06-15T12:00:00.000050Z"


def test_instants_are_read_in_any_zone():
    noon = datetime(2026, 6, 15, 12, tzinfo=UTC)
    for text in ("2026-06-15T12:00:00Z", "2026-06-15T14:00:00+02:00", "2026-06-15T12:00:00"):
        assert read_instant(text) == noon
    assert read_instant(None) is None


def described(*files):
    return {
        "Id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "Status": "Success",
        "EntityType": "Bill",
        "Files": [{"Url": url, "SizeInBytes": size} for url, size in files],
    }


@given(st.permutations(range(1, 13)))
def test_parts_are_the_same_in_whatever_order_mews_lists_them(order):
    """Mews promises none, and the next look may have another one."""
    files = [(f"https://s.example/a3/part-{n}.json?sig={hash(n)}", 100 * n) for n in order]
    seen = Seen.from_wire(described(*files))
    assert [file.size for file in seen.export.files] == [100 * n for n in range(1, 13)]
    assert [link.reveal().split("?")[0][-9:] for link in seen.links][1] == "rt-2.json"


def test_files_without_links_keep_their_order():
    files = [{"SizeInBytes": size} for size in (3, 1, 2)]
    seen = Seen.from_wire(described() | {"Files": files})
    assert [file.size for file in seen.export.files] == [3, 1, 2]


def test_a_size_may_be_written_as_1434_0():
    assert Seen.from_wire(described(("https://s/1", 1434.0))).export.files[0].size == 1434
    with pytest.raises(ServerError):
        Seen.from_wire(described(("https://s/1", 0.5)))


def test_an_echo_of_no_posting_dates_is_none():
    empty = {"LedgerEntryFilters": {"Posting": {"Start": None, "End": None}}}
    assert Filters.from_wire(empty).posted is None


@pytest.mark.parametrize("name", ["../../x", "\x1b]0;pwned\x07", "", None, {"a": 1}, 7])
def test_an_entity_type_that_is_no_name_is_refused(name):
    with pytest.raises(ServerError, match="cannot be read"):
        Seen.from_wire(WIRE | {"EntityType": name})


def test_an_export_answers_what_was_asked_for_and_nothing_else():
    mine = Seen.from_wire(WIRE).export
    assert mine.answers("Reservation", Scope())
    assert mine.answers("Reservation", Scope(enterprise_ids=("e-1", "e-2")))
    assert mine.answers("Reservation", Scope(chain_ids=("c-1",)))  # Mews says nothing of chains
    assert not mine.answers("Bill", Scope())
    assert not mine.answers("Reservation", Scope(enterprise_ids=("e-2",)))
