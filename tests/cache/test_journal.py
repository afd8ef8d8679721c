"""The journal remembers every export, and forgets none by accident."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from mews_frames._cache.files import write_sealed
from mews_frames._cache.journal import Journal
from mews_frames._cache.layout import Layout
from mews_frames._models import Export, ExportFile, Filters, Scope, Seen
from mews_frames._records import Entry, Record
from mews_frames._redact import Secret

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
IDS = [f"00000000-0000-4000-a000-{number:012d}" for number in range(20)]
FINGERPRINT = "f" * 64


def export(export_id=IDS[0], status="Pending", **more):
    return Export(id=export_id, status=status, entity_type="OrderItem", **more)


def entry(export_id=IDS[0], status="Pending", added=NOW, **more):
    return Entry(export(export_id, status, **more), added)


def record(*entries, fingerprint=FINGERPRINT, **more):
    return Record(fingerprint, "account", "OrderItem", Scope(), Filters(), entries=entries, **more)


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "cache")


@pytest.fixture
def journal(layout):
    return Journal(layout)


def test_a_record_comes_back_as_it_was(journal):
    written = Record(
        FINGERPRINT,
        "account",
        "OrderItem",
        Scope(enterprise_ids=(IDS[1], IDS[2])),
        Filters(updated=(NOW - timedelta(days=30), None)),
        intended=NOW + timedelta(minutes=1),
        entries=(
            entry(IDS[3], "Failed"),
            entry(
                IDS[4],
                "Success",
                scope=Scope(enterprise_ids=(IDS[1],)),
                filters=Filters(updated=(NOW - timedelta(days=30), NOW)),
                files=(ExportFile(1, 10), ExportFile(2, 20)),
                expires=NOW + timedelta(days=7),
            ),
        ),
    )
    journal.write(written)
    assert journal.read(FINGERPRINT) == written


def test_a_write_keeps_an_export_that_another_process_has_noted_meanwhile(journal):
    journal.write(record(entry(IDS[1])))
    journal.write(record(intended=NOW))
    assert [e.export.id for e in journal.read(FINGERPRINT).entries] == [IDS[1]]


def test_links_are_not_written(journal, layout):
    journal.write(record(entry()))
    journal.see(Seen(export(status="Success"), (Secret("https://storage/1?sig=canary"),)))
    assert journal.read(FINGERPRINT).entries[0].export.status == "Success"
    (path,) = layout.requests.iterdir()
    assert b"canary" not in path.read_bytes()


def test_a_record_under_another_name_is_not_believed(journal, layout):
    journal.write(record(entry()))
    layout.added(FINGERPRINT, IDS[0]).rename(layout.added("0" * 64, IDS[0]))
    assert journal.read("0" * 64) is None
    assert list(journal.records()) == []


def test_an_export_under_the_name_of_another_is_not_believed(journal, layout):
    journal.write(record(entry(IDS[0])))
    layout.added(FINGERPRINT, IDS[0]).rename(layout.added(FINGERPRINT, IDS[1]))
    assert journal.read(FINGERPRINT) is None


def test_what_a_release_before_has_noted_in_one_file_is_read(journal, layout):
    old = record(entry(IDS[0], "Success"), entry(IDS[1]))
    layout.make(layout.requests)
    write_sealed(layout.request(FINGERPRINT), old.to_data())
    assert journal.read(FINGERPRINT) == old
    journal.forget(IDS[0])
    assert journal.read(FINGERPRINT) == record(entry(IDS[1]))


def test_nobody_writes_over_what_another_process_notes_meanwhile(journal, layout, monkeypatch):
    """Where locks do nothing: another one adds between our look at the disk and our write."""
    theirs = record(entry(IDS[1], added=NOW + timedelta(seconds=1)))
    look = journal.read

    def look_too_early(fingerprint):
        before = look(fingerprint)
        monkeypatch.undo()
        Journal(layout).write(theirs)
        return before

    monkeypatch.setattr(journal, "read", look_too_early)
    journal.write(record(entry(IDS[0])))
    assert [e.export.id for e in journal.read(FINGERPRINT).entries] == IDS[:2]


def test_an_intent_that_an_export_was_added_for_since_is_fulfilled(journal, layout):
    journal.write(record(intended=NOW))
    Journal(layout).write(record(entry(added=NOW + timedelta(seconds=1))))
    write_sealed(layout.request(FINGERPRINT), record(intended=NOW).to_data())  # a crash came
    assert journal.read(FINGERPRINT).intended is None


def test_a_record_of_a_newer_layout_is_ignored(journal, layout, monkeypatch):
    monkeypatch.setattr("mews_frames._records.LAYOUT", 2)
    journal.write(record(entry()))
    monkeypatch.undo()
    assert journal.read(FINGERPRINT) is None


def test_the_running_export_of_an_account_and_type_is_found(journal):
    journal.write(record(entry(IDS[0], "Success"), entry(IDS[1], "Processing")))
    now = entry(IDS[1]).added
    assert journal.running("account", "OrderItem", now).export.id == IDS[1]
    assert journal.running("account", "Payment", now) is None
    assert journal.running("somebody else", "OrderItem", now) is None


def test_one_whose_end_nobody_saw_does_not_run_for_ever(journal):
    journal.write(record(entry(IDS[0], "Processing")))
    later = entry(IDS[0]).added + timedelta(days=8, seconds=1)
    assert journal.running("account", "OrderItem", later) is None


def test_seeing_an_older_export_does_not_make_it_the_newest(journal):
    journal.write(record(entry(IDS[0]), entry(IDS[1])))
    journal.see(Seen(export(IDS[0], "Success")))
    assert [e.export.id for e in journal.read(FINGERPRINT).entries] == IDS[:2]


def test_seeing_an_export_that_is_not_ours_writes_nothing(journal, layout):
    journal.see(Seen(export(IDS[0], "Success")))
    assert not layout.root.exists()


def test_forgetting_the_only_export_removes_the_record(journal, layout):
    journal.write(record(entry()))
    journal.forget(IDS[0])
    assert list(layout.requests.iterdir()) == []


def test_forgetting_keeps_an_intent_to_add(journal):
    later = NOW + timedelta(minutes=1)
    journal.write(record(entry(), intended=later))
    journal.forget(IDS[0])
    assert journal.read(FINGERPRINT).intended == later


def test_changes_from_many_threads_lose_no_export(journal):
    journal.write(record())

    def add(export_id):
        journal.change(record(), lambda before: before.with_added(entry(export_id)))
        journal.see(Seen(export(export_id, "Success")))

    journal.write(record(entry(IDS[0])))
    threads = [threading.Thread(target=add, args=(export_id,)) for export_id in IDS[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = journal.read(FINGERPRINT).entries
    assert {e.export.id for e in kept} == set(IDS)
    assert {e.export.status for e in kept[1:]} == {"Success"}


def test_how_long_an_export_took_is_not_forgotten_by_a_later_look(journal):
    journal.write(record(entry(IDS[0], "Processing")))
    journal.see(Seen(export(IDS[0], "Success")), 100.0)
    journal.see(Seen(export(IDS[0], "Expired")))
    assert journal.read(FINGERPRINT).entries[0].took == 100.0
