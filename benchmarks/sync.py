"""``python -m benchmarks.sync``: what a daily delta costs a table of two million order items.

Makes a hotel of that size once (ten minutes, 2 GB), then merges a delta of about one per cent into
copies of its table, each in a fresh process, and runs one query by turns on the table and on the
cached export. Writes docs/explanation/sync-costs.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable

import mews_frames as mf
from benchmarks.running import Taken
from mews_frames._exports.request import Request
from mews_frames._frames.columns import Kept
from mews_frames._models import Scope
from mews_frames._sync.asking import Brought
from mews_frames._sync.growing import Growing
from mews_frames._sync.sync import Sync
from mews_frames.testing import FakeClock

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "sync-costs.md"
OVERLAP = timedelta(hours=1)
CUT = timedelta(minutes=6)


def prepare(folder: Path, rows: int, days: float) -> dict[str, Any]:
    """Export everything, let time pass, export what was updated since; keep both, decoded."""
    told = folder / f"sync-{rows}-{days}.json"
    if told.exists():
        return json.loads(told.read_text())
    clock = FakeClock()
    with mf.sandbox(rows=rows, clock=clock, duration=0, parts=8) as mews:
        client = mews.client(transport=mews.transport, cache_dir=folder / f"cache-{rows}")
        then = clock.now()
        full = client.start_export("OrderItem")
        client.load_export(full.id, progress=False)
        clock.move(days * 86_400)
        watermark = then - CUT
        delta = client.start_export("OrderItem", updated=(watermark - OVERLAP, None))
        frame = client.load_export(delta.id, progress=False)
        exact = frame.filter(pl.col("UpdatedUtc") >= watermark)
        known = mf_bytes(client, full.id), mf_bytes(client, delta.id)
        counts = pl.collect_all([frame.select(pl.len()), exact.select(pl.len())])
    about = {
        "full": files(folder, rows, full.id),
        "delta": files(folder, rows, delta.id),
        "full_bytes": known[0],
        "delta_bytes": known[1],
        "delta_rows": counts[0].item(),
        "exact_rows": counts[1].item(),
        "then": then.isoformat(),
        "now": (then + timedelta(days=days)).isoformat(),
        "watermark": watermark.isoformat(),
    }
    told.write_text(json.dumps(about))
    return about


def mf_bytes(client: mf.Client, export_id: str) -> int:
    """Give the bytes of JSON Lines of an export, as Mews said them."""
    manifest = client._pipe.load_by_id(export_id, None, client._patience(0), _silent)  # noqa: SLF001
    return sum(file.size for file in manifest.export.files)


def _silent(entity_type: str) -> Any:
    from mews_frames._clock import SystemClock
    from mews_frames._progress import Teller

    return Teller(None, entity_type, SystemClock())


def files(folder: Path, rows: int, export_id: str) -> list[str]:
    """List the decoded parts of an export."""
    return sorted(
        map(str, (folder / f"cache-{rows}" / "v1" / "exports" / export_id).glob("*.parquet"))
    )


class Given:
    """Gives what was prepared in the place of Mews: only the table is measured."""

    def __init__(self, parts: list[str], added: datetime) -> None:
        self.parts, self.added = parts, added

    def now(self) -> datetime:
        """Give the time at Mews."""
        return self.added

    def __call__(self, *_: Any, **__: Any) -> Brought:
        """Give the rows."""
        frame = pl.scan_parquet(self.parts, glob=False)
        return Brought(frame, self.added, self.added - CUT, "all", "none")

    def tell(self, stage: str, message: str, *_: Any, **__: Any) -> None:
        """Say on stderr how it goes."""
        print(stage, message, file=sys.stderr)


def table_at(folder: Path) -> Growing:
    """Give the table in a folder."""
    request = Request("OrderItem", Scope())
    return Growing.of(request, Kept("OrderItem"), "benchmark", folder, None, beside=folder)


def merge(table: Path, about: dict[str, Any], *, first: bool = False, full: bool = False) -> None:
    """Bring a table up to date with what was prepared."""
    parts = about["full"] if first or full else about["delta"]
    added = datetime.fromisoformat(about["then"] if first else about["now"])
    growing = table_at(table)
    ask: Any = Given(parts, added)
    Sync(growing.table, growing.identity, ask, "updated", OVERLAP)(reconcile=full)


def query(frame: pl.LazyFrame) -> int:
    """Revenue by month: two columns of 53, one filter."""
    return (
        frame.filter(pl.col("AccountingState").is_in(["Open", "Closed"]))
        .group_by(pl.col("ConsumedUtc").dt.truncate("1mo"))
        .agg(pl.col("Amount.NetValue").sum())
        .collect()
        .height
    )


# --------------------------------------------------------------------------- fresh processes


def child(name: str, table: Path, about_file: Path) -> None:
    """Do one thing, and print what it took."""
    about = json.loads(about_file.read_text())
    if name.startswith("query"):
        of = {"query table": lambda: table_at(table).read(as_of=None, deleted=False),
              "query export": lambda: pl.scan_parquet(about["full"], glob=False)}[name]  # fmt: skip
        query(of())  # warm: libraries, page cache
    began, processor = time.perf_counter(), time.process_time()
    if name.startswith("query"):
        for _ in range(5):
            query(of())
    else:
        merge(table, about, first=name == "first", full=name == "reconcile")
    taken = {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - processor,
        "rows": 0,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(taken))


def run(name: str, table: Path, about_file: Path) -> Taken:
    """Run one of them in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.sync", "--child", name, str(table), str(about_file)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def size_of(paths: list[str]) -> int:
    """Sum up sizes."""
    return sum(Path(path).stat().st_size for path in paths)


def measure(folder: Path, rows: int, days: float, runs: int) -> dict[str, Any]:
    """Measure everything."""
    about = prepare(folder, rows, days)
    about_file = folder / f"sync-{rows}-{days}.json"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        base = Path(scratch) / "base"
        taken: dict[str, list[Taken]] = {"first": [run("first", base, about_file)]}
        for name in ("merge", "reconcile"):
            for turn in range(runs if name == "merge" else 1):
                copy = Path(scratch) / f"{name}-{turn}"
                shutil.copytree(base, copy)
                before = set(DeltaTable(copy).file_uris())
                taken.setdefault(name, []).append(run(name, copy, about_file))
                after = set(DeltaTable(copy).file_uris())
                about[f"{name} rewritten"] = size_of(sorted(after - before))
                about["files"], about["table_bytes"] = len(after), size_of(sorted(after))
                if (name, turn) != ("merge", 0):
                    shutil.rmtree(copy)
        for turn in range(runs):
            names = ["query table", "query export"]
            for name in names if turn % 2 == 0 else reversed(names):
                one = run(name, Path(scratch) / "merge-0", about_file)
                taken.setdefault(name, []).append(one)
    about["export_bytes"] = size_of(about["full"])
    medians = {name: vars(Taken.median(each)) for name, each in taken.items()}
    for key in ("seconds", "processor"):
        ratios = [
            getattr(ours, key) / getattr(theirs, key)
            for ours, theirs in zip(taken["query table"], taken["query export"], strict=True)
        ]
        about[f"query ratio {key}"] = statistics.median(ratios)
    load = f"{os.getloadavg()[0]:.0f}"
    return {
        "about": about, "taken": medians, "rows": rows, "days": days, "runs": runs, "load": load
    }  # fmt: skip


def write_page(found: dict[str, Any]) -> None:
    """Write what was measured."""
    about, taken = found["about"], found["taken"]

    def line(words: str, name: str) -> str:
        t = taken[name]
        return f"| {words} | {t['seconds']:.1f} | {t['processor']:.1f} | {t['peak'] / 1e6:,.0f} |"

    share = about["delta_rows"] / found["rows"]
    over = about["delta_rows"] / about["exact_rows"]
    PAGE.write_text(
        f"""# What a sync costs

Written by `python -m benchmarks.sync`: a made-up hotel group of {found["rows"]:,} order items, and
what changed in it within {found["days"]:g} days: {about["delta_rows"]:,} records, {share:.1%}.
Each line is the median of fresh processes; Mews and the network are not in it. Two cores, which
others used too: the load was {found["load"]}, so that processor time says more than seconds.

| | s | processor s | peak MB |
| :-- | --: | --: | --: |
{line("first sync: make the table of a decoded export", "first")}
{line("later sync: merge the delta", "merge")}
{line("reconcile: compare with an export of everything", "reconcile")}

- Exported and downloaded: {about["delta_bytes"] / 1e6:,.1f} MB of JSON Lines, {over:.3f} times the
  records that changed since the last sync; the rest is the hour of overlap, which makes 4 % of a
  single day. All of it would be {about["full_bytes"] / 1e6:,.0f} MB.
- Rewritten by the merge: {about["merge rewritten"] / 1e6:,.1f} MB of a table of
  {about["table_bytes"] / 1e6:,.1f} MB in {about["files"]} files. The cached export of the same rows
  takes {about["export_bytes"] / 1e6:,.1f} MB.
- A query (revenue by month) on the table takes {about["query ratio seconds"]:.2f} times as long as
  on the cached export, {about["query ratio processor"]:.2f} times in processor time; opening the
  table is in it.
""",
        encoding="utf-8",
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--child", nargs=3)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--days", type=float, default=4.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-page", action="store_true")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "mews-frames-benchmarks"
    )
    asked = parser.parse_args()
    if asked.child:
        name, table, about_file = asked.child
        child(name, Path(table), Path(about_file))
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    found = measure(asked.folder, asked.rows, asked.days, asked.runs)
    print(json.dumps(found, indent=1))
    if not asked.no_page:
        write_page(found)


if __name__ == "__main__":
    main()
