"""What one and two workers of a dask cluster take to bring an export into a shared cache.

``python -m benchmarks.cluster 650000 2350000 5000000`` takes rows of exports: 1.1, 4 and 9 GB.
Each run has a cluster, a cache and a store of its own; one and two workers take turns, and medians
are given. Each worker is bound to a core of its own, as if it were a machine with one core: what
decodes in it has threads, and one worker would else take both cores. The parts are served from
the page cache, by a process that takes its share of the same cores.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from benchmarks.data import make_parts
from benchmarks.running import served

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Run", "measure"]

PARTS = 4
"""Files of an export, as in the other benchmarks, which have made them."""

RUNS = 3
"""Exports that are brought for a median."""


@dataclass(frozen=True)
class Run:
    """One export that was brought: its bytes, by how many workers, in how many seconds.

    Attributes
    ----------
    size
        Bytes of JSON Lines.
    parts
        Files of them.
    workers
        Processes, each with one core.
    seconds
        From the call to the frame; the export was ready at Mews.
    worker_seconds
        CPU time of the workers together.
    peak
        Bytes of memory that the worker which needed more of it had at most, interpreter included.
    stored
        Bytes in the shared cache afterwards.
    """

    size: int
    parts: int
    workers: int
    seconds: float
    worker_seconds: float
    peak: int
    stored: int

    @classmethod
    def median(cls, runs: Sequence[Run]) -> Run:
        """Give the median of what was measured."""
        first = runs[0]
        return cls(
            first.size,
            first.parts,
            first.workers,
            statistics.median(run.seconds for run in runs),
            statistics.median(run.worker_seconds for run in runs),
            int(statistics.median(run.peak for run in runs)),
            first.stored,
        )


def stay_on(core: int) -> None:
    """Bind this process to a core: threads that it has, and those that they start."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def peak_bytes() -> int:
    """Say how much memory this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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
        for core, worker in enumerate(dask.scheduler_info()["workers"]):
            dask.run(stay_on, core, workers=[worker])
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
        peak = max(dask.run(peak_bytes).values())
        found = len(frame)
        if found < rows:
            raise AssertionError(f"{found} rows came instead of {rows}")
        stored = sum(path.stat().st_size for path in store.rglob("*.parquet"))
    return Run(size, PARTS, workers, seconds, used, peak, stored)


def by_turns(folder: Path, rows: int) -> tuple[Run, Run]:
    """Bring the same export by one and by two workers, again and again; give the medians."""
    one, two = [], []
    for turn in range(RUNS):
        for workers in (1, 2) if turn % 2 == 0 else (2, 1):
            run = measure(folder, rows, workers)
            (one if workers == 1 else two).append(run)
            print(f"  {workers} of {rows:,} rows: {run.seconds:.1f} s", file=sys.stderr)
    return Run.median(one), Run.median(two)


def main() -> None:
    """Print a table."""
    if os.cpu_count() == 1 or not hasattr(os, "sched_setaffinity"):
        raise SystemExit("two workers need two cores, and a system that binds processes to them")
    folder = Path(gettempdir(), "mews-frames-benchmarks")
    print("| GB of JSON Lines | workers | s | times as fast | MB/s | CPU s per GB | peak MB |")
    print("| --: | --: | --: | --: | --: | --: | --: |")
    for rows in [int(rows) for rows in sys.argv[1:]] or [650_000]:
        one, two = by_turns(folder, rows)
        for run in one, two:
            print(
                f"| {run.size / 1e9:.2f} | {run.workers} | {run.seconds:.1f}"
                f" | {one.seconds / run.seconds:.2f} | {run.size / 1e6 / run.seconds:.0f}"
                f" | {run.worker_seconds / run.size * 1e9:.1f} | {run.peak / 1e6:.0f} |",
                flush=True,
            )
        print(f"  {one.stored / one.size:.3f} of them stored", file=sys.stderr)


if __name__ == "__main__":
    main()
