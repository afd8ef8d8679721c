"""What the documentation computes is right: it does itself what its page of traps asks for."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

import mews_frames as mf
from mews_frames._clock import SystemClock
from mews_frames.testing import FakeClock

ROOT = Path(__file__).parent.parent
CLOCK = FakeClock()


def blocks():
    """Every block of code of README and docs, and every example of a docstring."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in re.findall(r"```\w*\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            yield page.relative_to(ROOT), block
    for module in sorted((ROOT / "mews_frames").rglob("*.py")):
        for block in re.findall(
            r"(?:^ *(?:>>>|\.\.\.).*\n)+", module.read_text("utf-8"), re.MULTILINE
        ):
            yield module.relative_to(ROOT), block


def is_of_money(block):
    return re.search(r"(?:Net|Gross)Value", block) and re.search(
        r"\bsum|\bmean|describe\(\)", block
    )


def test_money_is_summed_over_what_counts_and_by_hotel_or_currency():
    sums = [(page, block) for page, block in blocks() if is_of_money(block)]
    assert len(sums) >= 10
    for page, block in sums:
        assert "AccountingState" in block, f"{page} sums up what was cancelled:\n{block}"
        assert re.search(r"Currency|EnterpriseId", block), f"{page} adds up currencies:\n{block}"


def test_nights_are_not_named_by_dates_of_utc():
    for page, block in [*blocks(), *((n, n.read_text("utf-8")) for n in notebooks())]:
        dates = re.findall(r'pl\.col\("\w+Utc"\)\.dt\.(?:date|month|day|year)\b.*', block)
        dates += re.findall(r"date_trunc\('\w+', \"\w+Utc\"\).*", block)
        wrong = [each for each in dates if "night(" not in each]  # 02_revenue counts how many
        assert not wrong, f"{page}: {wrong}"


def notebooks():
    return sorted((ROOT / "notebooks").rglob("*.py"))


# ------------------------------------------------------------------- the numbers, by SQL


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def ran(cache_dir, tmp_path, monkeypatch):
    """Run the blocks of a guide on the sandbox, and give what they named."""
    for name in ("now", "monotonic", "sleep"):
        monkeypatch.setattr(
            SystemClock, name, lambda _, *args, name=name: getattr(CLOCK, name)(*args)
        )
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(cache_dir))
    monkeypatch.setenv("MEWS_FRAMES_PROFILE", "sandbox")
    monkeypatch.chdir(tmp_path)

    def run(page):
        names = {}
        text = (ROOT / "docs" / page).read_text("utf-8")
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(block, page, "exec"), names)  # noqa: S102 - our own guides
        return names

    return run


def sql(query):
    connection = duckdb.connect()
    mf.to_duckdb(connection, {"items": mf.load_entities("OrderItem", progress=False)})
    return connection.sql(query).fetchall()


COUNTS = """"AccountingState" IN ('Open', 'Closed')"""
BERLIN = """"EnterpriseId" = '126a0af5-68d4-4e6f-a7c9-82badb4cb6e1'"""
DAY = """("ConsumedUtc" AT TIME ZONE 'Europe/Berlin')::date"""


def test_money_in_pandas_is_that_of_sql(ran):
    names = ran("how-to/money-in-pandas.md")
    prices = sql(
        f"""SELECT "Amount.Currency", count(*), avg("Amount.NetValue"::double) FROM items
            WHERE {COUNTS} AND "Type" = 'SpaceOrder' GROUP BY 1 ORDER BY 1"""
    )
    assert [each[0] for each in prices] == ["EUR", "USD"]
    for currency, count, mean in prices:
        assert names["prices"].loc[currency, "count"] == count
        assert names["prices"].loc[currency, "mean"] == pytest.approx(mean)
    totals = sql(
        f"""SELECT "Amount.Currency", sum("Amount.NetValue") FROM items
            WHERE {COUNTS} GROUP BY 1"""
    )
    assert names["totals"].to_dict() == dict(totals)  # decimals, hence exactly


def test_the_window_for_march_holds_march(ran):
    march = ran("how-to/only-some-months.md")["march"]
    there = sql(
        f"""SELECT "Id" FROM items WHERE {BERLIN} AND {COUNTS}
            AND {DAY} BETWEEN DATE '2026-03-01' AND DATE '2026-03-31'"""
    )
    assert len(there) > 100
    assert sorted(march["Id"]) == sorted(id_ for (id_,) in there)


def test_revenue_for_bi_is_that_of_sql(ran):
    names = ran("how-to/bi-tools.md")
    there = sql(
        f"""SELECT date_trunc('month', {DAY})::date, sum("Amount.NetValue") FROM items
            WHERE {BERLIN} AND {COUNTS} GROUP BY 1 ORDER BY 1"""
    )
    assert names["revenue"].collect().select("Month", "Revenue").rows() == there
    days = names["may"].collect()["Day"]
    assert (days.min(), days.max()) == (date(2026, 5, 1), date(2026, 5, 31))


def test_revenue_in_duckdb_is_that_of_sql(ran):
    by_month = ran("how-to/duckdb.md")["by_month"]
    there = sql(
        f"""SELECT date_trunc('month', {DAY})::date, sum("Amount.NetValue") FROM items
            WHERE {BERLIN} AND {COUNTS} GROUP BY 1 ORDER BY 1"""
    )
    assert [(month.date(), revenue) for month, revenue in by_month.rows()] == there
