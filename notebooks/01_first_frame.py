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
import polars as pl

import mews_frames as mf

orders = mf.load_entities("OrderItem", profile="sandbox")

# %% [markdown]
# The frame is lazy: nothing is read from disk before it is collected, and then only the columns
# and rows that the query needs. The second call of the same line sends nothing.

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
monthly.head(12)

# %% [markdown]
# What do the columns mean? And did Mews send anything that the schema does not know?

# %%
mf.describe("OrderItem").head(10)

# %%
mf.drift(orders)

# %% [markdown]
# The same data in pandas, with Arrow types:

# %%
guests = mf.load_entities("Customer", backend="pandas", profile="sandbox")
guests[["Id", "NationalityCode", "CreatedUtc"]].head()
