"""The places that the made-up hotels stand in: money, taxes, seasons and weekdays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from mews_frames._sandbox.hotel.instants import weekday

__all__ = ["CITIES", "City", "Tax", "Taxed", "demand", "sale", "tax_free"]


class Tax(NamedTuple):
    """A tax on sales: its code as Mews writes it, and its rate in hundredths of a percent."""

    code: str
    rate: int


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """What the properties of one place have in common.

    Attributes
    ----------
    country
        ISO 3166-1, two letters.
    night_tax, extra_tax
        On nights; on breakfasts and parking.
    city_tax, price
        Of a person and night, and of a night in the plainest room, in cents.
    net_pricing
        Whether tax comes on top of prices.
    is_turned
        Whether it is full when the others are not: by half a year.
    """

    name: str
    country: str
    zone: str
    currency: str
    night_tax: Tax
    extra_tax: Tax
    city_tax: int
    price: int
    net_pricing: bool = False
    is_resort: bool = False
    is_turned: bool = False


# fmt: off
CITIES = (
    City("Berlin", "DE", "Europe/Berlin", "EUR",
         Tax("DE-2020-1-L", 7_00), Tax("DE-2020-1-S", 19_00), 3_50, 118_00),
    City("Tenerife", "ES", "Atlantic/Canary", "EUR",
         Tax("ES-IC-2020-R", 7_00), Tax("ES-IC-2020-R", 7_00), 0, 164_00, is_resort=True),
    City("New York", "US", "America/New_York", "USD",
         Tax("US-NY-2023-H", 14_75), Tax("US-NY-2023-S", 8_88), 3_50, 239_00, net_pricing=True),
    City("London", "GB", "Europe/London", "GBP",
         Tax("UK-2022-20%", 20_00), Tax("UK-2022-20%", 20_00), 0, 142_00),
    City("Prague", "CZ", "Europe/Prague", "CZK",
         Tax("CZ-2024-R", 12_00), Tax("CZ-2024-S", 21_00), 50_00, 2_650_00),
    City("Vienna", "AT", "Europe/Vienna", "EUR",
         Tax("AT-2020-R", 10_00), Tax("AT-2020-S", 20_00), 3_20, 131_00),
    City("Phuket", "TH", "Asia/Bangkok", "THB",
         Tax("TH-2023-S", 7_00), Tax("TH-2023-S", 7_00), 0, 4_900_00, is_resort=True,
         is_turned=True),
    City("Sydney", "AU", "Australia/Sydney", "AUD",
         Tax("AU-2017-S", 10_00), Tax("AU-2017-S", 10_00), 0, 221_00, is_turned=True),
)
# fmt: on
"""Real places: time zones, currencies, gross and net prices; taxes roughly as they are there."""

# Occupancy by month, in percent: cities fill in spring and autumn, resorts by their season.
CITY_SEASON = (54, 60, 70, 78, 86, 88, 80, 76, 90, 86, 70, 76)
RESORT_SEASON = (78, 82, 80, 76, 60, 66, 86, 94, 72, 66, 68, 84)
# By weekday, Monday first, in percent of the mean: how full a night is, and what it costs.
CITY_WEEK = (96, 112, 114, 102, 98, 104, 68)
RESORT_WEEK = (88, 84, 86, 94, 116, 122, 104)

GROWTH = 0.03
"""Prices rise by so much a year; those of `CITIES` are of 2024."""

FULLEST = 0.97
"""Nobody is ever fuller."""


@cache
def demand(city: City, day: int) -> tuple[float, float]:
    """Say how likely a room is taken on a night, and what a night costs against the list price."""
    on = date(1970, 1, 1) + timedelta(days=day)
    month = (on.month + (5 if city.is_turned else -1)) % 12
    season = (RESORT_SEASON if city.is_resort else CITY_SEASON)[month]
    week = (RESORT_WEEK if city.is_resort else CITY_WEEK)[weekday(day)]
    level = (0.55 + 0.6 * season / 100) * (0.5 + week / 200) * (1 + GROWTH) ** (on.year - 2024)
    if (on.month, on.day) in ((12, 30), (12, 31)):  # everybody wants to see the fireworks
        return FULLEST, level * 1.6
    return min(season * week / 10_000, FULLEST), level


class Taxed(NamedTuple):
    """A price in cents: net + tax is gross, always."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        """With tax."""
        return self.net + self.tax


def sale(price: int, tax: Tax, *, net_pricing: bool) -> Taxed:
    """Split the price of something sold: it holds the tax, or the tax comes on top."""
    if net_pricing:
        return Taxed(price, (price * tax.rate + 5_000) // 10_000)
    whole = 10_000 + tax.rate
    net = (price * 10_000 + whole // 2) // whole
    return Taxed(net, price - net)


def tax_free(price: int) -> Taxed:
    """Give a price that no tax is due on, such as a city tax."""
    return Taxed(price, 0)
