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
# # pandas, BI tools, and every morning
#
# The same data in pandas; one stable file that Power BI, Excel or Tableau reads; and a script that
# makes it anew each morning.
#
# What exports do not say, the time zone and the number of rooms, stands in a table once more.

# %%
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import altair as alt
import pandas as pd
import polars as pl
from great_tables import GT

import mews_frames as mf

alt.renderers.enable("svg")

hotels = pd.DataFrame(
    mf.sandbox()
    .properties.select("EnterpriseId", "City", "TimeZoneIdentifier", "Currency", "Rooms")
    .to_dicts()
)
hotels.drop(columns="EnterpriseId")

# %% [markdown]
# ## pandas
#
# `backend="pandas"` gives a DataFrame with an Arrow dtype in every column: text stays text, a
# missing value is `<NA>`, an integer with gaps stays an integer, and an instant is UTC. `columns`
# keeps the rest off the disk and out of memory: a pandas frame is whole in memory.

# %%
orders = mf.load_entities(
    "OrderItem",
    backend="pandas",
    profile="sandbox",
    columns=[
        "EnterpriseId",
        "Type",
        "AccountingState",
        "ConsumedUtc",
        "Amount.Currency",
        "Amount.NetValue",
    ],
)
orders.drop(columns="_rescued_data").dtypes.to_frame("dtype")

# %% [markdown]
# Local nights, hotel by hotel: pandas has one zone for a column.

# %%
is_room = orders["Type"].isin(["SpaceOrder", "NightRebate"])
counts = orders["AccountingState"].isin(["Open", "Closed"])
nights = orders[is_room & counts].merge(hotels, on="EnterpriseId")
nights["night"] = pd.concat(
    rows["ConsumedUtc"].astype("datetime64[us, UTC]").dt.tz_convert(zone).dt.tz_localize(None)
    for zone, rows in nights.groupby("TimeZoneIdentifier")
).dt.normalize()

monthly = (
    nights.groupby(["City", "Currency", nights["night"].dt.to_period("M")])["Amount.NetValue"]
    .sum()
    .unstack(["City", "Currency"])
    .loc[lambda frame: frame.index < pd.Timestamp.now().to_period("M")]
    .tail(12)
)
monthly.index.name = "month"
table = monthly.set_axis([f"{city} ({currency})" for city, currency in monthly.columns], axis=1)
(
    GT(table.reset_index().astype({"month": str}), rowname_col="month")
    .tab_header(title="Room revenue by month", subtitle="Net, by local night, pandas")
    .fmt_number(list(table.columns), decimals=0)
)

# %% [markdown]
# Money is a double here, because `describe`, division and plots need it. Where a sum must agree to
# the cent, take `money="decimal"`, or sum in Polars and convert what comes out. Either way a sum is
# one for each currency.

# %%
exact = mf.load_entities(
    "OrderItem",
    backend="pandas",
    profile="sandbox",
    columns=["AccountingState", "Amount.Currency", "Amount.NetValue"],
    money="decimal",
)


def totals(rows: pd.DataFrame) -> pd.Series:
    """Sum up what counts, by currency."""
    rows = rows[rows["AccountingState"].isin(["Open", "Closed"])]
    return rows.groupby("Amount.Currency")["Amount.NetValue"].sum()


pd.DataFrame({"float": totals(orders), "decimal": totals(exact)}).astype(str)

# %% [markdown]
# ## A file for a BI tool
#
# A report should show figures that add up, so give it a small table of them rather than the rows:
# here room revenue, rooms sold and rooms, by hotel and night. Occupancy, ADR and RevPAR are
# measures *in the report*, sums over sums, so that they stay right whatever is filtered.
#
# `to_bi` writes it under the same name each time, swapped in when it is whole: a report that is
# being read keeps the old file to its end.
#
# The script below is the whole job. It makes one file of it, `refresh.py`:

# %%
REFRESH = '''"""Make the tables of the report anew. Run it as often as you like."""

import sys
from datetime import timedelta

import polars as pl

import mews_frames as mf

PROFILE = "sandbox"  # with tokens of your own, from `mews-frames login`: None
FOLDER = sys.argv[1]

hotels = mf.sandbox().properties.select(
    "EnterpriseId", "ServiceId", "City", "TimeZoneIdentifier", "Currency", "Rooms"
)  # with hotels of your own: a table that you keep, such as pl.read_csv("hotels.csv")


def night(column: str) -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.col("EnterpriseId") == id_).then(
            pl.col(column).dt.convert_time_zone(zone).dt.date()
        )
        for id_, zone in hotels.select("EnterpriseId", "TimeZoneIdentifier").iter_rows()
    )


# Younger than twelve hours: what is cached will do. Older: a new export. Mews down: an error,
# and the files of yesterday stay as they are.
frames = mf.load_many(
    ["OrderItem", "Reservation"], max_age=timedelta(hours=12), profile=PROFILE, progress=False
)

stays = (
    frames["Reservation"]
    .join(hotels.lazy().select("ServiceId", "EnterpriseId"), on="ServiceId")
    .select(
        "Id",
        "EnterpriseId",
        "State",
        arrival=night("ScheduledStartUtc"),
        departure=night("ScheduledEndUtc"),
    )
)
day_use = stays.filter(pl.col("arrival") == pl.col("departure"))
revenue = (
    frames["OrderItem"]
    .filter(
        pl.col("Type").is_in(["SpaceOrder", "NightRebate"]),
        pl.col("AccountingState").is_in(["Open", "Closed"]),
    )
    .join(day_use, left_on="ServiceOrderId", right_on="Id", how="anti")
    .group_by("EnterpriseId", night("ConsumedUtc").alias("Night"))
    .agg(pl.col("Amount.NetValue").sum().alias("RoomRevenue"))
)
sold = (
    stays.filter(
        pl.col("State").is_in(["Confirmed", "Started", "Processed"]),
        pl.col("arrival") < pl.col("departure"),
    )
    .select("EnterpriseId", pl.date_ranges("arrival", "departure", closed="left").alias("Night"))
    .explode("Night")
    .group_by("EnterpriseId", "Night")
    .agg(pl.len().cast(pl.Int64).alias("RoomsSold"))
)
calendar = sold.select(
    pl.date_ranges(pl.col("Night").min(), pl.col("Night").max()).alias("Night")
).explode("Night")
nights = (
    hotels.lazy()
    .select("EnterpriseId", "City", "Currency", "Rooms")
    .join(calendar, how="cross")  # a night without a guest has rooms, too
    .join(sold, on=["EnterpriseId", "Night"], how="left")
    .join(revenue, on=["EnterpriseId", "Night"], how="left")
    .with_columns(pl.col("RoomsSold", "RoomRevenue").fill_null(0))
    .sort("City", "Night")
)

for path in mf.to_bi({"Nights": nights}, FOLDER, tool="powerbi"):
    print(path.name)
'''

place = TemporaryDirectory(prefix="report-")  # for this notebook; yours has a name
folder = Path(place.name)
script = folder / "refresh.py"
script.write_text(REFRESH, encoding="utf-8")


def refresh() -> str:
    """Run the script as the machine would at six in the morning."""
    command = [sys.executable, str(script), str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


print(refresh())

# %% [markdown]
# What a report makes of that file: the measures are sums over sums.

# %%
report = (
    pl.read_parquet(folder / "Nights.parquet")
    .filter(pl.col("Night") < pl.lit(pd.Timestamp.now().date().replace(day=1)))
    .group_by("City", pl.col("Night").dt.truncate("1mo").alias("month"))
    .agg(
        occupancy=pl.col("RoomsSold").sum() / pl.col("Rooms").sum(),
        adr=pl.col("RoomRevenue").sum().cast(pl.Float64) / pl.col("RoomsSold").sum(),
    )
    .sort("month")
    .tail(36)
)
alt.Chart(report).mark_line(point=True).encode(
    alt.X("yearmonth(month):T", title=None, axis=alt.Axis(format="%b %y", tickCount=6)),
    alt.Y("occupancy:Q", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
    alt.Color("City:N", legend=alt.Legend(title=None, orient="top")),
).properties(width=600, height=200, title=alt.Title("Occupancy, as in the report", anchor="start"))

# %% [markdown]
# A second run asks nothing of Mews while the exports are young enough, and the file keeps its name.

# %%
known = mf.exports(profile="sandbox")["id"].to_list()
before = (folder / "Nights.parquet").read_bytes()
refresh()

assert mf.exports(profile="sandbox")["id"].to_list() == known  # no export was added
assert (folder / "Nights.parquet").read_bytes() == before

files = sorted(path.name for path in folder.iterdir())
place.cleanup()
files

# %% [markdown]
# ## Every morning at six
#
# On Linux and macOS, one line for `crontab -e`:
#
# ```text
# 0 6 * * *  ~/.venv/bin/python ~/refresh.py ~/report >>~/refresh.log 2>&1
# ```
#
# On Windows, a file `C:\you\refresh.cmd` and one line in a terminal, which makes a task of it:
#
# ```text
# C:\you\.venv\Scripts\python.exe C:\you\refresh.py C:\you\report
# ```
#
# ```text
# schtasks /Create /SC DAILY /ST 06:00 /TN "Hotel report" /TR C:\you\refresh.cmd
# ```
#
# - **Tokens** come from the profile file that `mews-frames login` writes: neither line holds one.
#   The task must run as the user who logged in.
# - **Time**: an export takes minutes, sometimes much longer. A machine that was off or a wait that
#   was cut does no harm: the next run goes on with the export that is there.
# - **Exit code**: not 0 if anything failed. Then the files of yesterday are untouched.
# - **Power BI**: Get data, Parquet, `C:\you\report\Nights.parquet`; schedule its refresh for seven,
#   through the on-premises gateway if the report lives in the service. Measures:
#   `ADR = DIVIDE(SUM(Nights[RoomRevenue]), SUM(Nights[RoomsSold]))`, and so on.
# - **Excel**: Data, Get Data, From File, From Parquet; or `tool="excel"` for a workbook.
#
# What runs in the tests of this project is the script and the file that it makes. Task Scheduler,
# Power BI and Excel were not at hand: their steps are as their makers describe them.
#
# No script of your own at all: `mews-frames load OrderItem --max-age 12h --out orders.parquet`
# writes the rows, whole or not at all, and fits into the same line.
