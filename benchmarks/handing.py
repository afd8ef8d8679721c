"""What it takes to hand a cached export on, beside what one would write by hand, at several sizes.

``python -m benchmarks.handing 160000 650000 2350000`` takes rows of exports: 0.3, 1.1 and 4 GB of
JSON Lines. Each run is a process of its own on a warm cache; peak memory is that of the process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any

from benchmarks.data import make_parts
from benchmarks.running import served

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WAYS"]


def _stream(frame: Any, _folder: Path) -> int:
    import mews_frames as mf

    return sum(batch.num_rows for batch in mf.to_batches(frame))


def _whole_batches(frame: Any, _folder: Path) -> int:
    table = frame.collect().to_arrow()
    return sum(batch.num_rows for batch in table.to_batches(50_000))


def _duckdb(frame: Any, folder: Path) -> int:
    import duckdb

    import mews_frames as mf

    mf.to_duckdb(folder / "orders.duckdb", {"orders": frame})
    with duckdb.connect(folder / "orders.duckdb") as connection:
        return connection.execute("SELECT count(*) FROM orders").fetchone()[0]


def _duckdb_by_hand(frame: Any, folder: Path) -> int:
    import duckdb

    orders = frame.collect()  # noqa: F841 - DuckDB finds it by its name
    with duckdb.connect(folder / "orders.duckdb") as connection:
        connection.execute("CREATE TABLE orders AS SELECT * FROM orders")
        return connection.execute("SELECT count(*) FROM orders").fetchone()[0]


def _parquet(frame: Any, folder: Path) -> int:
    import polars as pl

    import mews_frames as mf

    mf.to_bi(frame, folder, tool="parquet")
    return pl.scan_parquet(folder / "*.parquet").select(pl.len()).collect().item()


def _parquet_by_hand(frame: Any, folder: Path) -> int:
    import polars as pl

    frame.collect().write_parquet(folder / "orders.parquet")
    return pl.scan_parquet(folder / "orders.parquet").select(pl.len()).collect().item()


WAYS: dict[str, Callable[[Any, Path], int]] = {
    "to_batches": _stream,
    "collect().to_arrow().to_batches()": _whole_batches,
    "to_duckdb": _duckdb,
    "collect(), then CREATE TABLE": _duckdb_by_hand,
    'to_bi(tool="parquet")': _parquet,
    "collect().write_parquet()": _parquet_by_hand,
}


def _run_here(way: str, address: str, cache: str) -> None:
    """Hand a cached export on, and print what it took."""
    import mews_frames as mf

    client = mf.Client("made-up", "made-up", platform_address=address, cache_dir=cache)
    with client, TemporaryDirectory(dir=cache) as folder:
        frame = client.load_entities("OrderItem", progress=False)
        if way == "load":
            rows = 0
        else:
            began = time.perf_counter()
            rows = WAYS[way](frame, Path(folder))
            took = time.perf_counter() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps({"rows": rows, "seconds": took, "peak": peak}))


def _run(way: str, address: str, cache: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.handing", "--here", way, address, str(cache)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return json.loads(done.stdout) if done.stdout else {}


def main() -> None:
    """Print a table."""
    folder = Path(gettempdir(), "mews-frames-benchmarks")
    print("| GB of JSON Lines | way | s | peak MB |")
    print("| --: | :-- | --: | --: |")
    for rows in [int(rows) for rows in sys.argv[1:]] or [160_000]:
        parts = make_parts(folder, "OrderItem", rows=rows, parts=4)
        size = sum(part.stat().st_size for part in parts)
        with served(parts[0].parent) as address, TemporaryDirectory(dir=folder) as cache:
            _run("load", address, Path(cache))
            found = {way: _run(way, address, Path(cache)) for way in WAYS}
        if len({run["rows"] for run in found.values()}) != 1:
            raise AssertionError(f"not every way gave the same rows: {found}")
        for way, run in found.items():
            print(
                f"| {size / 1e9:.2f} | `{way}` | {run['seconds']:.1f} | {run['peak'] / 1e6:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        _run_here(*sys.argv[2:])
    else:
        main()
