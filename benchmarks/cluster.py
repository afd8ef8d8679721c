"""What one and two workers of a dask cluster take to bring an export into a shared cache.

``python -m benchmarks.cluster 650000 2350000`` takes rows of exports: 1.1 and 4 GB. Each
run has a cluster, a cache and a store of its own; the parts are served from the page cache.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from benchmarks.data import make_parts
from benchmarks.running import served

__all__ = ["Run", "measure"]

PARTS = 4
"""Files of an export, as in the other benchmarks, which have made them."""


@dataclass(frozen=True)
class Run:
    """One export that was brought: its bytes, by how many workers, in how many seconds.

    Attributes
    ----------
    size
        Bytes of JSON Lines.
    workers
        Processes, each with one thread.
    seconds
        From the call to the frame; the export was ready at Mews.
    worker_seconds
        CPU time of the workers together.
    stored
        Bytes in the shared cache afterwards.
    """

    size: int
    parts: int
    workers: int
    seconds: float
    worker_seconds: float
    stored: int


def cpu_seconds() -> float:
    """Say how much CPU time this process has used."""
    used = os.times()
    return used.user + used.system


def measure(folder: Path, rows: int, workers: int) -> Run:
    """Bring one export, once."""
    import distributed

    import mews_frames as mf

    parts = make_parts(folder, "OrderItem", rows=rows, parts=PARTS)
    size = sum(part.stat().st_size for part in parts)
    with (
        TemporaryDirectory() as home,
        served(parts[0].parent) as address,
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as dask,
    ):
        store = Path(home, "store")
        store.mkdir()
        dask.run(__import__, "mews_frames._bridges.cluster")  # no import is measured
        before = sum(dask.run(cpu_seconds).values())
        with mf.Client(
            "made-up", "made-up", platform_address=address, cache_dir=f"{home}/cache",
            shared_cache=store,
        ) as client:  # fmt: skip
            began = time.perf_counter()
            frame = client.load_entities("OrderItem", backend="dask", progress=False)
            seconds = time.perf_counter() - began
        used = sum(dask.run(cpu_seconds).values()) - before
        found = len(frame)
        if found < rows:
            raise AssertionError(f"{found} rows came instead of {rows}")
        stored = sum(path.stat().st_size for path in store.rglob("*.parquet"))
    return Run(size, PARTS, workers, seconds, used, stored)


def main() -> None:
    """Print a table."""
    sizes = [int(rows) for rows in sys.argv[1:]] or [650_000]
    print("| GB of JSON Lines | parts | workers | s | MB/s | CPU s of workers | GB stored |")
    print("| --: | --: | --: | --: | --: | --: | --: |")
    for rows in sizes:
        for workers in (1, 2):
            run = measure(Path(gettempdir(), "mews-frames-benchmarks"), rows, workers)
            print(
                f"| {run.size / 1e9:.2f} | {run.parts} | {workers} | {run.seconds:.1f}"
                f" | {run.size / 1e6 / run.seconds:.0f} | {run.worker_seconds:.1f}"
                f" | {run.stored / 1e9:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
