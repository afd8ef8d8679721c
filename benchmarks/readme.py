"""Write the figures of the README from docs/explanation/performance.md: ``-m benchmarks.readme``.

The benchmarks do so when they have written that page; so the README is never edited for it.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["figures", "put_in", "write_readme"]

ROOT = Path(__file__).parent.parent
BEGINS, ENDS = "<!-- figures of benchmarks/readme.py -->", "<!-- end of figures -->"

HEAD = """\
| | mews_frames | DuckDB | Polars | pandas |
| :-- | --: | --: | --: | --: |"""
# What a row of the README says, the section of the page by the beginning of its title, which column
# of that, and what there is called: of mews_frames, DuckDB, Polars, pandas.
ROWS = (
    (
        "first load of 1.13 GB, 650,000 records",
        ("Cold load: 650,000", "seconds"),
        ("cold", "duckdb_copy", None, None),
    ),
    (
        "first load of 278 MB, 160,000 records",
        ("Cold load: 160,000", "seconds"),
        ("cold", None, "polars_ndjson", "pandas_json"),
    ),
    (
        "memory of that",
        ("Cold load: 160,000", "peak MB"),
        ("cold", None, "polars_ndjson", "pandas_json"),
    ),
    (
        "a query of the 650,000, the second time",
        ("Warm", "seconds"),
        ("query_ours", "query_duckdb", "query_ndjson", None),
    ),
)
UNITS = {"seconds": "s", "peak MB": "MB"}


def figures(page: str) -> str:
    """Make the table of the README from the page of the benchmarks."""
    lines = [HEAD]
    for said, (title, column), names in ROWS:
        section = _section(page, title)
        cells = [_cell(section, name, column) for name in names]
        lines.append(f"| {said} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def put_in(readme: str, table: str) -> str:
    """Put the table where the old one is."""
    before, rest = readme.split(BEGINS)
    _, after = rest.split(ENDS)
    return f"{before}{BEGINS}\n{table}\n{ENDS}{after}"


def write_readme() -> None:
    """Write the figures into the README."""
    page = (ROOT / "docs" / "explanation" / "performance.md").read_text("utf-8")
    readme = ROOT / "README.md"
    readme.write_text(put_in(readme.read_text("utf-8"), figures(page)), "utf-8")


def _section(page: str, title: str) -> dict[str, dict[str, float]]:
    """Read the first table below a heading: by row, by column."""
    found = re.search(
        rf"^## {re.escape(title)}.*?\n\n(\|.*?)\n\n", page + "\n\n", re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise ValueError(f"no section {title!r} with a table in performance.md")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]
    columns = rows[0][1:]
    return {name: dict(zip(columns, map(float, cells), strict=True)) for name, *cells in rows[2:]}


def _cell(section: dict[str, dict[str, float]], name: str | None, column: str) -> str:
    if name is None:
        return ""
    value = section[name][column]
    if column == "seconds":
        shown = f"{value:.1f}" if value >= 1 else f"{value:.2f}"
    else:
        shown = f"{value:,.0f}"
    return f"{shown} {UNITS[column]}"


if __name__ == "__main__":
    write_readme()
