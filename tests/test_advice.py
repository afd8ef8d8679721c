"""Calls that are advised name the profile that was used: copied, they find the same tokens."""

from contextlib import nullcontext

import pytest

import mews_frames as mf
from mews_frames._display import progress
from mews_frames._settings import config_file


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=60, clock=clock, duration=3600) as mews:
        yield mews


@pytest.fixture
def board(mews, clock):
    """Give a client of the profile "board"."""
    config_file().parent.mkdir(parents=True, mode=0o700)
    config_file().touch(mode=0o600)
    config_file().write_text(
        "[profiles.board]\n"
        f'client_token = "{mews.client_token}"\n'
        f'access_token = "{mews.access_token}"\n'
        f'platform_address = "{mews.address}"\n'
    )
    with mf.Client(profile="board", clock=clock) as client:
        yield client


def test_an_error_names_it(board):
    with pytest.raises(mf.errors.ExportTimeoutError) as caught:
        board.load_entities("OrderItem", timeout=1, progress=False)
    assert f'mf.load_export("{caught.value.export_id}", profile="board")' in caught.value.hint


def test_an_interruption_names_it(board):
    events = []

    def interrupt(event):
        events.append(event)
        if event.stage == "waiting":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        board.load_entities("OrderItem", progress=interrupt)
    call = f'mf.load_export("{events[-1].export_id}", profile="board")'
    assert call in events[-1].message
    assert [call in note for note in caught.value.__notes__] == [True]


def test_an_export_names_it_and_is_equal_all_the_same(board, mews):
    export = board.start_export("OrderItem")
    assert f'mf.load_export("{export.id}", profile="board")'.replace('"', "&quot;") in (
        export._repr_html_()
    )
    assert mews.client(cache_dir=board.cache.path).start_export("OrderItem") == export


def test_a_table_that_is_missed_is_made_with_it(board):
    with pytest.raises(mf.errors.InvalidArgumentError) as caught:
        board.changes("Bill", since=0)
    assert caught.value.hint.startswith('mf.sync_entities("Bill", profile="board")')


def test_the_card_of_a_load_is_told_it(board, monkeypatch):
    told = []

    def automatic(_cache, _clock, profile):
        told.append(profile)
        return nullcontext()

    monkeypatch.setattr(progress, "automatic", automatic)
    board.start_export("Bill", progress=None)
    assert told == ["board"]


def test_where_no_profile_was_used_none_is_named(mews):
    client = mews.client()
    export = client.start_export("OrderItem")
    assert "profile=" not in export._repr_html_()
    with pytest.raises(mf.errors.ExportTimeoutError) as caught:
        client.load_export(export.id, timeout=1, progress=False)
    assert f'mf.load_export("{export.id}")' in caught.value.hint
