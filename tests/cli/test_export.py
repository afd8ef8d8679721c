"""``mews-frames export`` starts now and picks up later."""

import json

import pytest

from mews_frames._display.known import asked_in_words


def test_the_id_is_the_only_data(mews, run):
    ran = run("export", "start", "OrderItem")
    assert ran.code == 0
    (sent,) = mews.requests
    assert sent.operation == "add"
    assert len(ran.out.strip()) == 36
    assert ran.out.strip() in ran.err  # and in words


def test_it_is_waited_for_by_its_id_and_loaded_by_its_type(mews, run, tmp_path):
    export_id = run("export", "start", "OrderItem").out.strip()
    waited = json.loads(run("export", "wait", export_id, "--json").out)
    assert waited == {"id": export_id, "type": "OrderItem", "from_cache": False, "rows": 200}
    sent = len(mews.requests)
    ran = run("load", "OrderItem", "--out", tmp_path / "x.csv", "--json")
    assert json.loads(ran.out)["exports"] == [export_id]
    assert len(mews.requests) == sent


def test_a_wait_has_a_timeout(open_mews, run):
    open_mews(duration=3600)
    export_id = run("export", "start", "OrderItem").out.strip()
    assert run("export", "wait", export_id, "--timeout", "0s").code == 4


def test_a_second_start_attaches(open_mews, run):
    mews = open_mews(duration=3600)
    first = json.loads(run("export", "start", "OrderItem", "--json").out)
    again = json.loads(run("export", "start", "OrderItem", "--json").out)
    assert first["id"] == again["id"]
    assert (first["type"], first["status"]) == ("OrderItem", "Pending")
    assert [request.operation for request in mews.requests].count("add") == 1


def test_what_is_known_is_listed_without_asking(mews, run):
    run("export", "start", "LedgerEntry", "--posted", "2026-01-01", "2026-01-31")
    run("export", "wait", run("export", "start", "OrderItem").out.strip())
    sent = len(mews.requests)
    listed = json.loads(run("export", "list", "--json").out)
    assert {row["type"]: row["rows"] for row in listed} == {"OrderItem": 200, "LedgerEntry": None}
    (ledger,) = [row for row in listed if row["type"] == "LedgerEntry"]
    posting = ledger["filters"]["LedgerEntryFilters"]["Posting"]
    assert posting == {"Start": "2026-01-01", "End": "2026-01-31"}
    table = run("export", "list").out.splitlines()
    assert len(table) == 3
    assert any("posted 2026-01-01 to 2026-01-31" in line for line in table)
    assert len(mews.requests) == sent


@pytest.mark.parametrize(
    ("scope", "filters", "words"),
    [
        ({}, {}, "everything"),
        (None, None, "not known here"),
        ({"ChainIds": ["a"]}, {}, "1 chain"),
        (
            {"EnterpriseIds": ["a", "b"]},
            {"UpdatedUtc": {"StartUtc": "2026-01-01T00:00:00Z", "EndUtc": None}},
            "2 enterprises, updated 2026-01-01 00:00 to now",
        ),
    ],
)
def test_what_was_asked_for_is_said_in_few_words(scope, filters, words):
    assert asked_in_words(scope, filters) == words


def test_an_id_that_is_none_is_refused(mews, run):
    ran = run("export", "wait", "latest")
    assert ran.code == 2
    assert "mews-frames export list" in ran.err
    assert not mews.requests
