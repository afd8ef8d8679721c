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
# # Revenue, ADR, occupancy and RevPAR
#
# Three exports, counted by *local hotel night*:
#
# | figure | is | per hotel night, from |
# | :-- | :-- | :-- |
# | room revenue | net value of nights and of their rebates | `OrderItem` |
# | rooms sold | stays whose nights cover it | `Reservation` |
# | rooms available | rooms of the hotel, less those out of order | a table, `ResourceBlock` |
# | ADR | room revenue / rooms sold | |
# | occupancy | rooms sold / rooms available | |
# | RevPAR | room revenue / rooms available | |
#
# Exports carry neither time zones nor numbers of rooms nor names. Of the sandbox, they stand in a
# table; with Mews, you make one like it (operations `enterprises/getAll`, `resources/getAll`).

# %%
from datetime import UTC, date, datetime, timedelta

import altair as alt
import polars as pl
from great_tables import GT

import mews_frames as mf

alt.renderers.enable("svg")

hotels = mf.sandbox().properties.select(
    "EnterpriseId", "ServiceId", "City", "TimeZoneIdentifier", "Currency", "Pricing", "Rooms"
)
hotels.drop("EnterpriseId", "ServiceId")

# %%
frames = mf.load_many(["OrderItem", "Reservation", "ResourceBlock"], profile="sandbox")
items, stays, blocks = frames["OrderItem"], frames["Reservation"], frames["ResourceBlock"]

# %% [markdown]
# ## The night is a local date
#
# Mews sends instants in UTC. A night in Berlin begins at local midnight, which is 22:00 or 23:00
# UTC of the *day before*: whoever cuts the date off the text is a night early. Which zone to
# convert to depends on the hotel, so this makes one expression of all of them.


# %%
def local(column: str) -> pl.Expr:
    """Give the instant of a column as local date and time of its hotel, without a zone."""
    of_hotel = [
        pl.when(pl.col("EnterpriseId") == id_).then(
            pl.col(column).dt.convert_time_zone(zone).dt.replace_time_zone(None)
        )
        for id_, zone in hotels.select("EnterpriseId", "TimeZoneIdentifier").iter_rows()
    ]
    return pl.coalesce(of_hotel)


def night(column: str) -> pl.Expr:
    """Give the local date of an instant: the night that a guest would name."""
    return local(column).dt.date()


is_night = pl.col("Type") == "SpaceOrder"
wrong = (
    items.filter(is_night)
    .join(hotels.lazy(), on="EnterpriseId")
    .group_by("City")
    .agg(
        pl.len().alias("nights"),
        (pl.col("StartUtc").dt.date() != night("StartUtc")).mean().alias("a day off, of StartUtc"),
    )
    .sort("City")
    .collect()
)
GT(wrong).fmt_integer("nights").fmt_percent("a day off, of StartUtc", decimals=0)

# %% [markdown]
# Twice a year a local day has 23 or 25 hours. Counting nights as differences of *dates* is right on
# those days too; dividing hours by 24 is not.

# %%
clock_changes = (
    items.filter(is_night)
    .join(hotels.lazy(), on="EnterpriseId")
    .select("City", pl.col("StartUtc"), night("StartUtc").alias("night"))
    .unique()
    .sort("City", "night")
    .with_columns(
        hours=(pl.col("StartUtc").shift(-1).over("City") - pl.col("StartUtc")).dt.total_hours(),
        next_night=pl.col("night").shift(-1).over("City"),
    )
    .filter(
        (pl.col("next_night") - pl.col("night")).dt.total_days() == 1,
        pl.col("hours") != 24,
    )
    .group_by("City", "hours")
    .agg(pl.col("night").max().alias("last seen in the night of"))
    .sort("City", "hours")
    .collect()
)
clock_changes

# %% [markdown]
# ## Room revenue
#
# - `SpaceOrder` and `NightRebate` are the nights and what was taken back of them. Breakfast
#   (`ProductOrder`), `CityTax` and the fees of those who never came (`CancellationFee`) are not
#   room revenue.
# - `Open` and `Closed` count. `Inactive` and `Canceled` items are in the export as well.
# - `NetValue`: gross prices hold a tax of 7 % here and of 20 % there.
# - Money is exact, and stays so in sums. One currency for each hotel, and they are never added.

# %%
counts = pl.col("AccountingState").is_in(["Open", "Closed"])
room_revenue = pl.col("Type").is_in(["SpaceOrder", "NightRebate"])

stays = stays.join(hotels.lazy().select("ServiceId", "EnterpriseId"), on="ServiceId").with_columns(
    arrival=night("ScheduledStartUtc"), departure=night("ScheduledEndUtc")
)
day_use = stays.filter(pl.col("arrival") == pl.col("departure")).select("Id")

revenue = (
    items.filter(room_revenue, counts)
    .join(day_use, left_on="ServiceOrderId", right_on="Id", how="anti")
    .group_by("EnterpriseId", night("ConsumedUtc").alias("night"))
    .agg(pl.col("Amount.NetValue").sum().alias("revenue"))
)

# %% [markdown]
# ## Rooms sold, rooms available
#
# A room is sold for every night of a stay from arrival to the night *before* departure. That leaves
# out by itself:
#
# - **day use**, which arrives and departs on one date: no night is sold. Its revenue is left out
#   above, so that ADR stays revenue of nights over nights; a house that counts it in says so.
# - **no-shows**: `State` is `Canceled`, with `CancellationReason` `NoShow`. What they pay is a fee.

# %%
is_sold = pl.col("State").is_in(["Confirmed", "Started", "Processed"])
nights_of = pl.date_ranges("arrival", "departure", closed="left").alias("night")

sold = (
    stays.filter(is_sold, pl.col("arrival") < pl.col("departure"))
    .select("EnterpriseId", nights_of)
    .explode("night")
    .group_by("EnterpriseId", "night")
    .agg(pl.len().alias("sold"))
)
out_of_order = (
    blocks.filter("IsActive", pl.col("Type") == "OutOfOrder")
    .with_columns(arrival=night("StartUtc"), departure=night("EndUtc"))
    .filter(pl.col("arrival") < pl.col("departure"))
    .select("EnterpriseId", nights_of)
    .explode("night")
    .group_by("EnterpriseId", "night")
    .agg(pl.len().alias("out_of_order"))
)

# %% [markdown]
# One row for each hotel and night of the last twelve whole months, sold or not: a night without a
# guest counts as available, too.

# %%
this_month = datetime.now(UTC).date().replace(day=1)
first = date(this_month.year - 1, this_month.month, 1)
last = this_month - timedelta(days=1)

by_night = (
    hotels.lazy()
    .select("EnterpriseId", "City", "Currency", "Rooms")
    .join(pl.LazyFrame({"night": pl.date_range(first, last, eager=True)}), how="cross")
    .join(sold, on=["EnterpriseId", "night"], how="left")
    .join(out_of_order, on=["EnterpriseId", "night"], how="left")
    .join(revenue, on=["EnterpriseId", "night"], how="left")
    .with_columns(pl.col("sold", "out_of_order", "revenue").fill_null(0))
    .with_columns(available=pl.col("Rooms") - pl.col("out_of_order"))
    .collect()
)
assert by_night.filter(pl.col("sold") > pl.col("Rooms")).is_empty()  # no room is sold twice


# %% [markdown]
# ## Sums first, then the ratio
#
# Every figure is a sum over a sum. The mean of nightly ADRs is another number: it lets a night with
# one guest weigh as much as a full house.


# %%
def figures(nights: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Give ADR, occupancy and RevPAR of groups of nights: sums over sums."""
    total = pl.col("revenue").sum().cast(pl.Float64)
    return (
        nights.group_by("City", "Currency", *by)
        .agg(
            pl.col("sold").sum(),
            pl.col("available").sum(),
            pl.col("revenue").sum(),
            occupancy=pl.col("sold").sum() / pl.col("available").sum(),
            adr=total / pl.col("sold").sum(),
            revpar=total / pl.col("available").sum(),
        )
        .sort("City", *by)
    )


year = figures(by_night)
for row in year.iter_rows(named=True):
    assert abs(row["revpar"] - row["adr"] * row["occupancy"]) < 1e-9

naive = (
    by_night.filter(pl.col("sold") > 0)
    .group_by("City")
    .agg((pl.col("revenue").cast(pl.Float64) / pl.col("sold")).mean().alias("mean of ratios"))
)
(
    GT(year.join(naive, on="City").drop("available").sort("City"), rowname_col="City")
    .tab_header(title="The year", subtitle=f"Nights of {first} to {last}, net")
    .tab_spanner("the wrong way", ["mean of ratios"])
    .fmt_integer("sold")
    .fmt_percent("occupancy", decimals=1)
    .fmt_number(["revenue"], decimals=0)
    .fmt_number(["adr", "revpar", "mean of ratios"], decimals=2)
    .cols_label(sold="nights sold", revenue="room revenue", adr="ADR", revpar="RevPAR")
    .tab_source_note("Hotels of the sandbox are made up. Currencies are never added up.")
)

# %%
months = figures(by_night.with_columns(month=pl.col("night").dt.truncate("1mo")), "month")
months = months.select(
    pl.format("{} ({})", "City", "Currency").alias("hotel"), "month", "adr", "revpar"
)  # plots take no decimals: the exact sums stay behind

month = alt.X(
    "yearmonth(month):O", title=None, axis=alt.Axis(format="%b", labelAngle=0, labelFontSize=9)
)
adr = alt.Chart().mark_bar(color="#c6d8e8").encode(month, alt.Y("adr:Q", title="net"))
revpar = (
    alt.Chart().mark_line(color="#b5482a", point={"color": "#b5482a"}).encode(month, y="revpar")
)
(
    alt.layer(adr, revpar, data=months)
    .properties(width=250, height=180)
    .facet(alt.Facet("hotel:N", title=None), columns=3)
    .resolve_scale(y="independent")
    .properties(title=alt.Title("ADR (bars) and RevPAR (line) by month", anchor="start"))
)

# %%
WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
by_weekday = figures(
    by_night.with_columns(
        month=pl.col("night").dt.truncate("1mo"),
        weekday=pl.col("night").dt.strftime("%a"),
    ),
    "month",
    "weekday",
).select("City", "month", "weekday", "occupancy")

alt.Chart(by_weekday).mark_rect().encode(
    month,
    alt.Y("weekday:O", sort=WEEK, title=None),
    alt.Color("occupancy:Q", scale=alt.Scale(scheme="blues"), legend=alt.Legend(format=".0%")),
    alt.Column("City:N", title=None),
).properties(
    width=250,
    height=150,
    title=alt.Title("Occupancy by month and weekday of the night", anchor="start"),
)

# %% [markdown]
# ## What was left out
#
# Not room revenue, yet money all the same: day use, and fees of guests who never came or cancelled
# too late.

# %%
others = (
    items.filter(counts)
    .join(
        day_use.with_columns(is_day_use=pl.lit(value=True)),
        left_on="ServiceOrderId",
        right_on="Id",
        how="left",
    )
    .with_columns(night=night("ConsumedUtc"))
    .filter(pl.col("night").is_between(first, last))
    .with_columns(
        kind=pl.when(room_revenue & pl.col("is_day_use").is_null())
        .then(pl.lit("nights"))
        .when(room_revenue)
        .then(pl.lit("day use"))
        .otherwise(
            pl.col("Type").replace(
                {"ProductOrder": "products", "CityTax": "city tax", "CancellationFee": "fees"}
            )
        )
    )
    .join(hotels.lazy().select("EnterpriseId", "City"), on="EnterpriseId")
    .group_by("City", "kind")
    .agg(pl.col("Amount.NetValue").sum())
    .collect()
    .pivot("kind", index="City", values="Amount.NetValue", sort_columns=True)
    .sort("City")
)
kept = others.select("City", "nights").join(year.select("City", "revenue"), on="City")
assert kept["nights"].to_list() == kept["revenue"].to_list()  # to the cent

kinds = ["nights", "day use", "products", "city tax", "fees"]
(
    GT(others.select("City", *kinds), rowname_col="City")
    .fmt_number(kinds, decimals=0)
    .sub_missing(missing_text="-")
    .tab_header(title="Net revenue by kind", subtitle="In the currency of the hotel")
)
