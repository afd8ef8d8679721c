"""The cache as its owner sees it: what lies there, until when, and how to be rid of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mews_frames._cache.files import is_orphan, is_scratch, remove_all
from mews_frames._cache.journal import Journal
from mews_frames._cache.manifest import read_manifest
from mews_frames._cache.verify import Damage, damages, other_layouts
from mews_frames._models import is_uuid
from mews_frames._schemas import load_schema
from mews_frames.errors import CacheError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mews_frames._cache.layout import Layout
    from mews_frames._cache.mews_clock import MewsClock
    from mews_frames._records import Record
    from mews_frames.typing import Clock

__all__ = ["Cache", "CacheEntry", "Damage"]

KEPT_AFTER_EXPIRY = timedelta(days=1)
"""Expired exports are not served; they lie a day longer for frames that are still open."""

ABANDONED = timedelta(days=8)
"""Unfinished things and older layouts go when nobody has written there for longer than Mews keeps
files, a week."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One export in the cache.

    Attributes
    ----------
    export_id
        UUID as text.
    entity_type
        What it exports; None if only an incomplete download lies there.
    rows
        Records.
    bytes
        Size on disk.
    columns
        What was kept; None for everything.
    added
        When it was added, by the clock of Mews; None if this machine did not add it.
    expires
        When Mews deletes its files; the cache does so a day later.
    complete
        Whether it can be read.
    """

    export_id: str
    entity_type: str | None
    rows: int
    bytes: int
    columns: tuple[str, ...] | None
    added: datetime | None
    expires: datetime | None
    complete: bool


class Cache:
    """The folder where exports lie decoded until they expire.

    Nothing here asks Mews anything, and nothing here needs tokens.

    Parameters
    ----------
    layout
        Where things lie in the folder.
    clock
        This machine's.
    mews_clock
        Tells what has expired.

    Examples
    --------
    >>> with mf.sandbox(rows=100) as mews, mews.client() as client:
    ...     frame = client.load_entities("OrderItem")
    ...     [(entry.entity_type, entry.rows, entry.complete) for entry in client.cache.entries()]
    [('OrderItem', 100, True)]
    """

    def __init__(self, layout: Layout, clock: Clock, mews_clock: MewsClock) -> None:
        self._layout = layout
        self._journal = Journal(layout)
        self._clock = clock
        self._mews_clock = mews_clock

    def __repr__(self) -> str:
        return f"Cache({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Show in a notebook what lies there."""
        from mews_frames._display.card import cache_page

        return cache_page(self)

    @property
    def path(self) -> Path:
        """The folder, whether it exists or not."""
        return self._layout.root

    def entries(self) -> tuple[CacheEntry, ...]:
        """List the exports in the cache, by id; expired ones too, while they lie there."""
        self._layout.check()
        return tuple(self._entry(export_id) for export_id in self._export_ids())

    def parts(self, export_id: str) -> tuple[Path, ...]:
        """List the Parquet parts of an export in the cache, in order: plain files for any tool.

        They hold flat columns, exact decimals and UTC instants, and lie there until a day after
        the export has expired.

        Raises
        ------
        InvalidArgumentError
            If the id is no UUID.
        CacheError
            If the export is not in the cache, or has expired; also if this machine's clock was set
            back, so that only Mews knows whether it has.
        """
        if not is_uuid(export_id):
            raise InvalidArgumentError(f"{export_id!r} is not the id of an export")
        export_id = export_id.lower()
        manifest = read_manifest(self._layout, export_id)
        if self._mews_clock.is_doubtful:
            raise CacheError(
                f"whether export {export_id} has expired is not known: the clock of this machine"
                " was set back",
                hint=f'mf.load_export("{export_id}") asks Mews for the time, once',
                export_id=export_id,
            )
        if manifest is None or manifest.is_expired(self._mews_clock.now()):
            raise CacheError(
                f"export {export_id} is not in the cache"
                + ("" if manifest is None else " any more: it has expired"),
                hint=f'mf.load_export("{export_id}") brings it there, while Mews has it',
                export_id=export_id,
            )
        return tuple(self._layout.part(export_id, part.number) for part in manifest.parts)

    def size(self) -> int:
        """Sum up the bytes that the whole folder takes."""
        return sum(_size(path) for path in self.path.rglob("*")) if self.path.is_dir() else 0

    def prune(self) -> int:
        """Remove what expired more than a day ago, and what crashed runs left behind.

        Returns
        -------
        The bytes that were freed.

        Raises
        ------
        CacheError
            At the end, if something cannot be removed; or at once, if others can write the folder.
        """
        self._layout.check()
        over = [self._layout.export(i) for i in self._export_ids() if self._is_over(i)]
        try:
            return remove_all([*over, *self._leftovers(), *self._outlived()])
        finally:
            for record in list(self._journal.records()):
                if self._without_past(record) != record:  # else nobody is to be waited for
                    self._journal.change(record, self._without_past)

    def clear(self, *, entity_type: str | None = None, export_id: str | None = None) -> int:
        """Remove exports, expired or not; frames that are still open lose their data.

        Without arguments everything goes, what releases with another layout have left as well,
        but for the ids of exports that are running at Mews: without them one would be locked out
        until they end. They hold nothing about guests.

        Parameters
        ----------
        entity_type
            Only exports of this type.
        export_id
            Only this export.

        Returns
        -------
        The bytes that were freed.

        Raises
        ------
        InvalidArgumentError
            For a type that Mews does not export, or an id that is no UUID.
        CacheError
            At the end, if something cannot be removed; or at once, if others can write the folder:
            they could lead the removal elsewhere meanwhile.
        """
        if entity_type is not None:
            load_schema(entity_type)
        if export_id is not None and not is_uuid(export_id):
            raise InvalidArgumentError(f"{export_id!r} is not the id of an export")
        everything = entity_type is None and export_id is None
        freed = self._drop_distrusted() if everything else 0
        self._layout.check()
        chosen = [
            entry.export_id
            for entry in self.entries()
            if everything
            or entry.export_id == (export_id or "").lower()
            or (entity_type is not None and entry.entity_type == entity_type)
        ]
        try:
            freed += remove_all([self._layout.export(i) for i in chosen])
        finally:
            self._forget(chosen, everything=everything)
            if everything:
                freed += self._sweep()
        return freed

    def verify(self) -> tuple[Damage, ...]:
        """Read every file again and compare it with what was written: sizes, checksums, names.

        Also found: what is no part of the cache, links, and what other users could read or write.

        Returns
        -------
        What is not as it should be; nothing if all is well. `clear` removes what of it is the
        cache's. A call that loads serves nothing that it can see to be damaged (it reads no whole
        part again), and nothing that others could have written.
        """
        return tuple(damages(self._layout, self._journal))

    # ----------------------------------------------------------------------- inside

    def _export_ids(self) -> list[str]:
        try:
            return sorted(p.name for p in self._layout.exports.iterdir() if is_uuid(p.name))
        except OSError:
            return []

    def _entry(self, export_id: str) -> CacheEntry:
        folder = self._layout.export(export_id)
        size = sum(_size(path) for path in folder.rglob("*"))
        manifest = read_manifest(self._layout, export_id)
        if manifest is None:
            found = self._journal.find(export_id)
            export = found[1].export if found else None
            return CacheEntry(
                export_id,
                export.entity_type if export else None,
                0,
                size,
                None,
                found[1].added if found else None,
                export.expires if export else None,
                complete=False,
            )
        export = manifest.export
        return CacheEntry(
            export_id,
            export.entity_type,
            manifest.rows,
            size,
            manifest.columns,
            manifest.added,
            export.expires,
            complete=True,
        )

    def _is_past(self, expires: datetime | None) -> bool:
        return expires is not None and self._mews_clock.now() - KEPT_AFTER_EXPIRY >= expires

    def _is_over(self, export_id: str) -> bool:
        """Say whether nobody will want what lies there of an export."""
        if manifest := read_manifest(self._layout, export_id):
            return self._is_past(manifest.export.expires)
        found = self._journal.find(export_id)
        if found and found[1].export.expires is not None:
            return self._is_past(found[1].export.expires)
        return self._is_long_since(self._layout.export(export_id))  # a download that was left

    def _leftovers(self) -> Iterator[Path]:
        """Find scratch files that no living process can still be writing."""
        for path in filter(is_scratch, self._layout.ours()):
            age = self._clock.now().timestamp() - _touched(path)
            if is_orphan(path) or age > KEPT_AFTER_EXPIRY.total_seconds():
                yield path

    def _outlived(self) -> Iterator[Path]:
        """Find what an older layout holds, once all of it has expired at Mews."""
        for path in other_layouts(self._layout):
            older = int(path.name[1:]) < int(self._layout.base.name[1:])
            if older and self._is_long_since(path):
                yield path

    def _is_long_since(self, path: Path) -> bool:
        """Say whether nobody has written there for longer than Mews keeps files (a week).

        That something was removed from a folder is not counted: we do so.
        """
        files = [each for each in path.rglob("*") if not each.is_dir()]
        touched = max(map(_touched, files or [path]))
        return self._clock.now().timestamp() - touched > ABANDONED.total_seconds()

    def _without_past(self, record: Record) -> Record:
        now = self._mews_clock.now()
        for entry in record.entries:
            expires = entry.export.expires
            # One that failed, or whose end nobody has seen, says nothing of when it goes.
            if self._is_past(expires) if expires else entry.is_forgotten(now):
                record = record.without(entry.export.id)
        return record

    def _forget(self, export_ids: list[str], *, everything: bool) -> None:
        now = self._mews_clock.now()

        def without(record: Record) -> Record:
            for entry in record.entries:
                if entry.export.id in export_ids or (everything and not entry.is_running(now)):
                    record = record.without(entry.export.id)
            return record

        for record in list(self._journal.records()):
            self._journal.change(record, without)

    def _drop_distrusted(self) -> int:
        """Remove folders that are not to be believed, so that nobody has to do it by hand."""
        flawed = [path for path, _ in self._layout.flaws()]
        if self.path in flawed:
            return 0
        base = self._layout.base
        if base in flawed and base.is_dir() and not base.is_symlink():
            flawed = self._ours_in_base()  # a folder called v1 may hold other things
        try:
            return remove_all(flawed)
        finally:
            _remove_empty(base)

    def _ours_in_base(self) -> list[Path]:
        layout = self._layout
        ours = [*layout.folders[1:], layout.clock, layout.base / "CACHEDIR.TAG"]
        return [*ours, *filter(is_scratch, layout.base.glob("*"))]

    def _sweep(self) -> int:
        """Remove everything that is ours and of no use any more; other people's files stay."""
        layout = self._layout
        kept = {path for record in self._journal.records() for path in self._journal.paths(record)}
        of_no_use = [layout.exports, layout.locks, layout.clock, *other_layouts(layout)]
        if layout.requests.is_dir():  # damaged, or of a killed run
            of_no_use += set(layout.requests.iterdir()) - kept
        of_no_use += filter(is_scratch, layout.ours())
        if not kept:
            of_no_use += [*self._ours_in_base(), self.path / "CACHEDIR.TAG"]
        try:
            return remove_all(of_no_use)
        finally:
            _remove_empty(layout.base)
            _remove_empty(self.path)


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if not path.is_dir() else 0
    except OSError:
        return 0


def _touched(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
