"""The HTML of displays and cards: plain elements, one style sheet, every text escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mews_frames._display.board import Line

__all__ = ["card_html", "code", "page", "progress_html", "table_html", "text"]

# Colours come from JupyterLab where it says them (--jp-*), from VS Code (--vscode-*), and else
# from the page around; only the accent has a value of its own, one for light and one for dark.
# A notebook that is not trusted shows no style sheets: the elements make sense without one.
STYLE = """\
.mews-frames{--mf-line:var(--jp-border-color2,rgba(128,128,128,.35));
--mf-accent:var(--jp-brand-color1,var(--vscode-textLink-foreground,#1a6fb5));
--mf-stop:var(--jp-error-color1,#c5342b);--mf-ok:var(--jp-success-color1,#2e7d32);
color:var(--jp-content-font-color1,inherit);font-size:13px;line-height:1.5;max-width:60em;
font-family:var(--jp-content-font-family,system-ui,sans-serif);font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.mews-frames{
--mf-accent:var(--jp-brand-color1,var(--vscode-textLink-foreground,#6db3f2));
--mf-stop:var(--jp-error-color1,#f28b82);--mf-ok:var(--jp-success-color1,#81c995)}}
.mews-frames .mf-line{display:flex;align-items:baseline;gap:.6em;padding:2px 0}
.mews-frames progress{flex:none;width:8em;height:.6em;accent-color:var(--mf-accent)}
.mews-frames .mf-done{color:var(--mf-ok)}.mews-frames .mf-stopped{color:var(--mf-stop)}
.mews-frames .mf-note{opacity:.75;padding-left:1.3em}
.mews-frames .mf-scroll{max-height:32em;overflow:auto}
.mews-frames .mf-id{white-space:nowrap}
.mews-frames details{border:1px solid var(--mf-line);border-left:3px solid var(--mf-accent);
border-radius:4px;padding:4px 10px;margin:4px 0}
.mews-frames summary{cursor:pointer}
.mews-frames.mews-frames table{border-collapse:collapse;margin:4px 0 2px;font-size:inherit;
color:inherit;border:none;table-layout:auto}
.mews-frames.mews-frames tbody tr:nth-child(n){background:none}
.mews-frames.mews-frames th,.mews-frames.mews-frames td{text-align:left;
vertical-align:top;padding:1px 1.4em 1px 0;border:none;white-space:normal;
max-width:none;color:inherit;background:none}
.mews-frames.mews-frames th{font-weight:normal;opacity:.7;white-space:nowrap}
.mews-frames.mews-frames .mf-right{text-align:right;white-space:nowrap}
.mews-frames.mews-frames code{font-family:var(--jp-code-font-family,monospace);font-size:.95em;
color:inherit;background:none;padding:0;border:none;overflow-wrap:break-word}
"""

SIGNS = {"busy": ("", ""), "done": ("\u2713", "mf-done"), "stopped": ("\u25a0", "mf-stopped")}


def page(*blocks: str) -> str:
    """Put blocks of HTML into one, with the style that they need."""
    return f'<div class="mews-frames"><style>{STYLE}</style>{"".join(blocks)}</div>'


def text(value: object) -> str:
    """Escape a text: names come from others, and may hold anything."""
    return html.escape(str(value))


def code(value: object) -> str:
    """Show a text as code, escaped."""
    return f"<code>{text(value)}</code>"


def progress_html(line: Line) -> str:
    """Show one entity type of a load that is busy, or that has stopped."""
    sign, kind = SIGNS[line.state]
    parts = [f'<span class="{kind}">{sign}</span>'] if sign else []
    parts.append(f"<b>{text(line.entity_type)}</b>")
    if line.share is not None:
        parts.append(f'<progress max="1" value="{line.share:.3f}"></progress>')
    parts.append(f"<span>{text(line.text)}</span>")
    notes = "".join(f'<div class="mf-note">{text(note)}</div>' for note in line.notes)
    return f'<div class="mf-line">{" ".join(parts)}</div>{notes}'


def card_html(summary: str, body: str, *, is_open: bool) -> str:
    """Show a card: a line, and below it what unfolds. Both are HTML already."""
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{summary}</summary>{body}</details>"


def table_html(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), right: Sequence[str] = ()
) -> str:
    """Lay out cells that are HTML already; without a head, the first of each row is one.

    Parameters
    ----------
    rows
        Their cells.
    head
        Texts above the columns.
    right
        Those of them that stand above numbers.
    """
    sides = [' class="mf-right"' if name in right else "" for name in head]
    lines = []
    if head:
        names = zip(head, sides, strict=True)
        lines.append("".join(f"<th{side}>{text(name)}</th>" for name, side in names))
    for row in rows:
        if head:
            cells = [f"<td{side}>{cell}</td>" for cell, side in zip(row, sides, strict=True)]
        else:
            cells = [f"<th>{row[0]}</th>", *(f"<td>{cell}</td>" for cell in row[1:])]
        lines.append("".join(cells))
    return "<table><tbody>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</tbody></table>"
