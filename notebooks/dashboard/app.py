"""A dashboard to copy: occupancy, ADR, revenue by segment, pickup. Reads the cache.

On made-up hotels, with nothing but this command::

    streamlit run notebooks/dashboard/app.py

With your own: ``MEWS_FRAMES_PROFILE=default`` in the environment, and a file ``hotels.csv`` beside
this one with the columns of `Hotel`, since exports do not say how many rooms a hotel has.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import altair as alt
import polars as pl
import streamlit as st
from figures import Hotel, by_month, by_segment, nights, pickup

import mews_frames as mf

PROFILE = os.environ.get("MEWS_FRAMES_PROFILE", "sandbox")
HOTELS = Path(__file__).with_name("hotels.csv")
# What the charts need: the others never reach the disk, names of guests among them.
COLUMNS = {
    "OrderItem": [
        "EnterpriseId", "Type", "AccountingState", "ConsumedUtc", "UnitCount", "Amount.Currency",
        "Amount.NetValue", "ServiceOrderId",
    ],
    "Reservation": [
        "Id", "ServiceId", "BusinessSegmentId", "CreatedUtc", "CancelledUtc", "ScheduledStartUtc",
        "ScheduledEndUtc",
    ],
}  # fmt: skip


@st.cache_resource(ttl=timedelta(hours=1), show_spinner="asking Mews, or the cache")
def frames() -> dict[str, pl.LazyFrame]:
    """Load both exports: the first time takes as long as Mews does, then the cache answers."""
    return {
        name: mf.load_entities(name, columns=columns, profile=PROFILE, progress=False)
        for name, columns in COLUMNS.items()
    }


@st.cache_data
def hotels() -> list[Hotel]:
    """List the hotels: of your file, or of the sandbox."""
    if HOTELS.exists():
        return [Hotel(**row) for row in pl.read_csv(HOTELS).iter_rows(named=True)]
    return [
        Hotel(*row)
        for row in mf.sandbox()
        .properties.select("Name", "EnterpriseId", "ServiceId", "TimeZoneIdentifier", "Rooms")
        .iter_rows()
    ]


@st.cache_data
def segment_names() -> pl.DataFrame:
    """Name the business segments; with your own data, from ``segments.csv`` (Id, Name)."""
    own = HOTELS.with_name("segments.csv")
    if own.exists():
        return pl.read_csv(own)
    return mf.sandbox().names.select("Id", "Name").unique("Id")


st.set_page_config(page_title="Hotel figures", layout="wide")
loaded = frames()
orders, reservations = loaded["OrderItem"], loaded["Reservation"]

with st.sidebar:
    st.title("Hotel figures")
    hotel = st.selectbox("Hotel", hotels(), format_func=lambda each: each.name)
    days = st.slider("Pickup over the last … days", 1, 28, 7)
    if PROFILE == "sandbox":
        st.caption("Made-up hotels of the sandbox.")

sold = nights(orders, hotel)
now = reservations.select(pl.col("CreatedUtc").max()).collect().item()
last = now.date().replace(day=1) - timedelta(days=1)  # the last whole month
first = date(last.year - 1, last.month, 1) + timedelta(days=31)
months = by_month(sold, hotel, first, last)

latest = months.row(-1, named=True)
before = months.row(-2, named=True)
st.subheader(f"{hotel.name}, {latest['month']:%B %Y}")
money = latest["currency"]
change = {name: latest[name] - before[name] for name in ("occupancy", "adr", "revpar", "revenue")}
figures = {
    "Occupancy": (f"{latest['occupancy']:.1%}", f"{100 * change['occupancy']:+.1f} points"),
    "ADR": (f"{latest['adr']:,.2f} {money}", f"{change['adr']:+,.2f}"),
    "RevPAR": (f"{latest['revpar']:,.2f} {money}", f"{change['revpar']:+,.2f}"),
    "Room revenue, net": (f"{latest['revenue']:,.0f} {money}", f"{change['revenue']:+,.0f}"),
}
for place, (label, (value, since)) in zip(st.columns(4), figures.items(), strict=True):
    place.metric(label, value, since)

left, right = st.columns(2)
with left:
    st.subheader("Occupancy and ADR by month")
    base = alt.Chart(months).encode(alt.X("yearmonth(month):T").title(None))
    bars = base.mark_bar(opacity=0.35).encode(
        alt.Y("occupancy:Q").axis(format="%").title("occupancy")
    )
    line = base.mark_line(point=True, color="#d9480f").encode(alt.Y("adr:Q").title(f"ADR, {money}"))
    st.altair_chart(alt.layer(bars, line).resolve_scale(y="independent"))
with right:
    st.subheader("Room revenue by segment")
    segments = by_segment(sold, reservations, segment_names(), first, last)
    st.altair_chart(
        alt.Chart(segments.with_columns(pl.col("revenue").cast(pl.Float64)))
        .mark_bar()
        .encode(
            alt.X("yearmonth(month):T").title(None),
            alt.Y("revenue:Q").title(f"net, {money}"),
            alt.Color("segment:N").title(None),
        )
    )

st.subheader(f"Pickup: rooms on the books, and what came in the last {days} days")
books = pickup(reservations, hotel, now, days)
bars = books.unpivot(["rooms_before", "pickup"], index="night", variable_name="what")
bars = bars.with_columns(
    pl.col("what").replace({"rooms_before": f"{days} days ago", "pickup": "since then"})
)
st.altair_chart(
    alt.Chart(bars)
    .mark_bar()
    .encode(
        alt.X("night:T").title(None),
        alt.Y("value:Q").axis(tickMinStep=1).title("rooms"),
        alt.Color("what:N").title(None),
    )
)
