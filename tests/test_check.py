"""Checks find what is wrong, say how much, and are quiet where nothing is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from support.hotel import frame

import mews_frames as mf
from mews_frames.errors import InvalidArgumentError

ROWS = 4_000
DATA = Path(__file__).parent / "data"
"""The records that Mews publishes."""


def line(report, check, column=None):
    """Give the one line of a check: rows, failed, example."""
    some = report.filter(pl.col("check") == check)
    if column is not None:
        some = some.filter(pl.col("column") == column)
    assert some.height == 1
    return some.select("rows", "failed", "example").row(0)


def spoilt(entity_type, **columns):
    """Give the rows of a type with some columns changed in the first one."""
    whole = frame(entity_type, ROWS)
    first = pl.int_range(pl.len()) == 0
    return whole.with_columns(
        pl.when(first).then(pl.lit(value, whole.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in columns.items()
    )


def first_id(entity_type):
    return frame(entity_type, ROWS)["Id"][0]


@pytest.mark.parametrize("entity_type", mf.entity_types())
def test_nothing_is_wrong_with_made_up_hotels(entity_type):
    report = mf.check(frame(entity_type, ROWS))
    assert set(report["entity_type"]) == {entity_type}
    assert report.filter(pl.col("check") != "one currency")["failed"].sum() == 0
    assert {"unique ids", "required fields"} <= set(report["check"])


def test_an_id_that_stands_twice_is_found():
    whole = frame("Bill", ROWS)
    report = mf.check(pl.concat([whole, whole.head(3)]))
    assert line(report, "unique ids")[:2] == (whole.height + 3, 3)
    assert mf.check(spoilt("Bill", Id=None)).filter(check="unique ids")["failed"].item() == 1


def test_a_missing_field_is_found_and_named():
    report = mf.check(spoilt("OrderItem", EnterpriseId=None))
    assert line(report, "required fields", "EnterpriseId") == (ROWS, 1, first_id("OrderItem"))
    named = report.filter(check="required fields", failed=1)["column"].to_list()
    assert named == ["EnterpriseId"]


@pytest.mark.parametrize("path", sorted(DATA.glob("*.jsonl")), ids=lambda path: path.stem)
def test_what_mews_publishes_has_all_that_is_required(clock, path):
    lines = path.read_bytes().splitlines(keepends=True)
    with mf.sandbox(records={path.stem: lines}, clock=clock) as mews, mews.client() as client:
        report = client.check(path.stem)
    assert report.filter(pl.col("check") == "required fields")["failed"].to_list() == [0]


@pytest.mark.parametrize(
    ("entity_type", "column"),
    [
        ("Reservation", "GroupId"),
        ("Reservation", "ScheduledEndUtc"),
        ("Reservation", "StartUtc"),
        ("AvailabilityAdjustment", "ActivityState"),
    ],
)
def test_what_was_seen_null_or_is_on_its_way_out_may_be_missing(entity_type, column):
    report = mf.check(spoilt(entity_type, **{column: None}))
    assert line(report, "required fields")[1] == 0


@pytest.mark.parametrize(("more", "failed"), [("0.01", 0), ("0.02", 1), ("-0.02", 1)])
def test_gross_that_is_not_net_and_taxes_is_found(more, failed):
    gross = frame("OrderItem", ROWS)["Amount.GrossValue"][0]
    report = mf.check(spoilt("OrderItem", **{"Amount.GrossValue": gross + Decimal(more)}))
    found = line(report, "gross is net and taxes", "Amount.GrossValue")
    assert found == (ROWS, failed, first_id("OrderItem") if failed else None)


def test_several_currencies_are_named():
    name = "Amount.Currency"
    assert line(mf.check(frame("OrderItem", ROWS)), "one currency", name)[1:] == (0, None)
    (usual,) = frame("OrderItem", ROWS)[name].unique()
    report = mf.check(spoilt("OrderItem", **{name: "XTS"}))
    assert line(report, "one currency", name)[1:] == (1, ", ".join(sorted([usual, "XTS"])))


def test_keys_that_lead_nowhere_are_found_between_types():
    whole = {name: frame(name, ROWS) for name in ("Payment", "Bill", "Customer", "Company")}
    quiet = mf.check(whole)
    assert line(quiet.filter(entity_type="Payment"), "foreign keys of Bill")[1] == 0
    assert line(quiet.filter(entity_type="Payment"), "foreign keys of Customer or Company")[1] == 0
    some = whole["Payment"].drop_nulls("BillId")["BillId"][0]
    whole["Bill"] = whole["Bill"].filter(pl.col("Id") != some)
    found = line(mf.check(whole).filter(entity_type="Payment"), "foreign keys of Bill")
    assert found[1] == whole["Payment"].filter(BillId=some).height
    assert found[2] == some


def test_accounts_of_a_type_that_is_not_there_are_not_missed():
    some = {name: frame(name, ROWS) for name in ("Bill", "Customer")}
    assert line(mf.check(some).filter(entity_type="Bill"), "foreign keys of Customer")[1] == 0


def test_every_backend_and_shape_gives_the_same_report():
    with mf.sandbox(rows=ROWS) as mews, mews.client() as client:
        export = client.start_export("OrderItem")
        reports = [
            mf.check(client.load_export(export.id, progress=False, **options))
            for options in (
                {}, {"flatten": False}, {"money": "float"}, {"backend": "pyarrow"},
                {"backend": "pandas"}, {"backend": "pandas", "flatten": False},
            )
        ]  # fmt: skip
    assert len(reports[0]) > 6
    for report in reports[1:]:
        assert report.equals(reports[0])


def test_of_an_export_the_window_and_the_properties_are_checked(clock):
    with mf.sandbox(rows=ROWS, clock=clock) as mews, mews.client() as client:
        start = clock.now() - timedelta(days=30)
        export = client.start_export("Bill", updated=(start, None))
        report = client.check(export)
        assert line(report, "within the window")[1:] == (0, None)
        assert line(report, "properties with rows")[1] == 0
        assert client.check(export.id).equals(report)
        assert line(client.check("Payment"), "properties with rows")[1] == 0


def test_rows_outside_of_the_window_and_properties_without_rows_are_found(clock):
    other = "00000000-0000-4000-8000-000000000009"
    bill = '{"Id":"00000000-0000-4000-8000-00000000000%d","UpdatedUtc":"2026-06-0%dT00:00:00Z"}\n'
    rows = [(bill % (1, 1)).encode(), (bill % (2, 2)).encode()]
    with mf.sandbox(records={"Bill": rows}, clock=clock) as mews, mews.client() as client:
        end = datetime(2026, 6, 2, tzinfo=UTC)
        export = client.start_export(
            "Bill", updated=("2026-06-01T00:00:00Z", end), enterprise_ids=[other]
        )
        report = client.check({"Bill": export})
    last = "00000000-0000-4000-8000-000000000002"
    assert line(report, "within the window") == (2, 1, last)
    assert line(report, "properties with rows")[1:] == (1, other)


def test_a_frame_that_does_not_say_what_it_is_is_refused_unless_it_is_said():
    some = frame("Bill", ROWS).select("Id", "UpdatedUtc")
    with pytest.raises(InvalidArgumentError, match="do not say of which entity type"):
        mf.check(some)
    assert line(mf.check({"Bill": some}), "unique ids")[1] == 0
    with pytest.raises(InvalidArgumentError, match="it is none of them"):
        mf.check(pl.DataFrame({"a": [1]}))


def test_an_empty_frame_is_checked_too():
    report = mf.check(frame("Bill", ROWS).head(0))
    assert report["failed"].sum() == 0
    assert set(report["rows"]) == {0}


def test_no_name_of_a_guest_gets_into_a_report():
    report = mf.check(spoilt("Customer", ChainId=None, CreatedUtc=None))
    names = set(frame("Customer", ROWS)["LastName"].drop_nulls())
    assert not any(name in (text or "") for name in names for text in report["example"])


@pytest.mark.parametrize("other", [5, None, [], b"x", {"OrderItem": 5}])
def test_what_is_no_frame_is_refused(other):
    with pytest.raises(InvalidArgumentError, match="is no frame"):
        mf.check(other)
