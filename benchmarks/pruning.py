"""How many row groups a filter reads, as Polars itself tells.

``python -m benchmarks.pruning CACHE`` asks; it prints, as JSON, how many rows each filter found.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["measure_pruning"]

LAST_DAYS = 30
"""Days, of the year that the sandbox makes up, that the filters on instants ask for."""

_READ = re.compile(r"reading (\d+) / (\d+) row groups")


def measure_pruning(cache: Path) -> dict[str, dict[str, int]]:
    """Ask a cache of order items in a process of its own, in which Polars talks."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.pruning", str(cache)],
        env={**os.environ, "POLARS_VERBOSE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, dict[str, int]] = {}
    # Polars talks to standard error, where the names of the filters stand between.
    for part in done.stderr.split("filter: ")[1:]:
        name, _, talk = part.partition("\n")
        read = [tuple(map(int, found)) for found in _READ.findall(talk)]
        measured[name] = {"read": sum(r for r, _ in read), "of": sum(of for _, of in read)}
    for name, rows in json.loads(done.stdout.splitlines()[-1]).items():
        measured[name]["rows"] = rows
    return measured


def _filters(frame: pl.LazyFrame) -> dict[str, Any]:
    from datetime import timedelta

    import polars as pl

    hotels = frame.select(pl.col("EnterpriseId").value_counts(sort=True)).unnest("EnterpriseId")
    hotel = hotels.collect()["EnterpriseId"][0]
    first = frame.select(pl.col("Id").first()).collect().item()
    names = ("CreatedUtc", "UpdatedUtc", "ConsumedUtc")
    last = frame.select(pl.col(names).quantile(0.9, "nearest")).collect().row(0)
    span = timedelta(days=LAST_DAYS)
    instants = {
        f"{LAST_DAYS} days of {name}": pl.col(name).is_between(at - span, at)
        for name, at in zip(names, last, strict=True)
    }
    return {
        **instants,
        "the largest hotel (EnterpriseId)": pl.col("EnterpriseId") == hotel,
        "one Id": pl.col("Id") == first,
    }


def _main() -> None:
    import polars as pl

    files = sorted(Path(sys.argv[1]).rglob("part-*.parquet"))
    frame = pl.scan_parquet(files, glob=False)
    rows = {}
    for name, wanted in _filters(frame).items():
        print(f"filter: {name}", file=sys.stderr, flush=True)
        rows[name] = frame.filter(wanted).select("Amount.NetValue").collect().height
    print(json.dumps(rows))


if __name__ == "__main__":
    _main()
