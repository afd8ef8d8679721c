"""The arithmetic that an analyst does first works in pandas, with money as it comes."""

import pandas as pd
import pytest

import mews_frames as mf
from mews_frames.testing import FakeClock

NET = "Amount.NetValue"


@pytest.fixture(scope="module")
def client():
    with mf.sandbox(rows=1_000, duration=0, clock=FakeClock()) as box:
        yield box.client()


@pytest.fixture(scope="module")
def orders(client):
    return client.load_entities("OrderItem", backend="pandas", progress=False)


@pytest.fixture(scope="module")
def exact(client):
    """Sum exactly, of the same export: what the doubles have to come to."""
    frame = client.load_entities("OrderItem", backend="pyarrow", progress=False).to_pylist()
    return [(row["Type"], row[NET]) for row in frame]


def test_every_column_has_an_arrow_dtype(orders):
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in orders.dtypes)


def test_adr_is_a_sum_of_net_values_by_nights(orders, exact):
    nights = orders[orders["Type"] == "SpaceOrder"]
    revenue = sum(value for kind, value in exact if kind == "SpaceOrder")
    assert nights[NET].sum() / len(nights) == pytest.approx(float(revenue) / len(nights))
    assert nights[NET].sum() / nights["UnitCount"].sum() > 0
    assert (nights[NET] / nights["UnitCount"]).notna().all()


def test_money_is_described(orders, exact):
    summary = orders.describe()
    assert summary.loc["count", NET] == len(exact)
    assert summary.loc["max", NET] == float(max(value for _, value in exact))
    assert orders[NET].describe()["mean"] == pytest.approx(orders[NET].mean())


def test_money_is_summed_by_group(orders, exact):
    sums = orders.groupby("Type")[NET].sum()
    for kind in {kind for kind, _ in exact}:
        assert sums[kind] == pytest.approx(float(sum(v for k, v in exact if k == kind)))
    months = orders.groupby(orders["ConsumedUtc"].dt.strftime("%Y-%m"))[NET].sum()
    assert months.sum() == pytest.approx(float(sum(value for _, value in exact)))


def test_money_is_pivoted_and_resampled(orders):
    pivot = orders.pivot_table(index="Type", columns="AccountingState", values=NET, aggfunc="sum")
    assert pivot.sum().sum() == pytest.approx(orders[NET].sum())
    by_day = orders.set_index("ConsumedUtc")[NET].resample("D").sum()
    assert by_day.sum() == pytest.approx(orders[NET].sum())


def test_money_runs_up(orders, exact):
    assert orders[NET].cumsum().iloc[-1] == pytest.approx(float(sum(v for _, v in exact)))


def test_money_is_plotted(orders):
    """Plotting libraries ask for NumPy arrays: doubles, and instants that they know."""
    assert orders[NET].to_numpy().dtype == "float64"
    assert all(isinstance(at, pd.Timestamp) for at in orders["ConsumedUtc"].to_numpy())


def test_decimals_in_pandas_sum_exactly_and_cannot_do_everything(client, exact):
    """What ``money="decimal"`` costs: pandas has no arithmetic of its own for it.

    If one of these works some day, say so in docs/how-to/money-in-pandas.md.
    """
    net = client.load_entities("OrderItem", backend="pandas", money="decimal", progress=False)[NET]
    assert str(net.dtype) == "decimal128(38, 6)[pyarrow]"
    assert net.sum() == sum(value for _, value in exact)
    for impossible in (net.describe, net.cumsum, lambda: net / net):
        with pytest.raises((TypeError, ValueError)):  # Arrow's own errors are of these kinds
            impossible()
