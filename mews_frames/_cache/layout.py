"""Where things lie in the cache folder.

::

    <cache dir>/CACHEDIR.TAG
    <cache dir>/v1/requests/<fingerprint>.json             the journal, one record a request
    <cache dir>/v1/exports/<export id>/export.json         the manifest: last, it makes it complete
    <cache dir>/v1/exports/<export id>/part-00001.parquet
    <cache dir>/v1/exports/<export id>/part-00001.jsonl.partial     while it arrives
    <cache dir>/v1/exports/<export id>/merge-<digest>.json  how it merges with earlier pieces
    <cache dir>/v1/locks/                                  politeness between processes

Folders are 0700 and files 0600, whatever the umask: guests' data lie here.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mews_frames._cache.files import unusable
from mews_frames._models import is_uuid
from mews_frames.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Layout"]

VERSION = "v1"
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# cache of mews_frames: https://bford.info/cachedir/\n"


class Layout:
    """Paths below a cache folder. Nothing is created before something is written.

    Parameters
    ----------
    root
        The cache folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._base = self.root / VERSION

    @property
    def requests(self) -> Path:
        """The journal."""
        return self._base / "requests"

    @property
    def exports(self) -> Path:
        """The finished exports, and those that arrive."""
        return self._base / "exports"

    @property
    def locks(self) -> Path:
        """Lock files."""
        return self._base / "locks"

    def request(self, fingerprint: str) -> Path:
        """Give the place of a journal record."""
        return self.requests / f"{fingerprint}.json"

    def export(self, export_id: str) -> Path:
        """Give the folder of an export; only a UUID becomes a name on disk."""
        if not is_uuid(export_id):
            raise CacheError("an export id that is no UUID names no folder")
        return self.exports / export_id.lower()

    def manifest(self, export_id: str) -> Path:
        """Give the place of an export's manifest."""
        return self.export(export_id) / "export.json"

    def part(self, export_id: str, number: int) -> Path:
        """Give the place of a decoded part, from number 1."""
        return self.export(export_id) / f"part-{number:05}.parquet"

    def merge(self, export_ids: Sequence[str]) -> Path:
        """Give the place where it is noted how the pieces of a long window merge.

        It lies with the last piece, and goes when that one goes.
        """
        name = hashlib.sha256("\n".join(export_ids).encode()).hexdigest()[:16]
        return self.export(export_ids[-1]) / f"merge-{name}.json"

    def partial(self, export_id: str, number: int) -> Path:
        """Give the place of the bytes of a part that is still arriving."""
        return self.export(export_id) / f"part-{number:05}.jsonl.partial"

    def make(self, folder: Path) -> Path:
        """Make a folder of the cache, and those above it up to the root.

        Raises
        ------
        CacheError
            If it cannot be made.
        """
        try:
            for path in reversed([folder, *folder.parents]):
                if path == self.root or self.root in path.parents:
                    if path == self.root:
                        path.parent.mkdir(parents=True, exist_ok=True)
                    _make_private(path)
            tag = self.root / "CACHEDIR.TAG"
            if not tag.exists():
                with os.fdopen(os.open(tag, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    file.write(TAG)
        except OSError as error:
            raise unusable(folder, error) from error
        return folder

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lock between processes and threads.

        It is politeness: where it does nothing, work may be done twice, but nothing goes wrong.
        """
        from filelock import FileLock  # and asyncio, which what is held does not need

        path = self.make(self.locks) / f"{name}.lock"
        try:
            with FileLock(path, mode=0o600):
                yield
        except NotImplementedError:
            yield  # a file system without locks


def _make_private(path: Path) -> None:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        if os.name == "posix":
            path.chmod(0o700)  # mkdir's mode is cut by the umask
