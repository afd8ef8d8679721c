"""What a cold load costs as the work grows: more parts, more rows, more threads, more cores."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.data import make_parts
from benchmarks.running import Taken, run, served

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASES", "FOUR_GB", "HALF_GB", "Case", "measure_growth"]

HALF_GB, FOUR_GB = 290_000, 2_350_000
"""Rows of exports of about that size."""

SAME = 160_000
"""Rows where the number of parts, of threads or of cores is what grows."""

LARGE = 1_000_000
"""Rows from which on three runs must do: they take up to a minute each."""


@dataclass(frozen=True)
class Case:
    """One point of a curve: what grows, and how far it has grown."""

    what: str
    rows: int = SAME
    parts: int = 4
    contender: str = "cold"
    cores: int | None = None


CASES = (
    *(
        Case(f"rows {n}", rows=n)
        for n in (10_000, 40_000, SAME, HALF_GB, 650_000, FOUR_GB, 5_000_000)
    ),
    *(Case(f"parts {n}", parts=n) for n in (1, 2, 4, 8)),
    *(Case(f"threads {n}", contender=f"cold_{n}") for n in (1, 2, 3, 4)),
    *(Case(f"cores {n}", cores=n) for n in (1, 2)),
)


def measure_growth(folder: Path, runs: int) -> dict[str, Taken]:
    """Measure cold loads along each curve, by turns."""
    taken: dict[str, list[Taken]] = {case.what: [] for case in CASES}
    for turn in range(runs):
        for case in CASES:
            if case.rows > LARGE and turn >= min(runs, 3):
                continue
            parts = make_parts(folder, "OrderItem", rows=case.rows, parts=case.parts)
            there = parts[0].parent
            with served(there) as address:
                taken[case.what].append(run(case.contender, there, address, cores=case.cores))
            print(f"  {case.what}: {taken[case.what][-1].seconds:.3f} s", file=sys.stderr)
    return {what: Taken.median(each) for what, each in taken.items()}
