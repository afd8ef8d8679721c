"""Cards: the facts of an export, a load, the cache or a client, in words. Never a guest's data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._cache.journal import Journal
from mews_frames._cache.layout import Layout
from mews_frames._cache.manifest import find_manifest
from mews_frames._display.page import card_html, code, page, table_html, text
from mews_frames._display.rescued import rescued_fields
from mews_frames._settings import SANDBOX
from mews_frames._words import (
    age_in_words,
    count_in_words,
    instant_in_words,
    size_in_words,
    with_profile,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mews_frames._cache.cache import Cache
    from mews_frames._cache.manifest import Manifest
    from mews_frames._display.board import Line
    from mews_frames._models import Export, Filters, Scope

__all__ = ["Card", "cache_page", "client_page", "export_page", "loaded_card"]

FEW = 3
"""Ids or names that are listed in full; more are counted."""


@dataclass(frozen=True, slots=True)
class Card:
    """A line, and facts below it.

    Attributes
    ----------
    title
        What it is about: shown bold, before the line.
    line
        The essence, in a sentence.
    facts
        Names and values; the values are HTML already.
    notes
        What was worth knowing on the way.
    """

    title: str
    line: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def html(self, *, is_open: bool) -> str:
        """Show it; closed, it is one line."""
        summary = f"<b>{text(self.title)}:</b> {text(self.line)}"
        notes = "".join(f'<div class="mf-note">{text(note)}</div>' for note in self.notes)
        return card_html(summary, notes + table_html(self.facts), is_open=is_open)


def loaded_card(folder: Path, line: Line, now: datetime, profile: str | None = None) -> Card | None:
    """Make the card of a load that is done, from what the cache knows of it.

    Parameters
    ----------
    folder
        Of the cache.
    line
        What the load told.
    now
        When it is shown.
    profile
        Whose tokens loaded it; None if they are the default ones.

    Returns
    -------
    None if the cache knows nothing of it any more.
    """
    layout = Layout(folder)
    manifests = [m for i in line.export_ids if (m := find_manifest(layout, i)) is not None]
    if manifests and len(manifests) == len(line.export_ids):
        facts = _facts_of_manifests(manifests, layout, now, profile)
    else:
        found = [f for i in line.export_ids if (f := Journal(layout).find(i)) is not None]
        if not found:
            return None
        facts = _facts_of_exports([entry.export for _, entry in found], profile)
    facts = (*facts, ("shown", text(instant_in_words(now))))  # what "ago" goes by
    return Card(line.entity_type, line.text, facts, line.notes)


def export_page(export: Export) -> str:
    """Show an export as Mews last described it."""
    facts = _facts_of_exports([export], export.profile)
    return page(Card(export.entity_type, _state_of(export), facts).html(is_open=True))


def cache_page(cache: Cache) -> str:
    """Show what lies in the cache, until when, and how to be rid of it."""
    entries = sorted(cache.entries(), key=lambda e: (e.entity_type or "", str(e.added)))
    said = f"{count_in_words(len(entries), 'export')}, {size_in_words(cache.size())} on disk"
    rows = [
        (
            text(entry.entity_type or "not known"),
            f"{entry.rows:,}" if entry.complete else "arriving",
            size_in_words(entry.bytes),
            "not known" if entry.added is None else text(instant_in_words(entry.added)),
            "not known" if entry.expires is None else text(instant_in_words(entry.expires)),
            code(entry.export_id),
        )
        for entry in entries
    ]
    head = ("entity", "rows", "on disk", "added", "expires", "export")
    table = table_html(rows, head, right=("rows", "on disk")) if rows else ""
    facts = table_html(
        [
            ("folder", code(cache.path)),
            ("make room", f"{code('.prune()')} what has expired, {code('.clear()')} everything"),
        ]
    )
    return page(card_html(f"<b>Cache:</b> {text(said)}", table + facts, is_open=True))


def client_page(address: str, cache: Cache) -> str:
    """Show whom a client asks, and where it keeps what it gets; its tokens are nobody's affair."""
    known = Journal(Layout(cache.path)).records()
    running = sum(1 for record in known for entry in record.entries if entry.export.is_running)
    complete = sum(1 for entry in cache.entries() if entry.complete)
    exports = f"{complete:,} in the cache, {running:,} running when last seen"
    facts = (
        ("asks", code(address)),
        ("cache", f"{code(cache.path)}, {size_in_words(cache.size())}"),
        ("exports", f"{exports}: {code('client.exports()')}"),
    )
    return page(Card("Client", "of one account at Mews", facts).html(is_open=True))


# --------------------------------------------------------------------------- facts


def _facts_of_manifests(
    manifests: list[Manifest], layout: Layout, now: datetime, profile: str | None
) -> tuple[tuple[str, str], ...]:
    exports = [manifest.export for manifest in manifests]
    rows = sum(manifest.rows for manifest in manifests)
    size = sum(file.size for export in exports for file in export.files)
    parts = count_in_words(sum(len(export.files) for export in exports), "part")
    on_disk = size_in_words(sum(m.bytes for m in manifests))
    return tuple(
        (name, value)
        for name, value in (
            ("properties", _scope(exports[0].scope)),
            ("window", _window(exports)),
            ("data as of", _as_of(manifests[-1], now)),
            ("rows", f"{rows:,}{_merged(manifests)}"),
            ("columns", _columns(manifests[0].columns)),
            ("rescued", _rescued(manifests, layout)),
            ("size", f"{on_disk} on disk, from {size_in_words(size)} in {parts}"),
            *_handles(exports, profile),
        )
        if value
    )


def _facts_of_exports(exports: list[Export], profile: str | None) -> tuple[tuple[str, str], ...]:
    sizes = [file.size for export in exports for file in export.files]
    size = f"{size_in_words(sum(sizes))} of JSON Lines in {count_in_words(len(sizes), 'part')}"
    return tuple(
        (name, value)
        for name, value in (
            ("properties", _scope(exports[0].scope)),
            ("window", _window(exports)),
            ("size", size if sizes else ""),
            *_handles(exports, profile),
        )
        if value
    )


def _handles(exports: list[Export], profile: str | None) -> list[tuple[str, str]]:
    """Give the ids, how long they are good for, and what to do with them."""
    expires = [export.expires for export in exports if export.expires is not None]
    made_up = "made up, by the profile <code>sandbox</code>" if profile == SANDBOX else ""
    again = with_profile(f'mf.load_export("{exports[0].id}")', profile)
    same = "the same call sends nothing; <code>refresh=True</code> asks for newer data"
    return [
        ("hotels", made_up),
        ("export", ", ".join(code(export.id) for export in exports)),
        ("expires", text(instant_in_words(min(expires))) if expires else ""),
        ("load again", code(again) if len(exports) == 1 else same),
    ]


def _scope(scope: Scope) -> str:
    for ids, noun in ((scope.enterprise_ids, "property"), (scope.chain_ids, "chain")):
        if ids is not None:
            if len(ids) > FEW:
                return f"{len(ids):,} {'properties' if noun == 'property' else 'chains'}"
            return ", ".join(map(code, ids))
    return "all that the token reaches"


def _window(exports: list[Export]) -> str:
    first, last = exports[0].filters, exports[-1].filters
    pieces = f", in {len(exports)} exports" if len(exports) > 1 else ""
    return text(_span(first, last)) + pieces


def _span(first: Filters, last: Filters) -> str:
    if first.posted is not None and last.posted is not None:
        return f"posted {first.posted[0]} to {last.posted[1]}, both included"
    if first.updated is not None and last.updated is not None:
        start, end = first.updated[0], last.updated[1]
        since = instant_in_words(start) if start else "the beginning"
        until = instant_in_words(end) if end else "now"
        return f"updated from {since} to before {until}"
    return "everything"


def _as_of(manifest: Manifest, now: datetime) -> str:
    """Say up to when the data are complete: an export holds what was there when it was added."""
    until = manifest.added
    window = manifest.export.filters.updated
    if until is None:
        return "not known: this machine did not add it"
    if window is not None and window[1] is not None:
        until = min(until, window[1])
    return f"complete up to {_ago(until, now)}"


def _ago(instant: datetime, now: datetime) -> str:
    return text(f"{instant_in_words(instant)}, {age_in_words((now - instant).total_seconds())} ago")


def _merged(manifests: list[Manifest]) -> str:
    return " before they are merged by Id" if len(manifests) > 1 else ""


def _columns(kept: tuple[str, ...] | None) -> str:
    if kept is None:
        return ""
    return f"only {', '.join(map(code, kept))}" if len(kept) <= 2 * FEW else f"{len(kept)} kept"


def _rescued(manifests: list[Manifest], layout: Layout) -> str:
    rows = sum(manifest.rescued for manifest in manifests)
    if not rows:
        return "nothing: all values fit the columns"
    parts = [
        layout.part(manifest.export.id, part.number)
        for manifest in manifests
        for part in manifest.parts
        if part.rescued
    ]
    some = f"{count_in_words(rows, 'row')} with values that fit no column"
    return f"{some}: {_few(rescued_fields(parts))}; {code('mf.drift(frame)')} lists them"


def _few(names: list[str]) -> str:
    """List some names, and count the others."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(map(code, names[:FEW])) + more


def _state_of(export: Export) -> str:
    if export.is_running:
        return f"is {export.status} at Mews"
    return f"is {export.status}"
