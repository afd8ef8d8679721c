"""What the type checkers must see; they read this file, nobody runs it."""

from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import pandas as pd
import polars as pl
import pyarrow as pa

import mews_frames as mf
from mews_frames.typing import Backend, EntityType

START = datetime(2026, 1, 1, tzinfo=UTC)

assert_type(mf.load_entities("OrderItem"), pl.LazyFrame)
assert_type(mf.load_entities("OrderItem", backend="polars", columns=["Id"]), pl.LazyFrame)
assert_type(mf.load_entities("Customer", backend="pandas", money="decimal"), pd.DataFrame)
assert_type(mf.load_entities("Bill", backend="pyarrow", max_age=timedelta(hours=1)), pa.Table)
assert_type(mf.load_entities("Payment", updated=(START, None), timeout=60), pl.LazyFrame)
assert_type(mf.load_entities("LedgerEntry", posted=("2026-01-01", "2026-01-31")), pl.LazyFrame)
assert_type(mf.load_many(["Bill", "Payment"]), dict[str, pl.LazyFrame])
assert_type(mf.load_many(["Bill"], backend="pandas"), dict[str, pd.DataFrame])
assert_type(mf.load_export("id", backend="pyarrow", flatten=False), pa.Table)
assert_type(mf.start_export("OrderItem", refresh=True), mf.Export)
assert_type(mf.sync_entities("Bill", as_of=START, deleted=True), pl.LazyFrame)
assert_type(mf.sync_entities("Bill", into="s3://bucket/bills", overlap=60), pl.LazyFrame)
assert_type(mf.changes("Bill", since=3), pl.DataFrame)
assert_type(mf.check("Bill"), pl.DataFrame)
assert_type(mf.exports(), pl.DataFrame)
assert_type(mf.schema_of("OrderItem"), pl.Schema)
assert_type(mf.entity_types(), tuple[EntityType, ...])
assert_type(mf.describe("OrderItem"), pl.DataFrame)

with mf.Client(profile="sandbox") as client:
    assert_type(client.load_entities("OrderItem"), pl.LazyFrame)
    assert_type(client.load_entities("OrderItem", backend="pandas"), pd.DataFrame)
    assert_type(client.load_many(["Bill"], backend="pyarrow"), dict[str, pa.Table])
    assert_type(client.load_export("id"), pl.LazyFrame)


def of_any_backend(backend: Backend) -> Any:
    """Load with a backend that is known only when it runs."""
    return mf.load_entities("OrderItem", backend=backend)


mf.load_entities("OrderItems")  # type: ignore[call-overload]
mf.load_entities("OrderItem", backend="spark")  # type: ignore[call-overload]
mf.load_entities("OrderItem", colums=["Id"])  # type: ignore[call-overload]
