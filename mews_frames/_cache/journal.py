"""The journal: which export answers which request, on disk before anything is waited for.

Each export has a file of its own, and one more says that another is about to be added. So nobody
ever writes over an id that somebody else has noted, not even where locks do nothing
(docs/decisions/0015).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from mews_frames._cache.files import read_sealed, remove, sense_of, write_sealed
from mews_frames._records import LAYOUT, Entry, Record
from mews_frames.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from mews_frames._cache.layout import Layout
    from mews_frames._models import Seen

__all__ = ["Journal", "record_in"]


def record_in(data: dict[str, Any] | None, fingerprint: str) -> Record | None:
    """Make sense of what was sealed; None if it is no record of this request and this layout."""
    record = sense_of(data, LAYOUT, Record.from_data)
    return record if record and record.fingerprint == fingerprint else None


class Others(Protocol):
    """The journal that a team shares (`mews_frames._shared`)."""

    def record(self, fingerprint: str) -> Record | None: ...
    def note(self, record: Record) -> None: ...
    def forget(self, fingerprint: str, export_id: str) -> None: ...


class Journal:
    """The records of all requests in a cache folder.

    Parameters
    ----------
    layout
        Where they lie.
    others
        Who else adds exports, and hears of ours; nobody if left out.
    """

    def __init__(self, layout: Layout, others: Others | None = None) -> None:
        self._layout = layout
        self._others = others

    def read(self, fingerprint: str) -> Record | None:
        """Read the record of a request; None if there is none that can be trusted."""
        self._layout.check()
        first, *rest = [self.part_at(path) for path in self._paths(fingerprint)]
        record = first
        for part in filter(None, rest):
            record = part if record is None else record.with_entries(part)
        return record and record.without_fulfilled()

    def part_at(self, path: Path) -> Record | None:
        """Read what one file says of a request; None if it is not to be trusted."""
        fingerprint = path.name.split(".")[0]
        part = record_in(read_sealed(path), fingerprint)
        return part if part and path in self.paths(part) else None

    def paths(self, record: Record) -> set[Path]:
        """Give the places where a record may stand."""
        added = (entry.export.id for entry in record.entries)
        places = {self._layout.added(record.fingerprint, export_id) for export_id in added}
        return {self._layout.request(record.fingerprint), *places}

    def _paths(self, fingerprint: str) -> list[Path]:
        return [
            self._layout.request(fingerprint),
            *sorted(self._layout.requests.glob(f"{fingerprint}.*.json")),
        ]

    def write(self, record: Record) -> None:
        """Put a record on disk, to stay there whatever happens next.

        Exports that it does not know, and that are on disk, stay: where locks do nothing, another
        process may have added one while Mews refused ours.
        """
        if before := self.read(record.fingerprint):
            record = record.with_others(before)
        self._put(record)

    def _put(self, record: Record) -> None:
        self._store(record)
        if self._others is not None and record.entries:
            self._others.note(record)

    def _store(self, record: Record) -> None:
        """Write a file for each export, then what is left: an intent, or nothing."""
        self._layout.make(self._layout.requests)
        there = {path: self.part_at(path) for path in self._paths(record.fingerprint)}
        for path, part in there.items():
            if part is None:
                remove(path)  # damaged: nobody can make anything of it
        homeless = tuple(e for e in record.entries if not self._has_stored(record, e, there))
        rest = replace(record, entries=homeless)
        if rest.is_empty:
            remove(self._layout.request(record.fingerprint))
        else:
            write_sealed(self._layout.request(record.fingerprint), rest.to_data(), again=True)

    def _has_stored(
        self, record: Record, entry: Entry, there: Mapping[Path, Record | None]
    ) -> bool:
        """Write the file of an export, if there is room; else the intent has some for its id."""
        alone = replace(record, intended=None, entries=(entry,))
        path = self._layout.added(record.fingerprint, entry.export.id)
        try:
            if there.get(path) != alone:
                write_sealed(path, alone.to_data(), again=True)
        except CacheError:
            return False
        return True

    def catch_up(self, record: Record) -> Record:
        """Take in what others have added for a request. Asks the store that they share.

        To be called by who holds the lock: it writes the record.
        """
        there = self._others.record(record.fingerprint) if self._others is not None else None
        if there is None:
            return record
        both = record.with_entries(there)
        if both != record:
            self._store(both)
        return both

    def records(self) -> Iterator[Record]:
        """Read every record."""
        try:
            names = sorted({p.name.split(".")[0] for p in self._layout.requests.glob("*.json")})
        except OSError:
            return
        for name in names:
            if record := self.read(name):
                yield record

    def running(self, account: str, entity_type: str, now: datetime) -> Entry | None:
        """Find the export of a type that this account has running, whoever asked for it."""
        for record in self.records():
            is_theirs = (record.account, record.entity_type) == (account, entity_type)
            if is_theirs and (running := record.running(now)):
                return running
        return None

    def find(self, export_id: str) -> tuple[Record, Entry] | None:
        """Find an export by its id."""
        for record in self.records():
            for entry in record.entries:
                if entry.export.id == export_id:
                    return record, entry
        return None

    def see(self, seen: Seen, took: float | None = None) -> None:
        """Note how an export is now, if it is one of ours, and the seconds it took, if known."""
        if found := self.find(seen.export.id):
            record, entry = found
            if entry.export != seen.export:
                now = replace(entry, export=seen.export, took=entry.took if took is None else took)
                self.change(record, lambda r: r.with_seen(now))

    def forget(self, export_id: str) -> None:
        """Drop an export that Mews does not know any more."""
        if found := self.find(export_id):
            self.change(found[0], lambda r: r.without(export_id))
            if self._others is not None:
                self._others.forget(found[0].fingerprint, export_id)

    def change(self, record: Record, how: Callable[[Record], Record]) -> None:
        """Change a record as it is now on disk; one that says nothing any more goes.

        Under the lock, since whoever adds an export writes the same record: an id that is lost
        here is lost for good. Not to be called by who holds that lock.
        """
        with self.lock(record.account, record.entity_type):
            before = self.read(record.fingerprint)
            if before is None:
                return
            after = how(before)
            if after != before:
                for path in self.paths(before) - self.paths(after):
                    remove(path)
                self._put(after)

    def lock(
        self, account: str, entity_type: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Hold the one slot that an account has for a type, while finding or adding."""
        return self._layout.lock(f"{account[:16]}-{entity_type}", timeout=timeout)
