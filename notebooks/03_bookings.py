# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bookings: lead time, pace, cancellations
#
# One export, `Reservation`, answers three questions: how far ahead do guests book, how full will
# the next months be against last year, and how much of it goes away again?
#
# Reservations carry no property: `ServiceId` leads to it. Names of segments and rates are no part
# of exports either. The sandbox has them in two tables.

# %%
from datetime import UTC, date, datetime, timedelta

import altair as alt
import polars as pl
from great_tables import GT

import mews_frames as mf

alt.renderers.enable("svg")

box = mf.sandbox()
hotels = box.properties.select("EnterpriseId", "ServiceId", "City", "TimeZoneIdentifier", "Rooms")
names = box.names.select("Id", "Name").unique()

reservations = mf.load_entities("Reservation", profile="sandbox")


# %%
def local_date(column: str) -> pl.Expr:
    """Give the date of an instant where its hotel stands."""
    return pl.coalesce(
        pl.when(pl.col("ServiceId") == id_).then(
            pl.col(column).dt.convert_time_zone(zone).dt.date()
        )
        for id_, zone in hotels.select("ServiceId", "TimeZoneIdentifier").iter_rows()
    )


stays = (
    reservations.join(hotels.lazy(), on="ServiceId")
    .join(
        names.lazy().rename({"Name": "segment"}),
        left_on="BusinessSegmentId",
        right_on="Id",
        how="left",
    )
    .join(names.lazy().rename({"Name": "rate"}), left_on="RateId", right_on="Id", how="left")
    .select(
        "Id",
        "City",
        "segment",
        "rate",
        "State",
        "CancellationReason",
        booked=local_date("CreatedUtc"),
        cancelled=local_date("CancelledUtc"),  # two l here, one in OrderItem.CanceledUtc
        arrival=local_date("ScheduledStartUtc"),  # not StartUtc: early check-in rewrites it
        departure=local_date("ScheduledEndUtc"),
    )
    .with_columns(
        lead=(pl.col("arrival") - pl.col("booked")).dt.total_days(),
        nights=(pl.col("departure") - pl.col("arrival")).dt.total_days(),
    )
    .collect()
)
assert stays["segment"].null_count() == stays["rate"].null_count() == 0
assert stays.filter(pl.col("lead") < 0).is_empty()

today = datetime.now(UTC).date()  # for hotels far from Greenwich, a few hours off
stays.select("City", "segment", "rate", "State", "booked", "arrival", "lead", "nights").head(4)

# %% [markdown]
# ## Lead time
#
# Days from the local date of booking to that of arrival, of stays that took place: a cancelled one
# may have been booked for a year.

# %%
past_year = pl.col("arrival").is_between(today - timedelta(days=365), today, closed="left")
arrived = stays.filter(past_year, pl.col("State").is_in(["Started", "Processed"]))

UP_TO = {0: "same day", 3: "1-3", 7: "4-7", 14: "8-14", 30: "15-30", 60: "31-60", 90: "61-90"}
LABELS = [*UP_TO.values(), "more"]
days = pl.coalesce(
    *(pl.when(pl.col("lead") <= edge).then(pl.lit(label)) for edge, label in UP_TO.items()),
    pl.lit("more"),
)
ahead = (
    arrived.with_columns(days=days)
    .group_by("segment", "days")
    .agg(pl.len().alias("stays"))
    .with_columns(share=pl.col("stays") / pl.col("stays").sum().over("segment"))
)

alt.Chart(ahead).mark_bar(color="#4c78a8").encode(
    alt.X("share:Q", title="share of stays", axis=alt.Axis(format=".0%", tickCount=4)),
    alt.Y("days:O", sort=LABELS, title="days before arrival"),
    alt.Facet("segment:N", title=None, columns=3),
).properties(
    width=220, height=150, title=alt.Title("How far ahead, by segment", anchor="start")
).resolve_axis(x="independent")

# %%
leads = (
    arrived.group_by("segment")
    .agg(
        pl.len().alias("stays"),
        pl.col("lead").median().alias("median"),
        pl.col("lead").mean().alias("mean"),
        pl.col("lead").quantile(0.9).alias("one in ten books earlier than"),
        pl.col("nights").mean().alias("nights"),
    )
    .sort("median")
)
(
    GT(leads, rowname_col="segment")
    .tab_header(title="Lead time in days, length of stay in nights", subtitle="Past 365 days")
    .fmt_integer(["stays", "median", "one in ten books earlier than"])
    .fmt_number(["mean", "nights"], decimals=1)
)


# %% [markdown]
# ## Pace: on the books, then and now
#
# What was on the books on a day can be rebuilt from two instants: a stay is, from its booking on,
# until its cancellation. So next month can be set against the same month of last year *as it looked
# on this day of last year*. 364 days back is the same weekday.
#
# What cannot be rebuilt are changes: a stay that was moved shows its last dates only. Whoever needs
# those keeps an export of every day.


# %%
def on_the_books(as_of: date, first: date, last: date) -> pl.DataFrame:
    """Count room nights from first to last, both included, as they stood at the end of a day."""
    known = stays.filter(
        pl.col("booked") <= as_of,
        pl.col("cancelled").is_null() | (pl.col("cancelled") > as_of),
        pl.col("nights") > 0,
    )
    return (
        known.select("City", night=pl.date_ranges("arrival", "departure", closed="left"))
        .explode("night")
        .filter(pl.col("night").is_between(first, last))
    )


YEAR = timedelta(days=364)
yesterday = today - timedelta(days=1)
horizon = today + timedelta(days=26 * 7 - 1)

this_year = on_the_books(yesterday, today, horizon)
then = on_the_books(yesterday - YEAR, today - YEAR, horizon - YEAR)
in_the_end = on_the_books(today, today - YEAR, min(horizon - YEAR, yesterday))
week_ago = on_the_books(yesterday - timedelta(days=7), today, horizon)


def weekly(nights: pl.DataFrame, name: str, shift: timedelta = timedelta(0)) -> pl.DataFrame:
    """Sum up by week from today, whatever the year; a week without a booking counts 0."""
    week = ((pl.col("night") + shift - today).dt.total_days() // 7).alias("week")
    return (
        hotels.select("City", "Rooms")
        .join(pl.DataFrame({"week": range(26)}), how="cross")
        .join(nights.group_by("City", week).len("nights"), on=["City", "week"], how="left")
        .with_columns(occupancy=pl.col("nights").fill_null(0) / (7 * pl.col("Rooms")))
        .select("City", "week", "occupancy", what=pl.lit(name))
    )


WHAT = ["last year, in the end", "last year, same day", "now"]
pace = pl.concat(
    [
        weekly(in_the_end, WHAT[0], YEAR),
        weekly(then, WHAT[1], YEAR),
        weekly(this_year, WHAT[2]),
    ]
)

alt.Chart(pace).mark_line(interpolate="step-after", strokeWidth=2).encode(
    alt.X("week:Q", title="weeks from today", scale=alt.Scale(domain=[0, 25], nice=False)),
    alt.Y("occupancy:Q", axis=alt.Axis(format=".0%"), title="of all rooms"),
    alt.Color(
        "what:N",
        sort=WHAT,
        scale=alt.Scale(domain=WHAT, range=["#d0d0d0", "#7f9fbf", "#b5482a"]),
        legend=alt.Legend(title=None, orient="top"),
    ),
    alt.Facet("City:N", title=None, columns=3),
).properties(width=240, height=170, title=alt.Title("On the books, next 26 weeks", anchor="start"))

# %%
QUARTER = pl.col("night") < today + timedelta(days=91)
summary = (
    hotels.select("City")
    .join(this_year.filter(QUARTER).group_by("City").len("now"), on="City", how="left")
    .join(week_ago.filter(QUARTER).group_by("City").len("a week ago"), on="City", how="left")
    .join(
        then.filter(pl.col("night") < today - YEAR + timedelta(days=91))
        .group_by("City")
        .len("last year"),
        on="City",
        how="left",
    )
    .with_columns(pl.exclude("City").fill_null(0).cast(pl.Int64))
    .with_columns(
        pickup=pl.col("now") - pl.col("a week ago"),
        pace=pl.col("now") / pl.col("last year") - 1,
    )
    .select("City", "now", "a week ago", "pickup", "last year", "pace")
    .sort("City")
)
(
    GT(summary, rowname_col="City")
    .tab_header(title="Room nights on the books", subtitle="Of the next 13 weeks")
    .fmt_integer(["now", "a week ago", "last year"])
    .fmt_integer("pickup", force_sign=True)
    .fmt_percent("pace", decimals=0, force_sign=True)
)

# %% [markdown]
# ## Cancellations
#
# By date of *arrival*, which has passed, so that every stay had its chance; by date of booking, the
# latest months would look too good. A no-show is `State` `Canceled` as well, told only by
# `CancellationReason`: kept apart here, since its room stood empty and its fee was due.

# %%
lost = (
    stays.filter(past_year)
    .group_by("rate")
    .agg(
        pl.len().alias("bookings"),
        (pl.col("CancellationReason").ne_missing("NoShow") & (pl.col("State") == "Canceled"))
        .mean()
        .alias("cancelled"),
        pl.col("CancellationReason").eq_missing("NoShow").mean().alias("no-show"),
        (pl.col("arrival") - pl.col("cancelled"))
        .filter(pl.col("CancellationReason").ne_missing("NoShow"))
        .dt.total_days()
        .median()
        .alias("median days before arrival"),
    )
    .sort("bookings", descending=True)
)
(
    GT(lost, rowname_col="rate")
    .tab_header(title="What is lost, by rate", subtitle="Arrivals of the past 365 days")
    .fmt_integer(["bookings", "median days before arrival"])
    .fmt_percent(["cancelled", "no-show"], decimals=1)
    .sub_missing(missing_text="-")
)

# %%
by_month = (
    stays.filter(past_year)
    .with_columns(
        fate=pl.when(pl.col("State") != "Canceled")
        .then(pl.lit("stayed"))
        .when(pl.col("CancellationReason") == "NoShow")
        .then(pl.lit("no-show"))
        .otherwise(pl.lit("cancelled")),
        month=pl.col("arrival").dt.truncate("1mo"),
    )
    .group_by("month", "fate")
    .agg(pl.len().alias("bookings"))
    .with_columns(share=pl.col("bookings") / pl.col("bookings").sum().over("month"))
    .filter(pl.col("fate") != "stayed")
)

alt.Chart(by_month).mark_bar().encode(
    alt.X(
        "yearmonth(month):O",
        title="month of arrival",
        axis=alt.Axis(format="%b %Y", labelAngle=-40),
    ),
    alt.Y("share:Q", axis=alt.Axis(format=".0%"), title="share of bookings"),
    alt.Color(
        "fate:N",
        scale=alt.Scale(domain=["cancelled", "no-show"], range=["#4c78a8", "#b5482a"]),
        legend=alt.Legend(title=None, orient="top"),
    ),
).properties(width=560, height=200, title=alt.Title("Lost bookings by month", anchor="start"))
