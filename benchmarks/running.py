"""Run contenders in fresh processes, by turns, and keep what each run took."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Taken", "by_turns", "run", "served"]


@dataclass(frozen=True)
class Taken:
    """What one run took: seconds of wall and of processor time, peak memory in bytes."""

    seconds: float
    processor: float
    rows: int
    peak: int

    @classmethod
    def median(cls, runs: Sequence[Taken]) -> Taken:
        """Give the median of each figure by itself."""
        return cls(
            statistics.median(r.seconds for r in runs),
            statistics.median(r.processor for r in runs),
            runs[0].rows,
            int(statistics.median(r.peak for r in runs)),
        )


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder of parts from a process of its own; give its address."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "benchmarks.mews", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None  # noqa: S101 - for the type checker
        assert server.stdout is not None  # noqa: S101
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def run(
    name: str, folder: Path, address: str, cache: Path | None = None, *, cores: int | None = None
) -> Taken:
    """Run one contender once, with an empty cache unless one is given."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as empty:
        command = [sys.executable, "-m", "benchmarks.contenders", name, str(folder), address]
        command.append(str(cache or empty))
        if cores is not None and shutil.which("taskset"):
            command = ["taskset", "-c", ",".join(map(str, range(cores))), *command]
        done = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, env=os.environ
        )
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def by_turns(
    names: Sequence[str],
    folder: Path,
    address: str,
    *,
    runs: int,
    cache: Path | None = None,
    cores: int | None = None,
) -> dict[str, list[Taken]]:
    """Run contenders by turns, so that what disturbs the machine disturbs them all alike."""
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    for turn in range(runs):
        for name in names if turn % 2 == 0 else reversed(names):
            taken[name].append(run(name, folder, address, cache, cores=cores))
            print(f"  {name}: {taken[name][-1].seconds:.3f} s", file=sys.stderr)
    return taken
