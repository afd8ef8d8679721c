"""Look at every file of the cache, and say what is not as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._cache.files import UNREADABLE, is_scratch, read_sealed
from mews_frames._cache.layout import VERSION
from mews_frames._cache.manifest import find_manifest, sha256_of
from mews_frames._cache.mews_clock import told_in
from mews_frames._models import is_uuid
from mews_frames._trust import flaw_in, others_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mews_frames._cache.journal import Journal
    from mews_frames._cache.layout import Layout

__all__ = ["Damage", "damages", "other_layouts"]


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in the cache that is not as it was written.

    Attributes
    ----------
    export_id
        The export concerned, where it is known.
    path
        The file.
    what
        What is wrong with it.
    """

    export_id: str | None
    path: Path
    what: str


def damages(layout: Layout, journal: Journal) -> Iterator[Damage]:
    """Find everything that is damaged, strange, or open to others.

    Where a folder that holds everything is not to be believed, nothing in it is looked at.
    """
    if flaws := list(layout.flaws()):
        for path, flaw in flaws:
            yield Damage(None, path, f"the folder is not trusted: {flaw}")
        return
    yield from _around(layout)
    yield from _in_requests(layout, journal)
    for path in _children(layout.locks):
        if what := _strange(path) or _unknown(path, path.suffix == ".lock"):
            yield Damage(None, path, what)
    for path in _children(layout.exports):
        if not is_uuid(path.name):
            yield Damage(None, path, "it is not part of the cache")
        elif what := _strange(path, folder=True):
            yield Damage(path.name, path, what)
        else:
            yield from _in_export(layout, path.name)


def other_layouts(layout: Layout) -> list[Path]:
    """Find what releases with an older or a newer layout have left beside ours.

    A folder that a user calls ``v2`` is none: it holds neither exports nor requests.
    """
    return [
        path
        for path in _children(layout.root)
        if path != layout.base
        and re.fullmatch(r"v\d+", path.name)
        and {child.name for child in _children(path)} & {"exports", "requests"}
    ]


def _around(layout: Layout) -> Iterator[Damage]:
    if layout.base.is_dir() and not layout.is_tagged():
        yield Damage(None, layout.tag, "it does not say that this is a cache")
    for path in layout.folders:
        if what := _strange(path, folder=True):
            yield Damage(None, path, what)
    for path in other_layouts(layout):
        yield Damage(None, path, f"the folder is of another layout; this release reads {VERSION}")
    known = {layout.clock, layout.base / layout.tag.name}
    for path in set(_children(layout.base)) - set(layout.folders):
        if what := _strange(path) or _unknown(path, path in known):
            yield Damage(None, path, what)
        elif path == layout.clock and told_in(read_sealed(path)) is None:
            yield Damage(None, path, "what is known of the time at Mews is damaged")


def _in_requests(layout: Layout, journal: Journal) -> Iterator[Damage]:
    for path in _children(layout.requests):
        if what := _strange(path) or _unknown(path, path.suffix == ".json"):
            yield Damage(None, path, what)
        elif path.suffix == ".json" and journal.part_at(path) is None:
            yield Damage(None, path, "the journal record is damaged, or of another layout")


def _in_export(layout: Layout, export_id: str) -> Iterator[Damage]:
    manifest = find_manifest(layout, export_id)
    folder = layout.export(export_id)
    parts = (
        {layout.part(export_id, part.number): part for part in manifest.parts} if manifest else {}
    )
    for path in _children(folder):
        if what := _strange(path) or _unknown(path, _belongs(path)):
            yield Damage(export_id, path, what)
        elif path == layout.manifest(export_id) and manifest is None:
            yield Damage(export_id, path, "the manifest is damaged, or of another layout")
        elif (
            path.name.startswith("merge-") and path.suffix == ".json" and not _merges(layout, path)
        ):
            yield Damage(export_id, path, "how pieces merge is damaged")
        elif path.suffix == ".parquet" and manifest is not None and path not in parts:
            yield Damage(export_id, path, "the export has no such part")
    for path, part in parts.items():
        if not path.exists():
            yield Damage(export_id, path, "the part is missing")
        elif path.is_file() and not path.is_symlink() and sha256_of(path) != part.sha256:
            yield Damage(export_id, path, "the part is not what was written")


PLAIN = re.compile(
    r"export\.json|merge-[0-9a-f]{16}\.json|part-\d{5,}\.(parquet|jsonl\.(partial|sums))"
)


def _belongs(path: Path) -> bool:
    return PLAIN.fullmatch(path.name) is not None


def _merges(layout: Layout, path: Path) -> bool:
    data = read_sealed(path)
    try:
        return data is not None and layout.merge(data["exports"]) == path
    except UNREADABLE:
        return False


def _strange(path: Path, *, folder: bool = False) -> str | None:
    """Say why a file or a folder is not to be believed, or lies open to other users."""
    try:
        seen = path.lstat()
    except OSError:
        return None  # gone meanwhile
    if flaw := flaw_in(seen, folder=folder):
        return f"it is not trusted: {flaw}"
    return "its mode lets other users read it" if others_read(seen) else None


def _unknown(path: Path, known: bool) -> str | None:  # noqa: FBT001 - an answer, not an option
    return None if known or is_scratch(path) else "it is not part of the cache"


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
