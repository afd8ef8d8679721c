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
# # A first frame
#
# One line turns a Mews data export into a frame. The profile `sandbox` needs no account: its
# hotels are made up. With your own tokens, leave `profile` out.

# %%
import altair as alt
import polars as pl
from great_tables import GT

import mews_frames as mf

alt.renderers.enable("svg")  # plots that are seen in saved notebooks, and without internet

orders = mf.load_entities("OrderItem", profile="sandbox")

# %% [markdown]
# Behind that line, an export was added at the sandbox and waited for; its parts were downloaded,
# typed and put on disk. The same line again sends nothing, today and until Mews deletes the export.

# %%
orders = mf.load_entities("OrderItem", profile="sandbox")

# %% [markdown]
# The frame is lazy: nothing is read from disk before it is collected, and then only the columns
# and rows that the query needs.

# %%
room_nights = pl.col("Type").is_in(["SpaceOrder", "NightRebate"])
counts = pl.col("AccountingState").is_in(["Open", "Closed"])

monthly = (
    orders.filter(room_nights & counts)
    .group_by("Amount.Currency", pl.col("ConsumedUtc").dt.truncate("1mo").alias("month"))
    .agg(pl.len().alias("nights"), pl.col("Amount.NetValue").sum().alias("room revenue, net"))
    .sort("Amount.Currency", "month")
    .collect()
)
monthly.head()

# %%
plotted = monthly.select(
    "month",
    currency="Amount.Currency",
    revenue=pl.col("room revenue, net").cast(pl.Float64),  # plots take no decimals
)
alt.Chart(plotted).mark_bar(color="#4c78a8").encode(
    alt.X("yearmonth(month):T", title=None, axis=alt.Axis(format="%Y-%m")),
    alt.Y("revenue:Q", title="net"),
    alt.Facet("currency:N", title=None, columns=2),
).resolve_scale(y="independent").properties(
    width=330, height=170, title=alt.Title("Room revenue by month and currency", anchor="start")
)

# %% [markdown]
# The bars from this month on are what is on the books. Months are those of UTC here: which night
# an item belongs to is a matter of the hotel's time zone, and the next notebook takes care of it.
#
# What do the columns mean?

# %%
meaning = mf.describe("OrderItem").filter(
    pl.col("column").is_in(["Type", "ConsumedUtc", "Amount.NetValue"])
)
GT(meaning.select("column", "type", "meaning"))

# %% [markdown]
# Did Mews send anything that the schema does not know? It would be listed here, and nothing of it
# would be lost: it stands in the last column, `_rescued_data`.

# %%
mf.drift(orders)

# %% [markdown]
# The same line in pandas, with an Arrow dtype in every column:

# %%
guests = mf.load_entities("Customer", backend="pandas", profile="sandbox")
guests[["Id", "NationalityCode", "CreatedUtc"]].head()

# %% [markdown]
# And what lies on this machine by now, without asking anybody:

# %%
mf.exports(profile="sandbox").select("type", "status", "rows", "bytes", "expires").head(3)
