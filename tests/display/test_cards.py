"""Cards say what an export, a load, the cache and a client are; and nothing of guests."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

import mews_frames as mf
from mews_frames._display.board import Board
from mews_frames._display.card import export_page, loaded_card
from mews_frames._display.page import page, progress_html
from mews_frames._models import Export, ExportFile, Filters, Scope
from mews_frames.typing import ProgressEvent

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
EVIL = "<script>alert('x')</script>"


class Text(HTMLParser):
    """Reads HTML as a person does: cells of a table side by side."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.cells, self._is_style = [], [""], False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - as HTMLParser calls it
        self.tags.append(tag)
        self._is_style = tag == "style"
        if tag in {"td", "th", "summary", "div"}:
            self.cells.append("")

    def handle_endtag(self, tag):  # noqa: ARG002
        self._is_style = False

    def handle_data(self, data):
        if not self._is_style:
            self.cells[-1] += data

    def fact(self, name):
        return self.cells[self.cells.index(name) + 1]

    def __str__(self):
        return " ".join(self.cells)


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=60, clock=clock, parts=2) as mews:
        yield mews


@pytest.fixture
def client(mews):
    return mews.client()


def loaded(client, clock, entity_type="OrderItem", **options):
    board = Board()
    client.load_entities(entity_type, progress=lambda event: board.hear(event, 0.0), **options)
    (line,) = board.lines(0.0)
    return Text(loaded_card(client.cache.path, line, clock.now()).html(is_open=True))


def test_a_load_ends_with_its_facts(client, clock, mews):
    card = loaded(client, clock)
    (export_id,) = client.exports()["id"]
    assert card.fact("properties") == ", ".join(mews.enterprise_ids)
    assert card.fact("window") == "everything"
    assert card.fact("data as of").startswith("complete up to 15 Jun 2026, 12:00 UTC, ")
    assert card.fact("rows") == "60"
    assert card.fact("rescued") == "nothing: all values fit the columns"
    assert re.fullmatch(r"\d+\.\d kB on disk, from \d+\.\d kB in 2 parts", card.fact("size"))
    assert card.fact("export") == export_id
    assert card.fact("expires") == "22 Jun 2026, 12:00 UTC"
    assert card.fact("load again") == f'mf.load_export("{export_id}")'
    assert card.fact("shown") == "15 Jun 2026, 12:00 UTC"


def test_a_card_names_the_profile_in_what_it_advises(client, clock):
    board = Board()
    client.load_entities("Bill", progress=lambda event: board.hear(event, 0.0))
    (line,) = board.lines(0.0)
    card = Text(loaded_card(client.cache.path, line, clock.now(), "demo").html(is_open=True))
    assert card.fact("load again") == f'mf.load_export("{line.export_ids[0]}", profile="demo")'


def test_an_export_of_the_sandbox_says_that_it_is_made_up():
    export = Export(ID, "Success", "Bill", profile="sandbox")
    assert Text(export_page(export)).fact("hotels") == "made up, by the profile sandbox"
    assert "made up" not in export_page(Export(ID, "Success", "Bill"))


def test_the_age_of_data_is_told_by_the_clock(client, clock):
    loaded(client, clock)
    clock.sleep(3 * 3600)
    assert "12:00 UTC, 3 h ago" in loaded(client, clock).fact("data as of")


def test_a_window_bounds_what_is_complete(client, clock):
    window = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    card = loaded(client, clock, updated=window, columns=["Id", "Amount"])
    assert card.fact("window") == (
        "updated from 1 Jan 2026, 00:00 UTC to before 1 Feb 2026, 00:00 UTC"
    )
    assert card.fact("data as of").startswith("complete up to 1 Feb 2026, 00:00 UTC, 134 days ago")
    assert card.fact("columns") == "only Amount, Id"


def test_a_ledger_says_its_posting_dates(client, clock):
    card = loaded(client, clock, "LedgerEntry", posted=("2026-01-01", "2026-01-31"))
    assert card.fact("window") == "posted 2026-01-01 to 2026-01-31, both included"


def test_a_long_window_is_one_card(client, clock):
    card = loaded(client, clock, updated=("2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z"))
    ids = client.exports()["id"].to_list()
    assert len(ids) == 3
    assert all(export_id in card.fact("export") for export_id in ids)
    assert card.fact("window").endswith(", in 3 exports")
    assert card.fact("rows").endswith("before they are merged by Id")


def test_what_was_rescued_is_named_but_not_shown(clock):
    records = {"OrderItem": [b'{"Id": "a", "GuestNote": "Jane Doe"}\n{"Id": "b"}\n']}
    with mf.sandbox(records=records, clock=clock) as mews:
        card = loaded(mews.client(), clock)
    assert card.fact("rescued").startswith("1 row with values that fit no column: GuestNote;")
    assert "Jane" not in str(card)


def test_a_load_that_left_its_rows_at_mews_has_a_card_too(client, clock):
    card = loaded(client, clock, cache=False)
    assert card.fact("size").endswith("of JSON Lines in 2 parts")
    assert card.fact("export") in client.exports()["id"]


def test_a_card_holds_no_row_and_no_token(client, clock, mews):
    guests = client.load_entities("Customer", progress=False).collect()
    card = str(loaded(client, clock, "Customer"))
    for secret in (mews.client_token, mews.access_token, *guests["Email"].drop_nulls()):
        assert secret not in card
    assert guests["Email"].drop_nulls().len() > 0


def test_an_export_shows_itself():
    export = Export(
        ID,
        "Success",
        "OrderItem",
        Scope(enterprise_ids=("a", "b")),
        Filters(updated=(datetime(2026, 1, 1, tzinfo=UTC), None)),
        (ExportFile(1, 1000), ExportFile(2, 500)),
        datetime(2026, 1, 8, tzinfo=UTC),
    )
    card = Text(export._repr_html_())
    assert "OrderItem: is Success" in str(card)
    assert card.fact("properties") == "a, b"
    assert card.fact("window") == "updated from 1 Jan 2026, 00:00 UTC to before now"
    assert card.fact("size") == "1.5 kB of JSON Lines in 2 parts"
    assert card.fact("expires") == "8 Jan 2026, 00:00 UTC"
    assert repr(export) == (
        f"<Export {ID} of OrderItem: Success, 2 parts, expires 2026-01-08T00:00:00Z>"
    )
    assert "Success, 1 part>" in repr(Export(ID, "Success", "Bill", files=(ExportFile(1, 9),)))


def test_a_running_export_shows_itself(client):
    export = client.start_export("Bill")
    assert "Bill: is Pending at Mews" in str(Text(export._repr_html_()))
    assert repr(export) == f"<Export {export.id} of Bill: Pending>"


def test_the_cache_and_a_client_show_themselves(client, mews):
    client.load_entities("OrderItem", progress=False)
    client.start_export("Bill")
    cache, shown = Text(client.cache._repr_html_()), Text(client._repr_html_())
    (order,) = client.exports().filter(type="OrderItem")["id"]
    assert "Cache: 1 export, " in str(cache)
    assert cache.cells.count("OrderItem") == 1
    assert order in str(cache)
    assert shown.fact("asks") == mews.address
    assert shown.fact("exports").startswith("1 in the cache, 1 running when last seen")
    assert mews.access_token not in str(shown)
    assert "\n" not in repr(client) + repr(client.cache)


def test_the_default_cache_shows_itself(monkeypatch, tmp_path):
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(tmp_path / "some"))
    assert str(tmp_path / "some") in mf.cache._repr_html_()
    assert str(tmp_path / "some") in repr(mf.cache)
    assert not (tmp_path / "some").exists()


def test_what_others_wrote_is_escaped():
    event = ProgressEvent(stage="waiting", message=EVIL, entity_type=EVIL)
    board = Board()
    board.hear(event, 0.0)
    board.hear(ProgressEvent(stage="note", message=EVIL, entity_type=EVIL), 0.0)
    pages = [
        page(progress_html(board.lines(0.0)[0])),
        export_page(Export(ID, EVIL, EVIL, Scope(chain_ids=(EVIL,)))),
    ]
    for each in pages:
        assert "script" not in Text(each).tags
        assert str(Text(each)).count(EVIL) >= 3


def test_a_page_fetches_nothing_and_runs_nothing():
    export = Export(ID, "Success", "Bill", expires=datetime.now(UTC) + timedelta(days=1))
    shown = export._repr_html_()
    assert not set(Text(shown).tags) & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?:|url\(|@import|\son\w+=", shown)
    assert len(shown) < 5000  # it stands in every saved output
