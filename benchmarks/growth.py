"""What a cold load costs as the work grows: more parts, more rows, more cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.data import make_parts
from benchmarks.running import Taken, run, served

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["measure_growth"]

SAME = 160_000
"""Rows where the number of parts, or of cores, is what grows."""


def measure_growth(folder: Path, runs: int) -> dict[str, Taken]:
    """Measure cold loads along each of the three, the others held."""
    runs = min(runs, 3)
    taken = {}
    for rows in (10_000, 40_000, 160_000, 650_000, 1_000_000):
        taken[f"rows {rows}"] = _cold(folder, rows, 4, runs)
    for parts in (1, 2, 4, 8):
        taken[f"parts {parts}"] = _cold(folder, SAME, parts, runs)
    for cores in (1, 2):
        taken[f"cores {cores}"] = _cold(folder, SAME, 4, runs, cores)
    return taken


def _cold(folder: Path, rows: int, parts: int, runs: int, cores: int | None = None) -> Taken:
    there = make_parts(folder, "OrderItem", rows=rows, parts=parts)[0].parent
    with served(there) as address:
        return Taken.median([run("cold", there, address, cores=cores) for _ in range(runs)])
