"""A table is complete after every call, and costs what changed."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames._models import instant_text
from mews_frames._schemas import ENTITY_TYPES
from mews_frames._sync.looked import NAME
from mews_frames._sync.plan import everything, watermark_after
from mews_frames.errors import InvalidArgumentError

DAY = 86_400


def rows_of(frame):
    return frame.collect().sort("Id")


def table_of(client, entity_type):
    (folder,) = client.cache.path.with_name("cache-tables").glob(f"*/{entity_type}")
    return DeltaTable(folder)


def adds(mews):
    return [request.body for request in mews.requests if request.operation == "add"]


QUICK = ("OrderItem", "Customer", "LedgerEntry")
TYPES = [t if t in QUICK else pytest.param(t, marks=pytest.mark.slow) for t in ENTITY_TYPES]


def test_a_first_sync_is_a_full_export(sync, fresh):
    assert_frame_equal(rows_of(sync("Reservation")), rows_of(fresh("Reservation")))


@pytest.mark.parametrize("entity_type", TYPES)
def test_a_table_that_was_reconciled_is_a_full_export(sync, fresh, clock, entity_type):
    sync(entity_type)
    clock.move(30 * DAY)
    sync(entity_type)
    clock.move(DAY)
    assert_frame_equal(rows_of(sync(entity_type, reconcile=True)), rows_of(fresh(entity_type)))


def test_a_later_sync_asks_for_what_was_updated_since_with_an_hour_of_overlap(sync, mews, clock):
    sync("Reservation")
    clock.move(DAY)
    sync("Reservation")
    first, second = adds(mews)
    assert "Filters" not in first
    assert second["Filters"]["UpdatedUtc"]["StartUtc"] == "2026-06-15T10:54:00Z"


def test_new_and_changed_records_replace_their_earlier_state(sync, fresh, clock):
    before = rows_of(sync("Reservation"))
    clock.move(DAY)
    after, all_there_is = rows_of(sync("Reservation")), rows_of(fresh("Reservation"))
    assert after["Id"].is_unique().all()
    assert after.join(before, on="Id", how="anti").height > 0
    assert before.join(after, on=["Id", "UpdatedUtc"], how="anti").height > 0
    # The sandbox forgets its oldest stays, so that there are as many rows as asked for.
    assert_frame_equal(after.join(all_there_is, on="Id", how="semi"), all_there_is)


def test_ledger_entries_of_the_last_month_are_read_again(sync, mews, clock):
    sync("LedgerEntry")
    clock.move(DAY)
    sync("LedgerEntry")
    windows = [body["Filters"]["LedgerEntryFilters"]["Posting"] for body in adds(mews)]
    assert windows == [
        {"Start": "2010-01-01", "End": "2026-06-16"},
        {"Start": "2026-05-15", "End": "2026-06-17"},
    ]


@pytest.mark.parametrize(
    ("hour", "minute", "last"), [(0, 0, 15), (9, 59, 15), (10, 0, 16), (23, 59, 16)]
)
def test_ledger_entries_are_asked_for_up_to_a_day_that_has_begun_somewhere(hour, minute, last):
    now = datetime(2026, 6, 15, hour, minute, tzinfo=UTC)
    assert everything("posted", now).posted[1] == date(2026, 6, last)


def test_the_overlap_is_the_callers_to_choose(sync, mews, clock):
    sync("Bill")
    clock.move(DAY)
    sync("Bill", overlap=timedelta(days=2))
    assert adds(mews)[1]["Filters"]["UpdatedUtc"]["StartUtc"] == "2026-06-13T11:54:00Z"


@pytest.mark.parametrize("entity_type", ["Bill", "LedgerEntry"])
@pytest.mark.parametrize("overlap", [1e12, float("inf"), 1e300, timedelta(days=10**6), "1h", -1])
def test_no_overlap_at_all_is_refused_before_anything_is_sent(sync, mews, entity_type, overlap):
    with pytest.raises(mf.errors.InvalidArgumentError, match="overlap"):
        sync(entity_type, overlap=overlap)
    assert not mews.requests


def test_an_empty_delta_makes_no_version(sync, client, clock):
    sync("Reservation")
    clock.move(600)
    sync("Reservation")
    assert table_of(client, "Reservation").version() == 0


def state_of(client, entity_type, into=None):
    return client._table(entity_type, into, None, None, None, None).state()


def test_how_far_a_table_is_complete_is_told_alike_whether_anything_is_new(client, mews, clock):
    reached = []
    for entity_type, seconds, options in (
        ("Reservation", DAY, {}),
        ("Reservation", 60, {}),
        ("Reservation", 3_600, {"reconcile": True}),
        ("Reservation", DAY, {}),
        ("Reservation", 1, {}),
    ):
        clock.move(seconds)
        count, (heard, message) = len(adds(mews)), said(client, entity_type, **options)
        state = state_of(client, entity_type)
        assert f"complete up to {instant_text(state['complete_up_to'])}" in message
        assert [event.stage for event in heard].count("synced") == len(adds(mews)) - count == 1
        reached.append((state["complete_up_to"], state["version"]))
    assert reached == sorted(reached)
    assert len({until for until, _ in reached}) == 5
    assert [version for _, version in reached] == [0, 0, 0, 1, 1]


def test_a_quiet_table_asks_only_for_what_is_new_since_it_was_looked_at(sync, mews, clock):
    for _ in range(3):
        sync("Reservation")
        clock.move(600)
    starts = [body["Filters"]["UpdatedUtc"]["StartUtc"] for body in adds(mews)[1:]]
    assert starts == ["2026-06-15T10:54:00Z", "2026-06-15T11:04:01Z"]


def test_an_export_that_held_nothing_new_is_not_read_again(client, mews, clock):
    client.sync_entities("LedgerEntry", progress=False)
    for _ in range(2):  # of the same posting dates, so that the cache has an answer
        clock.move(60)
        heard, _ = said(client, "LedgerEntry")
        assert [event.stage for event in heard if event.stage in ("found", "synced")] == ["synced"]


@pytest.mark.parametrize("said", [b"", b"{}", b"[1]", b'{"table": 1, "version": "x"}', b"\xff"])
def test_a_note_of_a_look_that_is_damaged_counts_for_nothing(sync, client, clock, tmp_path, said):
    sync("Reservation", into=tmp_path)
    before = state_of(client, "Reservation", tmp_path)
    clock.move(600)
    sync("Reservation", into=tmp_path)
    (tmp_path / NAME).write_bytes(said)
    assert state_of(client, "Reservation", tmp_path) == before
    sync("Reservation", into=tmp_path)
    after = state_of(client, "Reservation", tmp_path)
    assert after["complete_up_to"] > before["complete_up_to"]


def test_a_look_at_another_table_counts_for_nothing(sync, client, clock, tmp_path):
    for name in ("one", "two"):
        sync("Reservation", into=tmp_path / name)
    clock.move(600)
    sync("Reservation", into=tmp_path / "one")
    one = state_of(client, "Reservation", tmp_path / "one")
    (tmp_path / "one" / NAME).replace(tmp_path / "two" / NAME)
    two = state_of(client, "Reservation", tmp_path / "two")
    assert two["complete_up_to"] < one["complete_up_to"] - timedelta(seconds=500)


def test_a_look_at_a_later_version_counts_for_nothing(sync, mews, clock, tmp_path):
    sync("Reservation", into=tmp_path)
    clock.move(DAY)
    after = rows_of(sync("Reservation", into=tmp_path))
    clock.move(600)
    sync("Reservation", into=tmp_path)
    # As if an older state were put back, over what is there.
    (tmp_path / "_delta_log" / f"{1:020}.json").unlink()
    assert_frame_equal(rows_of(sync("Reservation", into=tmp_path)), after)


def test_an_export_that_reaches_less_far_takes_nothing_away(clock):
    now, full = clock.now(), everything("updated", clock.now())
    for before, reached in ((None, -360), (now, 0), (now - timedelta(hours=1), -360)):
        assert watermark_after(full, None, now, before) == now + timedelta(seconds=reached)


def test_where_nothing_can_be_new_nothing_is_asked(sync, mews, clock):
    sync("Bill", overlap=0)
    count = len(adds(mews))
    clock.move(-5)
    sync("Bill", overlap=0)
    assert len(adds(mews)) == count


def test_the_watermark_stands_in_the_commit_of_the_rows(sync, client, clock):
    sync("Reservation")
    clock.move(DAY)
    sync("Reservation")
    table = table_of(client, "Reservation")
    log = client.cache.path.with_name("cache-tables").rglob("00000000000000000001.json")
    actions = [json.loads(line) for line in next(iter(log)).read_text().splitlines()]
    moved = {a["txn"]["appId"]: a["txn"]["version"] for a in actions if "txn" in a}
    assert any("add" in action for action in actions)
    assert moved["mews_frames.watermark"] == table.transaction_version("mews_frames.watermark")
    assert table.history(1)[0]["mews_frames.watermark"].startswith("2026-06-16T11:54:")


def test_a_cached_export_of_everything_is_where_a_table_begins(client, sync, mews, clock, fresh):
    client.load_entities("Reservation", progress=False)
    clock.move(2 * DAY)
    synced = rows_of(sync("Reservation"))
    assert ["Filters" in body for body in adds(mews)] == [False, True]
    all_there_is = rows_of(fresh("Reservation"))
    assert_frame_equal(synced.join(all_there_is, on="Id", how="semi"), all_there_is)


# ----------------------------------------------------------------------- what is said


def said(client, entity_type, **options):
    heard = []
    client.sync_entities(entity_type, progress=heard.append, **options)
    return heard, next(event.message for event in heard if event.stage == "synced")


def test_deletions_are_spoken_of_where_they_would_show(client, clock):
    for entity_type, options, shows in (
        ("Bill", {}, True),  # everything
        ("Bill", {}, False),
        ("Bill", {"reconcile": True}, True),
        ("LedgerEntry", {}, True),
        ("LedgerEntry", {}, True),
    ):
        clock.move(DAY)
        assert ("gone at Mews" in said(client, entity_type, **options)[1]) is shows


def test_a_sync_offers_no_refresh_that_it_does_not_have(client, clock):
    client.load_entities("Bill", progress=False)
    clock.move(DAY)
    heard, _ = said(client, "Bill")
    found = next(event.message for event in heard if event.stage == "found")
    assert "from the cache" in found
    assert "refresh" not in found


def test_what_the_library_says_of_a_place_is_told(sync, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(mf.errors.TableError, match=r"cannot be read: .*does not exist"):
        sync("Bill", into=tmp_path / "file")


# ----------------------------------------------------------------------- deletions


def test_what_vanished_is_marked_and_left_out(sync, client, clock):
    before = rows_of(sync("OrderItem"))
    clock.move(40 * DAY)
    heard = []
    client.sync_entities("OrderItem", reconcile=True, progress=heard.append)
    now, every = rows_of(sync("OrderItem")), rows_of(sync("OrderItem", deleted=True))
    gone = every.filter(pl.col("_deleted_at").is_not_null())
    assert gone.height > 0
    assert set(gone["Id"]) == set(before["Id"]) - set(now["Id"])
    assert every.columns[-2:] == ["_deleted_at", "_rescued_data"]
    assert f"{gone.height} gone at Mews" in next(e.message for e in heard if e.stage == "synced")


# ----------------------------------------------------------------------- earlier states


def test_an_earlier_state_is_read_by_version_or_instant(sync, clock):
    states, instants = [], []
    for _ in range(3):
        states.append(rows_of(sync("Reservation")))
        clock.move(60)
        instants.append(clock.now())
        clock.move(DAY)
    for version, (state, instant) in enumerate(zip(states, instants, strict=True)):
        assert_frame_equal(rows_of(sync("Reservation", as_of=version)), state)
        assert_frame_equal(rows_of(sync("Reservation", as_of=instant)), state)
        assert_frame_equal(rows_of(sync("Reservation", as_of=instant.isoformat())), state)


def test_an_earlier_state_sends_nothing(sync, mews):
    sync("Reservation")
    count = len(mews.requests)
    sync("Reservation", as_of=0)
    assert len(mews.requests) == count


@pytest.mark.parametrize("as_of", [7, "2026-06-15T00:00:00Z"])
def test_a_state_that_there_was_not_is_an_error(sync, as_of):
    sync("Reservation")
    with pytest.raises(mf.errors.TableError):
        sync("Reservation", as_of=as_of)


NO_STATES = [-1, True, "yesterday", "2026-06-15", 1.5, "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("as_of", NO_STATES)
def test_what_is_no_state_is_refused(sync, as_of):
    sync("Reservation")
    with pytest.raises(mf.errors.InvalidArgumentError):
        sync("Reservation", as_of=as_of)


@pytest.mark.parametrize("since", [*NO_STATES, None])
def test_nothing_has_changed_since_what_is_no_state(sync, client, since):
    sync("Reservation")
    with pytest.raises(mf.errors.InvalidArgumentError, match="since is n"):
        client.changes("Reservation", since=since)


def test_a_state_whose_files_are_gone_is_an_error_and_no_shorter_frame(sync, client, clock):
    sync("Reservation")
    old = table_of(client, "Reservation").file_uris()
    clock.move(DAY)
    sync("Reservation")
    for path in set(old) - set(table_of(client, "Reservation").file_uris()):
        Path(path).unlink()
    with pytest.raises(mf.errors.TableError, match=r"version 0 .* is not left"):
        sync("Reservation", as_of=0)


def test_a_frame_stays_what_it_was_when_the_table_goes_on(sync, clock):
    frame = sync("Reservation")
    before = rows_of(frame)
    clock.move(DAY)
    sync("Reservation")
    assert_frame_equal(rows_of(frame), before)


def test_changes_are_those_between_two_states(sync, client, clock):
    before = rows_of(sync("OrderItem"))
    clock.move(40 * DAY)
    after = rows_of(sync("OrderItem", reconcile=True))
    changed = client.changes("OrderItem", since=0)
    kinds = {name: set(frame["Id"]) for (name,), frame in changed.group_by("_change")}
    assert kinds["inserted"] == set(after["Id"]) - set(before["Id"])
    assert kinds["removed"] == set(before["Id"]) - set(after["Id"])
    both = before.join(after, on="Id", how="semi", maintain_order="left")
    other = after.join(both, on="Id", how="semi", maintain_order="left").hash_rows()
    differing = set(both.filter(both.hash_rows() != other)["Id"])
    assert kinds["updated"] == differing
    assert differing
    shown = changed.filter(pl.col("_change") != "removed").drop("_change").sort("Id")
    assert_frame_equal(shown, after.join(shown, on="Id", how="semi"))


def test_nothing_changed_since_now(sync, client):
    sync("Bill")
    assert client.changes("Bill", since=0).is_empty()


def test_what_is_wrong_with_since_is_said_of_since(sync, client):
    sync("Bill")
    with pytest.raises(InvalidArgumentError, match=r"^since is neither") as caught:
        client.changes("Bill", since="2026-01-01")
    assert "as_of" not in str(caught.value)
