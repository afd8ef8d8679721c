"""The dashboard shows figures that SQL confirms, and a real browser can show it."""

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import httpx
import polars as pl
import pytest

import mews_frames as mf

pytest.importorskip("streamlit", reason="the dashboard needs Streamlit")
FOLDER = Path(__file__).parents[2] / "notebooks" / "dashboard"
FIRST, LAST = date(2025, 5, 1), date(2025, 7, 31)  # with rebates in the middle one


@pytest.fixture(scope="module")
def figures():
    sys.path.insert(0, str(FOLDER))
    try:
        import figures
    finally:
        sys.path.remove(str(FOLDER))
    yield figures
    del sys.modules["figures"]


@pytest.fixture(scope="module")
def hotel(house, figures):
    row = house.mews.properties.row(0, named=True)
    zone = "America/New_York"  # where nights begin on another day than in UTC
    return figures.Hotel(row["Name"], row["EnterpriseId"], row["ServiceId"], zone, row["Rooms"])


@pytest.fixture(scope="module")
def reservations(house):
    return house.client.load_entities("Reservation", progress=False)


@pytest.fixture(scope="module")
def sql(house, reservations):
    connection = duckdb.connect()
    mf.to_duckdb(connection, {"orders": house.frame, "reservations": reservations})
    return connection


def test_months_are_those_of_sql(house, figures, hotel, sql):
    months = figures.by_month(figures.nights(house.frame, hotel), hotel, FIRST, LAST)
    there = sql.execute(
        """
        SELECT date_trunc('month', "ConsumedUtc" AT TIME ZONE ?)::date AS month,
               sum("Amount.NetValue"),
               sum("UnitCount") FILTER ("Type" = 'SpaceOrder')
        FROM orders
        WHERE "EnterpriseId" = ? AND "Type" IN ('SpaceOrder', 'NightRebate')
          AND "AccountingState" IN ('Open', 'Closed')
        GROUP BY month HAVING month BETWEEN ? AND ? ORDER BY month
        """,
        [hotel.zone, hotel.enterprise_id, FIRST, LAST],
    ).fetchall()
    assert months.select("month", "revenue", "rooms").rows() == there
    assert len(there) == 3
    for row in months.iter_rows(named=True):
        days = {5: 31, 6: 30, 7: 31}[row["month"].month]
        assert row["occupancy"] == row["rooms"] / days / hotel.rooms
        assert row["adr"] == pytest.approx(float(row["revenue"]) / row["rooms"])
        assert row["revpar"] == pytest.approx(row["adr"] * row["occupancy"])


def test_segments_add_up_to_the_months(house, figures, hotel, reservations):
    sold = figures.nights(house.frame, hotel)
    names = house.mews.names.select("Id", "Name").unique("Id")
    segments = figures.by_segment(sold, reservations, names, FIRST, LAST)
    months = figures.by_month(sold, hotel, FIRST, LAST)
    assert segments.group_by("month").agg(pl.col("revenue").sum()).sort("month").rows() == (
        months.select("month", "revenue").rows()
    )
    assert segments["segment"].n_unique() > 2


def test_pickup_is_the_difference_of_the_books(figures, hotel, reservations, sql):
    now = reservations.select("CreatedUtc").max().collect().item()
    books = figures.pickup(reservations, hotel, now, 7)
    assert books.height == 28
    night = books.sort("rooms")["night"][-1]
    there = [
        sql.execute(
            """
            SELECT count(*) FROM reservations
            WHERE "ServiceId" = $1 AND "CreatedUtc" <= $2
              AND ("CancelledUtc" IS NULL OR "CancelledUtc" > $2)
              AND ("ScheduledStartUtc" AT TIME ZONE $3)::date <= $4
              AND ("ScheduledEndUtc" AT TIME ZONE $3)::date > $4
            """,
            [hotel.service_id, at, hotel.zone, night],
        ).fetchone()[0]
        for at in (now, now - timedelta(days=7))
    ]
    (row,) = books.filter(pl.col("night") == night).iter_rows(named=True)
    assert [row["rooms"], row["rooms_before"]] == there
    assert row["pickup"] == there[0] - there[1]
    assert books["pickup"].sum() > 0


# --------------------------------------------------------------------------- in a browser


@pytest.fixture
def ports():
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    found = [each.getsockname()[1] for each in free]
    for each in free:
        each.close()
    return found


def until(ask, seconds=90):
    """Ask again and again: another program starts meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := ask():
                return answer
        except httpx.HTTPError:
            pass
        time.sleep(0.25)
    pytest.fail(f"nothing came within {seconds} s")


@pytest.mark.slow
def test_a_browser_shows_the_charts(tmp_path, ports):
    """Real Streamlit, real Chromium, through its WebDriver; the picture can be kept."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("Chromium and its driver are not installed (apt-get install chromium-driver)")
    app_port, driver_port = ports
    environment = os.environ | {"MEWS_FRAMES_CACHE_DIR": str(tmp_path / "cache")}
    app = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", FOLDER / "app.py", "--server.headless=true",
         f"--server.port={app_port}", "--server.address=127.0.0.1",
         "--browser.gatherUsageStats=false"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    web = subprocess.Popen(
        [driver, f"--port={driver_port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{driver_port}", timeout=90) as browser:
            until(lambda: browser.get("/status").is_success)
            until(lambda: httpx.get(f"http://127.0.0.1:{app_port}/_stcore/health").is_success)
            options = {
                "binary": chromium,
                "args": ["--headless=new", "--no-sandbox", "--window-size=1280,1400"],
            }
            wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
            made = browser.post("/session", json={"capabilities": wanted}).json()["value"]
            session = f"/session/{made['sessionId']}"
            browser.post(f"{session}/url", json={"url": f"http://127.0.0.1:{app_port}"})

            def run(script):
                answer = browser.post(
                    f"{session}/execute/sync", json={"script": script, "args": []}
                )
                return answer.json()["value"]

            drawn = "return [...document.querySelectorAll('canvas, svg.marks')].length >= 3"
            until(lambda: run(drawn))
            text = run("return document.body.innerText")
            for words in ("Occupancy", "ADR", "RevPAR", "Room revenue by segment", "Pickup"):
                assert words in text
            assert "Traceback" not in text
            assert "What the charts need" not in text  # Streamlit shows stray texts
            time.sleep(2)  # until Streamlit has faded the last chart in
            picture = browser.get(f"{session}/screenshot").json()["value"]
            target = Path(os.environ.get("DASHBOARD_PICTURE", tmp_path / "dashboard.png"))
            target.write_bytes(base64.b64decode(picture))
            browser.delete(session)
    finally:
        for process in (web, app):
            process.terminate()
            process.wait(20)
