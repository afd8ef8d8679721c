"""Exports that this machine knows, as people read them: every id whole, to be copied."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mews_frames._display.page import code, page, table_html, text
from mews_frames._words import size_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "COLUMNS",
    "NUMBERS",
    "asked_in_words",
    "known_page",
    "known_text",
    "minute",
    "named_type",
    "texts",
]

COLUMNS = ("id", "type", "status", "added (UTC)", "rows", "asked for (UTC)")
NUMBERS = ("rows",)
UNCUT = 10_000
"""Columns of a table that nobody looks at in a terminal: wide enough to cut and wrap nothing."""


def texts(row: Mapping[str, Any]) -> list[str]:
    """Write an export, a row of `Known.shown`, as a text for each of `COLUMNS`."""
    return [
        row["id"],
        named_type(row["type"] or "", made_up=row["made_up"]),
        row["status"] or "",
        minute(row["added"]),
        "" if row["rows"] is None else f"{row['rows']:,}",
        _asked(row),
    ]


def known_text(rows: Iterable[Mapping[str, Any]], shape: tuple[int, int]) -> str:
    """Write exports for a terminal, or whatever else reads what is printed."""
    from rich.console import Console

    from mews_frames._display.listing import listing

    at_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if at_terminal else UNCUT
    console = Console(width=width, color_system=None, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(listing(COLUMNS, map(texts, rows), right=NUMBERS, width=width))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return "\n".join([f"shape: {shape}", *lines])


HEAD = ("export", "status", "rows", "on disk", "added (UTC)", "expires (UTC)")


def known_page(rows: Iterable[Mapping[str, Any]]) -> str:
    """Show exports in a notebook, in a window that scrolls."""
    cells = [
        (
            _named(row),
            text(row["status"] or ""),
            "" if row["rows"] is None else f"{row['rows']:,}",
            "" if row["bytes"] is None else size_in_words(row["bytes"]),
            text(minute(row["added"])),
            text(minute(row["expires"])),
        )
        for row in rows
    ]
    table = table_html(cells, HEAD, right=("rows", "on disk"))
    return page(f'<div class="mf-scroll">{table}</div>')


def _named(row: Mapping[str, Any]) -> str:
    name = named_type(row["type"] or "not known", made_up=row["made_up"])
    what = f"<b>{text(name)}</b> {text(_asked(row))}"
    return f'{what}<div class="mf-id">{code(row["id"])}</div>'


def named_type(entity_type: str, *, made_up: bool) -> str:
    """Name what an export is of, and that its rows are made up: nobody is to report on them."""
    return f"{entity_type} (made up)" if made_up else entity_type


def minute(instant: datetime | None) -> str:
    """Write an instant to the minute, in UTC: a heading says so."""
    return "" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def _asked(row: Mapping[str, Any]) -> str:
    return asked_in_words(_parsed(row["scope"]), _parsed(row["filters"]))


def _parsed(written: str | None) -> Any:
    return None if written is None else json.loads(written)


def asked_in_words(scope: dict[str, list[str]] | None, filters: dict[str, Any] | None) -> str:
    """Say in few words what an export covers."""
    if scope is None or filters is None:
        return "not known here"
    said = [
        f"{len(ids)} {'enterprise' if kind == 'EnterpriseIds' else 'chain'}{'s'[: len(ids) != 1]}"
        for kind, ids in scope.items()
    ]
    if window := filters.get("UpdatedUtc"):
        said.append(f"updated {_bound(window['StartUtc'])} to {_bound(window['EndUtc'])}")
    if ledger := filters.get("LedgerEntryFilters"):
        said.append(f"posted {ledger['Posting']['Start']} to {ledger['Posting']['End']}")
    return ", ".join(said) or "everything"


def _bound(written: str | None) -> str:
    return "now" if written is None else minute(datetime.fromisoformat(written))
