"""``python -m benchmarks``: run everything by turns, and write docs/explanation/performance.md.

``--runs 5`` and ``--folder`` say how often and where the data is made and kept; ``--only cold``
runs some rows of the table. About 18 GB of disk and 20 minutes; the first time 5 more, to make the
data (``--make`` does that alone).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import make_parts, with_unknown_fields
from benchmarks.growth import CASES, measure_growth
from benchmarks.pruning import measure_pruning
from benchmarks.running import Taken, by_turns, run, served
from benchmarks.table import write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROWS = 650_000
"""Order items, in four parts of 280 MB."""


OTHERS = {"Reservation": 120_000, "Customer": 100_000}
"""Rows of other entity types."""


def make_all(folder: Path) -> None:
    """Make all data beforehand: nothing else is to run while times are taken."""
    for case in CASES:
        make_parts(folder, "OrderItem", rows=case.rows, parts=case.parts)
    with_unknown_fields(make_parts(folder, "OrderItem", rows=160_000, parts=4))
    for entity_type, rows in OTHERS.items():
        make_parts(folder, entity_type, rows=rows, parts=4)


def cold_loads(folder: Path, runs: int, cores: int | None = None) -> dict[str, Taken]:
    """Compare cold loads with what reads the same local files."""
    parts = make_parts(folder, "OrderItem", rows=ROWS, parts=4)
    fast = ["cold", "duckdb_copy", "decode_alone", "curl", "simdjson_parse"]
    with served(parts[0].parent) as address:
        taken = by_turns(fast, parts[0].parent, address, runs=runs, cores=cores)
    return _medians(taken)


def slow_readers(folder: Path, runs: int) -> dict[str, Taken]:
    """Compare with the readers that take minutes, on a quarter of the data."""
    parts = make_parts(folder, "OrderItem", rows=160_000, parts=4)
    names = ["cold", "polars_ndjson", "pandas_json"]
    with served(parts[0].parent) as address:
        return _medians(by_turns(names, parts[0].parent, address, runs=runs))


def unknown_fields(folder: Path, runs: int) -> dict[str, Taken]:
    """Compare parts whose every record has three unknown fields with the same parts clean."""
    clean = make_parts(folder, "OrderItem", rows=160_000, parts=4)
    unknown = with_unknown_fields(clean)
    taken: dict[str, list[Taken]] = {"clean": [], "unknown": []}
    with served(clean[0].parent) as one, served(unknown[0].parent) as other:
        for _ in range(runs):
            taken["clean"].append(run("cold", clean[0].parent, one))
            taken["unknown"].append(run("cold", unknown[0].parent, other))
    return _medians(taken)


def other_types(folder: Path, runs: int) -> dict[str, Taken]:
    """Compare cold loads of other entity types with DuckDB's COPY."""
    medians = {}
    for entity_type, rows in OTHERS.items():
        parts = make_parts(folder, entity_type, rows=rows, parts=4)
        with served(parts[0].parent) as address:
            taken = by_turns(["cold", "duckdb_copy"], parts[0].parent, address, runs=runs)
        medians |= {f"{entity_type} {name}": taken for name, taken in _medians(taken).items()}
    return medians


def warm(folder: Path, runs: int) -> dict[str, Taken]:
    """Compare what the cache answers with the same query on the raw parts."""
    parts = make_parts(folder, "OrderItem", rows=ROWS, parts=4)
    ours = ["warm_load", "query_ours", "load_and_query_ours"]
    names = [*ours, "query_parquet", "query_duckdb", "query_ndjson"]
    with tempfile.TemporaryDirectory(dir=folder) as cache, served(parts[0].parent) as address:
        run("cold", parts[0].parent, address, Path(cache))
        return _medians(by_turns(names, parts[0].parent, address, runs=runs, cache=Path(cache)))


def pruning(folder: Path, _runs: int) -> dict[str, dict[str, int]]:
    """Count the row groups that filters read."""
    parts = make_parts(folder, "OrderItem", rows=ROWS, parts=4)
    with tempfile.TemporaryDirectory(dir=folder) as cache, served(parts[0].parent) as address:
        run("cold", parts[0].parent, address, Path(cache))
        return measure_pruning(Path(cache))


IMPORT = """
import time
wall, processor = time.perf_counter(), time.process_time()
import {library}
took = time.perf_counter() - wall, time.process_time() - processor
import resource
print(*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def imports(_folder: Path, runs: int) -> dict[str, Taken]:
    """Compare imports, each the first thing that a fresh interpreter does."""
    taken: dict[str, list[Taken]] = {"import_ours": [], "import_polars": []}
    for _ in range(4 * runs):
        for name, library in zip(taken, ("mews_frames", "polars"), strict=True):
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-c", IMPORT.format(library=library)],
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, processor, peak = map(float, done.stdout.split())
            taken[name].append(Taken(seconds, processor, 0, int(peak)))
    return _medians(taken)


SECTIONS: Mapping[str, Callable[[Path, int], Mapping[str, Taken | dict[str, int]]]] = {
    "cold": cold_loads,
    "one_core": lambda folder, runs: cold_loads(folder, runs, cores=1),
    "slow": slow_readers,
    "unknown": unknown_fields,
    "types": other_types,
    "warm": warm,
    "pruning": pruning,
    "imports": imports,
    "growth": measure_growth,
}


def _medians(taken: dict[str, list[Taken]]) -> dict[str, Taken]:
    return {name: Taken.median(runs) for name, runs in taken.items()}


def machine() -> dict[str, str]:
    """Say what it runs on."""
    names = ("polars", "pyarrow", "duckdb", "pandas", "httpx", "numpy", "pysimdjson")
    return {
        "Python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        **{name: version(name) for name in names},
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "mews-frames-benchmarks"
    )
    parser.add_argument("--make", action="store_true", help="make the data, and measure nothing")
    parser.add_argument("--only", nargs="*", choices=SECTIONS, default=list(SECTIONS))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    make_all(asked.folder)
    if asked.make:
        return
    kept = asked.folder / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in asked.only:
        print(name, file=sys.stderr)
        found = SECTIONS[name](asked.folder, asked.runs)
        results[name] = {
            "runs": asked.runs,
            "machine": machine(),
            "taken": {
                each: vars(taken) if isinstance(taken, Taken) else taken
                for each, taken in found.items()
            },
        }
        kept.write_text(json.dumps(results, indent=1))
    write_page(results)


if __name__ == "__main__":
    main()
