"""The demo shows the main job, and claims only what it saw."""

import functools
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

import mews_frames as mf
from mews_frames._cli import demo_view
from mews_frames._cli.console import Shell
from mews_frames._cli.demo import Load, revenue_by_month, stages_of
from mews_frames.testing import FakeClock
from mews_frames.typing import ProgressEvent


@pytest.fixture
def _at_once(monkeypatch):
    monkeypatch.setattr(mf, "sandbox", functools.partial(mf.sandbox, clock=FakeClock()))


def test_the_second_load_sends_nothing_and_the_first_does():
    with mf.sandbox(rows=100, clock=FakeClock()) as mews, mews.client() as client:
        first, second = Load(client, mews), Load(client, mews)
        assert first.requests[0] == "add"
        assert len(mews.requests) == len(first.requests)
        assert second.requests == []
        assert first.rows == second.rows == 100


@pytest.mark.usefixtures("_at_once")
def test_it_shows_what_was_promised(run):
    ran = run("demo", "--rows", "1000")
    assert ran.code == 0, ran.err
    for heading in ("The first load", "Typed rows (made up)", "Schema", "Revenue", "again", "Next"):
        assert heading in ran.out
    assert "5 of 1,000, 5 of 53 columns" in ran.out
    assert "0 requests sent" in ran.out
    assert "mews-frames login" in ran.out


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("rows", [0, 1])
def test_a_hotel_without_guests_is_no_error(rows, run):
    assert run("demo", "--rows", rows).code == 0


def test_a_pipe_gets_neither_colours_nor_cut_lines():
    words = [sys.executable, "-m", "mews_frames", "demo", "--rows", "500"]
    ran = subprocess.run(words, capture_output=True, check=True)
    out = ran.stdout.decode()
    assert "\x1b" not in out
    assert "\u2026" not in out
    assert max(map(len, out.splitlines())) <= 100
    assert re.search(r"\d+ ms, answered from disk: 0 requests sent", out)
    assert not ran.stderr


def test_stages_take_what_lies_between_their_events():
    events = [
        ProgressEvent(stage=stage, message="", entity_type="OrderItem", seconds=seconds)
        for stage, seconds in [
            ("added", 0.5),
            ("waiting", 0.6),
            ("waiting", 2.0),
            ("downloading", 3.5),
            ("downloading", 4.0),
            ("ready", 5.0),
        ]
    ]
    assert stages_of(events) == {"add": 0.5, "wait": 3.0, "bring": 1.5}


def order(amount, *, currency="EUR", month="2026-05", type_="SpaceOrder", state="Closed"):
    return {
        "Type": type_,
        "AccountingState": state,
        "ConsumedUtc": datetime.fromisoformat(f"{month}-28T02:00:00Z"),
        "Amount.Currency": currency,
        "Amount.NetValue": Decimal(amount),
    }


def revenue_of(*orders, now=datetime(2026, 6, 15, tzinfo=UTC)):
    frame = pl.LazyFrame(list(orders), schema_overrides={"Amount.NetValue": pl.Decimal(38, 6)})
    return revenue_by_month(frame, now).collect().rows()


def test_currencies_are_never_added():
    rows = revenue_of(order("100.10"), order("0.20"), order("7", currency="USD"))
    assert rows == [("2026-05", "EUR", Decimal("100.3")), ("2026-05", "USD", Decimal(7))]


def test_revenue_is_what_nights_brought_in():
    rows = revenue_of(
        order("100", state="Open"),
        order("-10", type_="NightRebate"),
        order("1000", state="Canceled"),
        order("1000", type_="CityTax"),
    )
    assert rows == [("2026-05", "EUR", Decimal(90))]


@pytest.mark.parametrize("revenue", ["-5.00", "0.00"])
def test_a_month_without_gains_has_no_bar(revenue, capsys):
    columns = {"month": ["2026-05"], "currency": ["EUR"], "revenue": [Decimal(revenue)]}
    Shell().print(demo_view.revenue(pl.DataFrame(columns), blocks=False))
    out = capsys.readouterr().out
    assert revenue in out
    assert "#" not in out


def test_the_last_twelve_whole_months_count():
    months = ["2025-05", "2025-06", "2026-05", "2026-06"]
    rows = revenue_of(*(order("1", month=month) for month in months))
    assert [month for month, *_ in rows] == ["2025-06", "2026-05"]
