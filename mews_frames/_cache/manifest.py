"""The manifest of a cached export: written last, it alone makes the export complete."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mews_frames._cache.files import read_sealed, sense_of, write_sealed
from mews_frames._models import Export, Seen, instant_text, read_instant
from mews_frames._trust import flaw_at, flaw_in

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mews_frames._cache.layout import Layout

__all__ = [
    "Manifest",
    "Part",
    "find_manifest",
    "manifest_in",
    "part_at",
    "read_manifest",
    "sha256_of",
    "write_manifest",
]

LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One decoded part.

    Attributes
    ----------
    number
        From 1.
    size
        Bytes of JSON Lines that it was decoded from.
    rows
        Records in it.
    rescued
        Records with rescued data.
    bytes
        Size of the Parquet file.
    sha256
        Of the Parquet file.
    """

    number: int
    size: int
    rows: int
    rescued: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What lies in the cache of one export.

    Attributes
    ----------
    export
        As Mews described it when it was finished.
    account
        Digest of who downloaded it.
    schema
        Digest of the columns that it was decoded into.
    columns
        What was kept; None for everything.
    parts
        In order.
    added
        When the export was added, by the clock of Mews; None if we did not add it.
    """

    export: Export
    account: str
    schema: str
    columns: tuple[str, ...] | None
    parts: tuple[Part, ...]
    added: datetime | None

    @property
    def rows(self) -> int:
        """Records in all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def rescued(self) -> int:
        """Records with rescued data."""
        return sum(part.rescued for part in self.parts)

    @property
    def bytes(self) -> int:
        """Size of all parts on disk."""
        return sum(part.bytes for part in self.parts)

    def is_expired(self, now: datetime) -> bool:
        """Say whether Mews has deleted the files; `now` is by its clock."""
        return self.export.expires is not None and now >= self.export.expires

    def to_data(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return {
            "layout": LAYOUT,
            "export": self.export.to_wire(),
            "account": self.account,
            "schema": self.schema,
            "columns": None if self.columns is None else list(self.columns),
            "added": instant_text(self.added) if self.added else None,
            "parts": [
                {
                    "number": p.number,
                    "size": p.size,
                    "rows": p.rows,
                    "rescued": p.rescued,
                    "bytes": p.bytes,
                    "sha256": p.sha256,
                }
                for p in self.parts
            ],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Manifest:
        """Read it from JSON data."""
        columns = data["columns"]
        return cls(
            export=Seen.from_wire(data["export"]).export,
            account=data["account"],
            schema=data["schema"],
            columns=None if columns is None else tuple(columns),
            parts=tuple(Part(**part) for part in data["parts"]),
            added=read_instant(data["added"]),
        )


def find_manifest(layout: Layout, export_id: str) -> Manifest | None:
    """Read the manifest of an export, whatever has become of its parts."""
    layout.check()
    if flaw_at(layout.export(export_id), folder=True):
        return None
    manifest = manifest_in(read_sealed(layout.manifest(export_id)))
    return manifest if manifest and manifest.export.id == export_id.lower() else None


def manifest_in(data: dict[str, Any] | None) -> Manifest | None:
    """Make sense of what was sealed; None if there is nothing, or another layout wrote it."""
    return sense_of(data, LAYOUT, Manifest.from_data)


def read_manifest(layout: Layout, export_id: str) -> Manifest | None:
    """Read the manifest of an export, if all its parts are there in their full size.

    A manifest that is damaged, of another layout or of another export counts as none; so does one
    with a part that is a link, or that somebody else could have written.
    """
    manifest = find_manifest(layout, export_id)
    if manifest is None:
        return None
    for part in manifest.parts:
        try:
            seen = layout.part(export_id, part.number).lstat()
            if flaw_in(seen) or seen.st_size != part.bytes:
                return None
        except OSError:
            return None
    return manifest


def write_manifest(layout: Layout, manifest: Manifest) -> None:
    """Make an export complete."""
    write_sealed(layout.manifest(manifest.export.id), manifest.to_data())


def part_at(path: Path, number: int, size: int, rows: int, rescued: int) -> Part:
    """Describe a Parquet file that was decoded from so many bytes of JSON Lines."""
    return Part(number, size, rows, rescued, path.stat().st_size, sha256_of(path))


def sha256_of(path: Path) -> str:
    """Digest a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
