"""``mews-frames demo``: the main job from end to end, on made-up hotels."""

import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import mews_frames as mf
from mews_frames._cli.sandbox import Rows, Seed
from mews_frames._cli.talk import Talk
from mews_frames.typing import EntityType, ProgressEvent

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Load", "demo", "revenue_by_month", "stages_of"]

ENTITY_TYPE: EntityType = "OrderItem"
MONTHS = 12


class Load:
    """One load, with what was seen of it from outside.

    Attributes
    ----------
    frame
        What came back.
    seconds
        How long the call took.
    events
        What it told.
    requests
        What each request to the pretend Mews was for, in their order.
    """

    def __init__(self, client: mf.Client, mews: Any, *, quiet: bool = False) -> None:
        self.events: list[ProgressEvent] = []
        before, began = len(mews.requests), time.perf_counter()
        # Its page tells all that a log would.
        quiet = quiet or sys.stderr is None or not sys.stderr.isatty()
        with Talk(quiet=quiet) as talk:
            self.frame: pl.LazyFrame = client.load_entities(
                ENTITY_TYPE, progress=lambda event: self._listen(event, talk)
            )
        self.seconds = time.perf_counter() - began
        self.requests: list[str] = [request.operation for request in mews.requests[before:]]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.events[-1].rows

    def _listen(self, event: ProgressEvent, talk: Talk) -> None:
        self.events.append(event)
        if event.stage in {
            "waiting",
            "downloading",
            "decoding",
        }:  # the others are told by what is shown
            talk(event)


def demo(*, rows: Rows = 20_000, seed: Seed = 0) -> None:
    """Run the main job on made-up hotels, and show what comes back.

    A pretend Mews runs in this process. No account, no internet, no tokens; its cache is a
    temporary one.
    """
    from mews_frames._cli import demo_view as view
    from mews_frames._cli.console import Shell

    shell = Shell(width=view.WIDTH)
    shell.print(view.opening())
    with mf.sandbox(rows=rows, seed=seed) as mews, mews.client() as client:
        first = Load(client, mews)
        shell.print(view.first_load(first, on_disk=client.cache.size()))
        shell.print(view.head(first.frame, rows=first.rows, width=shell.width))
        shell.print(view.columns(mf.schema_of(ENTITY_TYPE)))
        revenue = revenue_by_month(first.frame, datetime.now(UTC)).collect()
        shell.print(view.revenue(revenue, blocks=shell.encoding.startswith("utf")))
        shell.print(view.second_load(Load(client, mews, quiet=True), first))
    shell.print(view.next_steps())


def stages_of(events: Iterable[ProgressEvent]) -> dict[str, float]:
    """Give the seconds that each stage of a load took."""
    ends: dict[str, float] = {}
    for event in events:
        match event.stage:
            case "added":
                ends["add"] = event.seconds
            case "downloading":  # the first one comes when the wait is over
                ends.setdefault("wait", event.seconds)
            case "ready":
                ends["bring"] = event.seconds
    return {
        stage: end - start
        for (stage, end), start in zip(ends.items(), [0.0, *ends.values()], strict=False)
    }


def revenue_by_month(orders: "pl.LazyFrame", now: datetime) -> "pl.LazyFrame":
    """Sum up what nights brought in, without taxes, in the last twelve whole months.

    A month and a currency make a row: amounts of different currencies are never added. Order
    items that were cancelled are no revenue. Months are those of UTC.
    """
    import polars as pl

    end = pl.lit(now).dt.truncate("1mo")
    return (
        orders.filter(
            pl.col("Type").is_in(["SpaceOrder", "NightRebate"]),
            pl.col("AccountingState").is_in(["Open", "Closed"]),
            pl.col("ConsumedUtc") >= end.dt.offset_by(f"-{MONTHS}mo"),
            pl.col("ConsumedUtc") < end,
        )
        .group_by(
            pl.col("ConsumedUtc").dt.strftime("%Y-%m").alias("month"),
            pl.col("Amount.Currency").alias("currency"),
        )
        .agg(pl.col("Amount.NetValue").sum().alias("revenue"))
        .sort("month", "currency")
    )
