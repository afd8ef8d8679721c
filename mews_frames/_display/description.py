"""Descriptions of columns in a notebook: every row, and every word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._display.page import code, page, table_html, text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["description_page"]

HEAD = ("column", "type", "meaning, and values of enums")


def description_page(rows: Iterable[tuple[str, str, str, list[str] | None]]) -> str:
    """Show what columns mean, in a window that scrolls.

    Parameters
    ----------
    rows
        Name, type, meaning and documented values of each column.
    """
    cells = [
        (_name(column), code(kind), f"{text(meaning)}{_values(values)}")
        for column, kind, meaning, values in rows
    ]
    return page(f'<div class="mf-scroll">{table_html(cells, HEAD)}</div>')


def _name(column: str) -> str:
    """Let a long name go on in another line after a point."""
    return code(column).replace(".", ".<wbr>")


def _values(values: list[str] | None) -> str:
    return f"<div>{', '.join(map(code, values))}</div>" if values else ""
