"""What the dashboard shows: from frames of mews_frames to small frames that charts take.

Plain Polars, so that it can be read, tested and copied without Streamlit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

EARNED = ["Open", "Closed"]
"""Accounting states of items that count; canceled ones do not."""


@dataclass(frozen=True)
class Hotel:
    """One property: what exports do not say of it stands in a table of your own."""

    name: str
    enterprise_id: str
    service_id: str
    zone: str
    rooms: int


def local_date(column: str, hotel: Hotel) -> pl.Expr:
    """Give the date of an instant where the hotel stands."""
    return pl.col(column).dt.convert_time_zone(hotel.zone).dt.date()


def nights(orders: pl.LazyFrame, hotel: Hotel) -> pl.LazyFrame:
    """Room nights that were sold, and what was taken back of them, a row for each.

    Columns are day, currency, net revenue, rooms (none for a rebate) and reservation.
    """
    is_night = pl.col("Type") == "SpaceOrder"
    return orders.filter(
        pl.col("EnterpriseId") == hotel.enterprise_id,
        is_night | (pl.col("Type") == "NightRebate"),
        pl.col("AccountingState").is_in(EARNED),
    ).select(
        day=local_date("ConsumedUtc", hotel),
        currency="Amount.Currency",
        revenue="Amount.NetValue",
        rooms=pl.when(is_night).then("UnitCount").otherwise(0),
        reservation="ServiceOrderId",
    )


def by_month(sold: pl.LazyFrame, hotel: Hotel, first: date, last: date) -> pl.DataFrame:
    """Occupancy, ADR and RevPAR of each month from the month of `first` to that of `last`."""
    months = (
        sold.filter(pl.col("day").is_between(first.replace(day=1), _end(last)))
        .group_by(pl.col("day").dt.truncate("1mo").alias("month"), "currency")
        .agg(pl.col("revenue").sum(), pl.col("rooms").sum())
        .sort("month")
        .collect()
    )
    there = pl.col("month").dt.days_in_month().cast(pl.Int64) * hotel.rooms
    revenue = pl.col("revenue").cast(pl.Float64)  # divided, not added up: a double will do
    return months.with_columns(
        occupancy=pl.col("rooms") / there,
        adr=revenue / pl.col("rooms"),
        revpar=revenue / there,
    )


def by_segment(
    sold: pl.LazyFrame, reservations: pl.LazyFrame, names: pl.DataFrame, first: date, last: date
) -> pl.DataFrame:
    """Net room revenue by month and business segment."""
    segments = reservations.select(pl.col("Id").alias("reservation"), "BusinessSegmentId")
    return (
        sold.filter(pl.col("day").is_between(first.replace(day=1), _end(last)))
        .join(segments, on="reservation", how="left")
        .group_by(pl.col("day").dt.truncate("1mo").alias("month"), "currency", "BusinessSegmentId")
        .agg(pl.col("revenue").sum())
        .join(names.lazy(), left_on="BusinessSegmentId", right_on="Id", how="left")
        .select(
            "month", "currency", pl.col("Name").fill_null("no segment").alias("segment"), "revenue"
        )
        .sort("month", "segment")
        .collect()
    )


def on_the_books(
    reservations: pl.LazyFrame, hotel: Hotel, at: datetime, first: date
) -> pl.DataFrame:
    """Rooms by night, of four weeks from `first`, as the books were at an instant."""
    last = first + timedelta(days=27)
    return (
        reservations.filter(
            pl.col("ServiceId") == hotel.service_id,
            pl.col("CreatedUtc") <= at,
            pl.col("CancelledUtc").is_null() | (pl.col("CancelledUtc") > at),
        )
        .select(
            night=pl.date_ranges(
                local_date("ScheduledStartUtc", hotel),
                local_date("ScheduledEndUtc", hotel),
                closed="left",
            )
        )
        .explode("night")
        .filter(pl.col("night").is_between(first, last))
        .group_by("night")
        .agg(pl.len().cast(pl.Int64).alias("rooms"))
        .collect()
    )


def pickup(reservations: pl.LazyFrame, hotel: Hotel, now: datetime, days: int) -> pl.DataFrame:
    """Rooms on the books by night: now, so many days ago, and what came between."""
    first = now.date()
    nights_ahead = pl.DataFrame({"night": [first + timedelta(days=n) for n in range(28)]})
    then = on_the_books(reservations, hotel, now - timedelta(days=days), first)
    return (
        nights_ahead.join(on_the_books(reservations, hotel, now, first), on="night", how="left")
        .join(then, on="night", how="left", suffix="_before")
        .fill_null(0)
        .with_columns(pickup=pl.col("rooms") - pl.col("rooms_before"))
        .sort("night")
    )


def _end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
