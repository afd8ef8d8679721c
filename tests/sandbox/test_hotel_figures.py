"""Occupancy, ADR and RevPAR of the made-up hotels look like those of hotels."""

from datetime import date, timedelta

import polars as pl
import pytest
from support.hotel import TODAY, frame

from mews_frames._sandbox.hotel import group_of, properties

ROWS = 60_000
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)
"""Two whole years, so that no month weighs more than another."""

C = pl.col
REVENUE = C("Type").is_in(["SpaceOrder", "NightRebate"])
COUNTS = C("AccountingState").is_in(["Open", "Closed"])
STAYED = C("State").is_in(["Confirmed", "Started", "Processed"])


def local(name, place):
    """Dates are local ones: midnight in Madrid is 22:00 or 23:00 of the day before in UTC."""
    return C(name).dt.convert_time_zone(place["TimeZoneIdentifier"]).dt.date()


def nights(frame, start, end):
    """Give a row for each night from a date to a date, the last one excluded."""
    some = frame.filter(start < end)
    return some.select(night=pl.date_ranges(start, end, closed="left")).explode("night")


def figures_of(place):
    """Count rooms sold and sum up room revenue, by night, of one property."""
    stays = frame("Reservation", ROWS).filter(C("ServiceId") == place["ServiceId"], STAYED)
    sold = nights(stays, local("ScheduledStartUtc", place), local("ScheduledEndUtc", place))
    items = frame("OrderItem", ROWS).filter(
        C("EnterpriseId") == place["EnterpriseId"], REVENUE, COUNTS
    )
    revenue = items.group_by(night=local("ConsumedUtc", place)).agg(
        revenue=C("Amount.NetValue").sum().cast(pl.Float64)
    )
    days = pl.DataFrame({"night": pl.date_range(FIRST, LAST, eager=True)})
    return (
        days.join(sold.group_by("night").len("sold"), "night", how="left")
        .join(revenue, "night", how="left")
        .with_columns(
            C("sold", "revenue").fill_null(0),
            kind=pl.lit(place["Kind"]),
            city=pl.lit(place["City"]),
            rooms=place["Rooms"],
            month=C("night").dt.month(),
            weekday=C("night").dt.weekday(),
        )
    )


@pytest.fixture(scope="module")
def figures():
    return pl.concat([figures_of(place) for place in properties(group_of(ROWS, 0))])


def by(figures, *names):
    """Give the three figures: sums over sums, never the mean of means."""
    return figures.group_by(names).agg(
        occupancy=C("sold").sum() / C("rooms").sum(),
        adr=C("revenue").sum() / C("sold").sum(),
        revpar=C("revenue").sum() / C("rooms").sum(),
    )


def table(figures, name, value):
    return dict(by(figures, name).select(name, value).iter_rows())


def test_no_room_is_sold_twice(figures):
    assert figures.filter(C("sold") > C("rooms")).is_empty()
    stays = frame("Reservation", ROWS).filter(C("AssignedResourceId").is_not_null())
    stays = stays.sort("AssignedResourceId", "ScheduledStartUtc")
    following = stays.select(C("AssignedResourceId", "ScheduledStartUtc").shift(-1))
    same = stays["AssignedResourceId"] == following["AssignedResourceId"]
    early = stays["ScheduledEndUtc"] > following["ScheduledStartUtc"]
    assert stays.height > 10_000
    assert not (same & early).any()


def test_nobody_stays_in_a_room_that_is_out_of_order():
    blocks = frame("ResourceBlock", ROWS).filter(C("IsActive"))
    stays = frame("Reservation", ROWS).filter(STAYED)
    both = blocks.join(stays, "AssignedResourceId")
    starts, ends = C("ScheduledStartUtc"), C("ScheduledEndUtc")
    assert both.height > 10_000
    assert both.filter(starts < C("EndUtc"), ends > C("StartUtc")).is_empty()


def test_rooms_are_out_of_order_now_and_then():
    blocks = frame("ResourceBlock", ROWS).filter(C("IsActive"), C("StartUtc") < TODAY)
    days = (C("EndUtc") - C("StartUtc")).dt.total_hours().sum() / 24
    share = blocks.select(days).item() / (len(group_of(ROWS, 0).rooms) * 3 * 365)
    assert 0.01 < share < 0.04
    assert set(blocks["Type"]) == {"OutOfOrder", "InternalUse"}


def test_hotels_are_neither_empty_nor_full(figures):
    for city, occupancy in table(figures, "city", "occupancy").items():
        assert 0.6 < occupancy < 0.85, city


def test_prices_are_those_of_the_place(figures):
    adr = table(figures, "city", "adr")
    assert 90 < adr["Berlin"] < 160  # EUR
    assert 200 < adr["New York"] < 330  # USD
    assert 2_000 < adr["Prague"] < 3_500  # CZK


def test_revpar_is_adr_times_occupancy(figures):
    for row in by(figures, "city").iter_rows(named=True):
        assert row["revpar"] == pytest.approx(row["adr"] * row["occupancy"])


def test_cities_fill_in_spring_and_autumn(figures):
    cities = figures.filter(C("kind") == "City", C("city") != "Sydney")
    for value in ("occupancy", "revpar"):
        month = table(
            cities.with_columns(C("revenue") / C("revenue").mean().over("city")), "month", value
        )
        assert min(month[5], month[9], month[10]) > 1.3 * month[1]
        assert month[8] < month[9]


def test_resorts_fill_in_their_season(figures):
    month = table(figures.filter(C("city") == "Tenerife"), "month", "revpar")
    assert max(month, key=month.get) in (7, 8)
    assert month[8] > 1.4 * month[5]
    turned = table(figures.filter(C("city") == "Phuket"), "month", "revpar")
    assert turned[2] > turned[8]


def test_business_hotels_are_full_midweek_and_empty_on_sundays(figures):
    day = table(figures.filter(C("kind") == "City"), "weekday", "occupancy")
    assert min(day, key=day.get) == 7
    assert max(day, key=day.get) in (2, 3)
    assert day[3] - day[7] > 0.15


def test_resorts_are_full_at_weekends(figures):
    day = table(figures.filter(C("kind") == "Resort"), "weekday", "occupancy")
    assert max(day, key=day.get) == 6
    assert day[6] - day[3] > 0.15


def test_weekends_cost_more_in_resorts(figures):
    resort = figures.filter(C("city") == "Tenerife")
    adr = table(resort, "weekday", "adr")
    assert adr[6] > 1.08 * adr[2]


def test_guests_book_ahead_and_some_on_the_day():
    stays = frame("Reservation", ROWS).filter(
        C("State") == "Processed", C("AvailabilityBlockId").is_null()
    )
    lead = stays.select((C("ScheduledStartUtc") - C("CreatedUtc")).dt.total_days())[
        "ScheduledStartUtc"
    ]
    assert 5 < lead.median() < 40
    assert lead.quantile(0.9) > 90
    assert lead.filter(lead < 1).len() > 0.05 * lead.len()


def test_what_lies_ahead_is_partly_booked():
    stays = frame("Reservation", ROWS).filter(C("State") == "Confirmed")
    ahead = stays.select((C("ScheduledStartUtc") - TODAY).dt.total_days())["ScheduledStartUtc"]
    near, far = ahead.is_between(0, 29).sum(), ahead.is_between(90, 119).sum()
    assert near > 2 * far > 0


@pytest.mark.parametrize(("share", "reason"), [((0.08, 0.2), None), ((0.01, 0.05), "NoShow")])
def test_some_cancel_and_some_never_come(share, reason):
    stays = frame("Reservation", ROWS)
    off = stays.filter(C("State") == "Canceled")
    assert off["CancellationReason"].null_count() == 0
    if reason is not None:
        off = off.filter(C("CancellationReason") == reason)
    assert share[0] < off.height / stays.height < share[1]


def test_most_who_never_came_paid_a_fee():
    fees = frame("OrderItem", ROWS).filter(C("Type") == "CancellationFee")
    missed = frame("Reservation", ROWS).filter(C("CancellationReason") == "NoShow")
    spared = missed.join(fees, left_on="Id", right_on="ServiceOrderId", how="anti")
    assert spared.height <= 1  # the last reservation of a sandbox may lack items
    assert missed.height > 100
    bills = frame("Bill", ROWS).join(fees, left_on="Id", right_on="BillId", how="semi")
    assert set(bills["State"]) == {"Open", "Closed"}


def test_some_take_a_room_for_the_day():
    cities = [each for each in properties(group_of(ROWS, 0)) if each["Kind"] == "City"]
    count = 0
    for place in cities:
        stays = frame("Reservation", ROWS).filter(C("ServiceId") == place["ServiceId"])
        arrival, departure = local("ScheduledStartUtc", place), local("ScheduledEndUtc", place)
        day_use = stays.filter(arrival == departure)
        count += day_use.height
        items = frame("OrderItem", ROWS).join(day_use, left_on="ServiceOrderId", right_on="Id")
        assert items.filter(C("Type") == "SpaceOrder").height == day_use.height
    assert 0.005 < count / frame("Reservation", ROWS).height < 0.05


def test_nights_begin_at_local_midnight_and_are_consumed_two_hours_later():
    for place in properties(group_of(ROWS, 0)):
        nights = frame("OrderItem", ROWS).filter(
            C("EnterpriseId") == place["EnterpriseId"], C("Type") == "SpaceOrder"
        )
        start = C("StartUtc").dt.convert_time_zone(place["TimeZoneIdentifier"])
        assert set(nights.select(start.dt.hour()).to_series()) == {0}
        assert set(nights["ConsumedUtc"] - nights["StartUtc"]) == {timedelta(hours=2)}


def test_guests_come_again():
    stays = frame("Reservation", ROWS).group_by("AccountId").len()
    assert 0.02 < stays.filter(C("len") > 1).height / stays.height < 0.2


def test_some_stay_for_nothing():
    place = properties(group_of(ROWS, 0))[0]
    free = next(each["Id"] for each in place["Rates"] if each["Name"] == "Complimentary")
    stays = frame("Reservation", ROWS).filter(C("RateId") == free, C("State") == "Processed")
    items = frame("OrderItem", ROWS).join(stays, left_on="ServiceOrderId", right_on="Id")
    assert stays.height > 1
    assert set(items.filter(C("Type") == "SpaceOrder")["Amount.GrossValue"]) == {0}


def test_now_and_then_a_guest_gets_a_better_room_than_was_booked():
    for place in properties(group_of(ROWS, 0)):
        rank = {each["Id"]: n for n, each in enumerate(place["ResourceCategories"])}
        room = {each["Id"]: rank[each["ResourceCategoryId"]] for each in place["Resources"]}
        stays = frame("Reservation", ROWS).filter(C("AssignedResourceId").is_in(list(room)))
        better = stays.select(
            C("AssignedResourceId").replace_strict(room)
            - C("RequestedResourceCategoryId").replace_strict(rank)
        ).to_series()
        assert set(better) == {0, 1}
        assert better.mean() < 0.05
