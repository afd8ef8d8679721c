"""Write what was measured as a page of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.growth import FOUR_GB, HALF_GB
from benchmarks.readme import write_readme
from mews_frames._frames import compiled

__all__ = ["write_page"]

DOCS = Path(__file__).parent.parent / "docs" / "explanation"

Section = dict[str, dict[str, float]]

SAID = """\
# How fast it is

Made by `python -m benchmarks` (`nox -s bench`): do not edit by hand. Every contender runs in a
process of its own, by turns with the others; figures are medians. Seconds are without imports;
processor time is that of all threads; memory is the largest resident size of the process, imports
included. The parts of mews_frames come from a server on loopback, which costs the same two cores;
the others read local files. Trust the ratios, not the seconds: what else a machine does moves them.
Why it is built as it is, what was tried, and what stands in the way: `docs/decisions/0010` and
`docs/decisions/0016`. The compiled reader was {built}.
"""


def write_page(results: dict[str, Any]) -> None:
    """Write the page, the picture of how cost grows, and the figures of the README."""
    DOCS.mkdir(parents=True, exist_ok=True)
    taken = {name: section["taken"] for name, section in results.items()}
    built = "there" if compiled.is_there() else "not there"
    lines = [SAID.format(built=built), *_aims(taken)]
    if "pruning" in taken:
        lines += ["", "## What filters read", "", *_pruned(taken["pruning"])]
    for name, title in TITLES.items():
        if name in taken:
            lines += ["", f"## {title}", "", *_rows(taken[name]), "", _circumstances(results[name])]
    if "growth" in taken:
        _plot(taken["growth"])
        lines += ["", "![Cost as the work grows](growth.svg)", "", GROWS]
    (DOCS / "performance.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if {"cold", "slow", "warm"} <= taken.keys():
        write_readme()


TITLES = {
    "cold": "Cold load: 650,000 order items, four parts, 1.13 GB; two cores",
    "one_core": "The same on one core",
    "slow": "Cold load: 160,000 order items, four parts, 278 MB, against slower readers",
    "unknown": "The same, clean and with three unknown fields in every record",
    "types": "Other entity types",
    "warm": "Warm: what the cache answers, of 650,000 order items",
    "imports": "Imports",
    "growth": "Cost as the work grows: cold loads of order items",
}

GROWS = """\
Rows: at 10,000 the fixed costs are most of it (an export looked up, connections, files synced: some
tenths of a second); from 160,000 on the bytes are: downloading, decoding and writing each take
their share of the cores, and time grows in proportion. Parts: two are brought at a time, and the
blocks of each are decoded on all cores, so that one part is no slower than eight. Threads: so many
parts at a time, and so many decoders; beyond the cores they only cost memory. Memory: two row
groups being gathered and written, and the libraries; it does not grow with the export. Machines of
more than two cores were not measured."""

PRUNED = """\
As Polars counts them itself. Rows keep the order in which Mews sends them: here nearly that of
time, so that filters on instants prune; all hotels stand in all row groups, and ids have no order
at all."""

_RATIOS = (
    ("cold load / DuckDB COPY, its speed", "cold", "duckdb_copy", "cold", 1.0, 0.7),
    ("cold load / scan_ndjson, its speed", "slow", "polars_ndjson", "cold", 10, 6),
    ("cold load / pd.read_json, its speed", "slow", "pandas_json", "cold", 12, 8),
    ("cold load / simdjson parsing, its speed", "cold", "simdjson_parse", "cold", None, None),
    ("unknown fields / clean, its speed", "unknown", "clean", "unknown", 0.8, 0.6),
    ("warm query / scan_ndjson, its speed", "warm", "query_ndjson", "query_ours", 100, 50),
    ("warm query / DuckDB read_json, its speed", "warm", "query_duckdb", "query_ours", 20, 10),
)
_TIMES = (
    ("warm query / by hand, its time", "warm", "query_ours", "query_parquet", 1.1, 1.4),
    ("import mews_frames / import polars", "imports", "import_ours", "import_polars", 1.25, 1.5),
)


def _aims(taken: dict[str, Section]) -> list[str]:
    lines = ["| What | Measured | Aim | At least |", "| :-- | --: | --: | --: |"]
    for sign, (what, section, top, bottom, aim, least) in [
        *((">=", ratio) for ratio in _RATIOS),
        *(("<=", ratio) for ratio in _TIMES),
    ]:
        if section in taken:
            found = taken[section][top]["seconds"] / taken[section][bottom]["seconds"]
            aims = f"{sign} {aim} | {sign} {least}" if aim else "the floor |"
            lines.append(f"| {what} | {found:.2f} | {aims} |")
    if "cold" in taken:
        cold = taken["cold"]
        longer = max(cold["curl"]["seconds"], cold["decode_alone"]["seconds"])
        found = cold["cold"]["seconds"] / longer
        lines.append(
            f"| cold load / the longer of curl, decoding | {found:.2f} | <= 1.1 | <= 1.25 |"
        )
        found = cold["duckdb_copy"]["processor"] / cold["cold"]["processor"]
        lines.append(f"| cold load / DuckDB COPY, by processor time | {found:.2f} | | |")
    if "slow" in taken:
        ours, theirs = (taken["slow"][name]["peak"] for name in ("cold", "pandas_json"))
        lines.append(
            f"| peak memory of 0.28 GB, ours / pd.read_json | {ours / theirs:.2f} | <= 0.1 | |"
        )
    if "warm" in taken:
        found = taken["warm"]["warm_load"]["seconds"] * 1e3
        lines.append(f"| warm load, ms | {found:.0f} | <= 10 | <= 25 |")
    if "growth" in taken:
        small, large = (taken["growth"][f"rows {n}"]["peak"] for n in (HALF_GB, FOUR_GB))
        lines.append(f"| peak memory of 4 GB, MB | {large / 1e6:.0f} | <= 450 | <= 600 |")
        lines.append(f"| peak memory, 4 GB / 0.5 GB | {large / small:.2f} | <= 1.15 | <= 1.3 |")
    return lines


def _pruned(section: Section) -> list[str]:
    lines = ["| Filter | row groups read | of | rows found |", "| :-- | --: | --: | --: |"]
    lines += [
        f"| {name} | {each['read']} | {each['of']} | {each['rows']} |"
        for name, each in section.items()
    ]
    return [*lines, "", PRUNED]


def _rows(section: Section) -> list[str]:
    lines = ["| | seconds | processor seconds | peak MB |", "| :-- | --: | --: | --: |"]
    lines += [
        f"| {name} | {each['seconds']:.3f} | {each['processor']:.2f} | {each['peak'] / 1e6:.0f} |"
        for name, each in section.items()
    ]
    return lines


def _circumstances(section: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in section["machine"].items())
    return f"Median of {section['runs']} runs. {machine} (load: mean of the last 1, 5, 15 minutes)."


CURVES = (("rows", "log"), ("parts", "linear"), ("threads", "linear"), ("cores", "linear"))


def _plot(growth: Section) -> None:
    import altair as alt
    import polars as pl

    rows = [
        {
            "what": name.split()[0],
            "count": int(name.split()[1]),
            "seconds": taken["seconds"],
        }
        for name, taken in growth.items()
    ]
    frame = pl.DataFrame(rows)
    charts = [
        alt.Chart(frame.filter(pl.col("what") == what), title=f"by {what}")
        .mark_line(point=True)
        .encode(
            x=alt.X("count:Q", title=what, scale=alt.Scale(type="log", base=2, nice=False)),
            y=alt.Y("seconds:Q", title="seconds", scale=alt.Scale(type=scale)),
        )
        .properties(width=200, height=180)
        for what, scale in CURVES
    ]
    alt.hconcat(*charts).save(DOCS / "growth.svg")
