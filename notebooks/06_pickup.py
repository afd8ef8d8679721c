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
# # Pickup: what was on the books a week ago
#
# A table that is synced every morning remembers every morning. So the pickup of a night, rooms on
# the books now against those of a week ago, is two reads of the same table.
#
# Here two weeks pass in a moment: the sandbox follows a clock that the notebook moves. With your
# own tokens the loop is a job of every morning, `mews-frames sync Reservation`.

# %%
from datetime import timedelta

import altair as alt
import polars as pl

import mews_frames as mf
from mews_frames.testing import FakeClock

alt.renderers.enable("svg")

clock = FakeClock()
box = mf.sandbox(rows=40_000, clock=clock)
client = box.client(transport=box.transport)

for _ in range(15):
    reservations = client.sync_entities("Reservation", progress=False)
    clock.move(24 * 60 * 60)

clock.move(-24 * 60 * 60)  # back to the last morning
last_morning = clock.now()
hotels = box.properties.select("ServiceId", "TimeZoneIdentifier")

# %% [markdown]
# ## Two lines
#
# `as_of` takes a version or an instant; it reads the newest version that was synced by then, and
# asks Mews nothing.

# %%
now = client.sync_entities("Reservation", progress=False)
then = client.sync_entities("Reservation", as_of=last_morning - timedelta(days=7))


# %%
def local_date(column: str) -> pl.Expr:
    """Give the date of an instant where its hotel stands: that is what a night is named by."""
    return pl.coalesce(
        pl.when(pl.col("ServiceId") == id_).then(
            pl.col(column).dt.convert_time_zone(zone).dt.date()
        )
        for id_, zone in hotels.iter_rows()
    )


def nights(books: pl.LazyFrame) -> pl.DataFrame:
    """Count rooms on the books by night, of the next four weeks."""
    first = last_morning.date()
    return (
        books.filter(pl.col("State").is_in(["Confirmed", "Started", "Optional"]))
        .select(
            night=pl.date_ranges(
                local_date("ScheduledStartUtc"), local_date("ScheduledEndUtc"), closed="left"
            )
        )
        .explode("night")
        .filter(pl.col("night").is_between(first, first + timedelta(days=27)))
        .group_by("night")
        .agg(pl.len().cast(pl.Int64).alias("rooms"))
        .collect()
    )


pickup = (
    nights(now)
    .join(nights(then), on="night", how="left", suffix=" a week ago")
    .fill_null(0)
    .with_columns(pickup=pl.col("rooms") - pl.col("rooms a week ago"))
    .sort("night")
)
assert pickup["pickup"].sum() > 0
pickup.head(7)

# %%
books = pickup.unpivot(
    ["rooms a week ago", "pickup"], index="night", variable_name="what", value_name="count"
)
alt.Chart(books).mark_bar().encode(
    alt.X("night:T", title=None),
    alt.Y("count:Q", title="rooms on the books"),
    alt.Color(
        "what:N",
        sort=["rooms a week ago", "pickup"],
        scale=alt.Scale(range=["#7f9fbf", "#b5482a"]),
        legend=alt.Legend(title=None, orient="top"),
    ),
).properties(
    width=560, height=220, title=alt.Title("On the books, and picked up since", anchor="start")
)

# %% [markdown]
# ## Pace: how a month filled up
#
# One read for each version gives the curve: rooms on the books of the next four weeks, as they
# stood each morning.

# %%
mornings = [last_morning - timedelta(days=back) for back in range(13, -1, -1)]
curve = pl.DataFrame(
    {
        "morning": [morning.date() for morning in mornings],
        "room nights": [
            nights(client.sync_entities("Reservation", as_of=morning))["rooms"].sum()
            for morning in mornings
        ],
    }
)
assert curve["room nights"][-1] > curve["room nights"][0]
alt.Chart(curve).mark_line(interpolate="step-after", point=True, color="#b5482a").encode(
    alt.X("morning:T", title=None),
    alt.Y("room nights:Q", scale=alt.Scale(zero=False)),
).properties(width=560, height=180)

# %% [markdown]
# ## What happened in between
#
# `changes` gives the rows themselves: what came, what changed, what is gone.

# %%
changed = client.changes(
    "Reservation",
    since=last_morning - timedelta(days=7),
    columns=["Id", "State", "CreatedUtc", "ScheduledStartUtc", "CancelledUtc"],
)
changed.group_by("_change", "State").len().sort("_change", "State")

# %% [markdown]
# And a look at whether all is as it should be.

# %%
report = client.check(now)
assert report["failed"].sum() == 0
report

# %%
box.close()
