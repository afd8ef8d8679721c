"""How long exports usually take: by what this machine saw, and by nothing else."""

import json

import pytest

import mews_frames as mf
from mews_frames._exports.wait import time_taken
from mews_frames.errors import ExportTimeoutError

WINDOW = {"updated": ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")}


@pytest.fixture
def open_mews(clock):
    opened = []

    def make(duration):
        opened.append(mf.sandbox(rows=20, clock=clock, duration=duration))
        return opened[-1]

    yield make
    for mews in opened:
        mews.close()


def usual_of(client, **options):
    heard = []
    client.load_entities("OrderItem", refresh=True, progress=heard.append, **options)
    return [event.usual for event in heard if event.stage == "waiting"]


def took(client):
    return [
        entry["took"]
        for path in sorted(client.cache.path.glob("v1/requests/*.json"))
        for entry in json.loads(path.read_text())["exports"]
    ]


def test_the_first_export_has_no_estimate_and_the_second_has(open_mews):
    client = open_mews(600).client()
    assert set(usual_of(client)) == {None}
    (first,) = took(client)
    assert 600 <= first <= 660  # a look comes up to a tenth late
    assert set(usual_of(client)) == {(first, first)}
    assert len(set(usual_of(client)).pop()) == 2


def test_an_estimate_is_told_in_words(open_mews):
    client = open_mews(600).client()
    client.load_entities("OrderItem", progress=False)
    heard = []
    client.load_entities("OrderItem", refresh=True, progress=heard.append)
    waits = [event for event in heard if event.stage == "waiting"]
    start, end = "Pending at Mews: usually about ", " min; 0 s so far; next look in 1 s"
    assert waits[0].message in {f"{start}{minutes}{end}" for minutes in (10, 11)}
    assert (waits[0].status, waits[0].next_look) == ("Pending", 1.0)
    assert waits[-1].waited > 500


def test_the_very_request_counts_more_than_its_type(open_mews):
    client = open_mews(600).client()
    client.load_entities("OrderItem", progress=False)
    client.load_entities("OrderItem", **WINDOW, progress=False)
    before = took(client)
    (usual,) = set(usual_of(client))
    assert usual[0] == usual[1]
    assert usual[0] in before


def test_a_new_request_goes_by_its_type(open_mews):
    client = open_mews(600).client()
    client.load_entities("OrderItem", progress=False)
    (seen,) = took(client)
    assert set(usual_of(client, **WINDOW)) == {(seen, seen)}


def test_another_type_or_account_says_nothing(open_mews, tmp_path):
    client = open_mews(600).client(cache_dir=tmp_path)
    client.load_entities("Bill", progress=False)
    assert set(usual_of(client)) == {None}
    assert set(usual_of(open_mews(600).client(cache_dir=tmp_path))) == {None}


def test_an_export_that_ended_while_nobody_looked_is_no_measure(open_mews, clock):
    client = open_mews(600).client()
    with pytest.raises(ExportTimeoutError):
        client.load_entities("OrderItem", timeout=60, progress=False)
    clock.sleep(86_400)
    client.load_entities("OrderItem", progress=False)
    assert took(client) == [None]


def test_a_journal_of_before_is_read(open_mews):
    client = open_mews(5).client()
    client.load_entities("OrderItem", progress=False)
    (path,) = client.cache.path.glob("v1/requests/*.json")
    from mews_frames._cache.files import read_sealed, write_sealed

    data = read_sealed(path)
    for entry in data["exports"]:
        del entry["took"]
    write_sealed(path, data)
    assert client.exports()["scope"].null_count() == 0  # the record counts as one
    assert set(usual_of(client)) == {None}


@pytest.mark.parametrize(
    ("age", "last_running", "known"),
    [(3.0, 0.0, True), (600.0, 545.0, True), (600.0, 300.0, False), (86_400.0, 60.0, False)],
)
def test_looks_must_be_close_together(age, last_running, known):
    assert time_taken(age, last_running) == (age if known else None)
