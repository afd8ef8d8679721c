"""Where things lie in the cache folder.

::

    <cache dir>/CACHEDIR.TAG
    <cache dir>/v1/clock.json                              how far the clock of Mews is from ours
    <cache dir>/v1/requests/<fingerprint>.json             the journal: a request that goes out
    <cache dir>/v1/requests/<fingerprint>.<export id>.json     an export that was added for it
    <cache dir>/v1/exports/<export id>/export.json         the manifest: last, it makes it complete
    <cache dir>/v1/exports/<export id>/part-00001.parquet
    <cache dir>/v1/exports/<export id>/part-00001.jsonl.partial     while it arrives
    <cache dir>/v1/exports/<export id>/part-00001.jsonl.sums        digests of what has arrived
    <cache dir>/v1/exports/<export id>/merge-<digest>.json  how it merges with earlier pieces
    <cache dir>/v1/locks/                                  politeness between processes

Folders are 0700 and files 0600, whatever the umask: guests' data lie here. What others could have
written is not believed: rows would come from there (docs/decisions/0014).
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from mews_frames._cache.files import make_private, read_own, remove, unusable, write_text
from mews_frames._cache.synced import synced_by
from mews_frames._models import is_uuid
from mews_frames._trust import flaw_at, flaw_in, is_link
from mews_frames.errors import CacheError, ExportTimeoutError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["VERSION", "Layout"]

logger = logging.getLogger("mews_frames")

VERSION = "v1"
MOMENT = 1.0
"""Seconds after which a user hears that another process holds a lock."""

OURS = re.compile(r"v\d+|CACHEDIR\.TAG(\..+)?|\..*")
"""What may lie in a cache folder without being somebody else's; systems put hidden files there."""

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# cache of mews_frames: https://bford.info/cachedir/\n"


class Layout:
    """Paths below a cache folder. Nothing is created before something is written.

    Parameters
    ----------
    root
        The cache folder.
    """

    def __init__(self, root: Path) -> None:
        self.root: Path = root.absolute()
        self._base = self.root / VERSION

    @property
    def tag(self) -> Path:
        """What tells other programs that this is a cache (https://bford.info/cachedir/).

        Where other things lie beside it, only the folder of this layout is called one: a backup
        would leave them out.
        """
        return (self.base if self._is_among_others() else self.root) / "CACHEDIR.TAG"

    def _is_among_others(self) -> bool:
        try:
            names = {path.name for path in self.root.iterdir()}
        except OSError:
            return False
        return any(not OURS.fullmatch(name) for name in names)

    def ours(self) -> Iterator[Path]:
        """Give every file and folder of this layout, and none that lies beside it."""
        yield from self._base.rglob("*")
        yield from self.root.glob("CACHEDIR.TAG*")

    @property
    def base(self) -> Path:
        """Everything of this layout."""
        return self._base

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that hold everything, from the top."""
        return self._base, self.requests, self.exports, self.locks

    @property
    def clock(self) -> Path:
        """What is known of the time at Mews."""
        return self._base / "clock.json"

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
        """Give the place where it is noted that an export is about to be added."""
        return self.requests / f"{fingerprint}.json"

    def added(self, fingerprint: str, export_id: str) -> Path:
        """Give the place where an export is noted that was added; only a UUID becomes a name."""
        if not is_uuid(export_id):
            raise CacheError("an export id that is no UUID names no file")
        return self.requests / f"{fingerprint}.{export_id.lower()}.json"

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
            If it cannot be made, or if others can write above it.
        """
        try:
            make_private(self.root)
            _adopt(self.root)
            self.check()
            for path in reversed([folder, *folder.parents]):
                if self.root in path.parents:
                    if flaw_at(path, folder=True):
                        remove(path)  # of one export; the others were checked
                    make_private(path)
            if not self.is_tagged():
                write_text(self.tag, TAG)
            _tell_synced(self.root)
        except OSError as error:
            raise unusable(folder, error) from error
        return folder

    def is_tagged(self) -> bool:
        """Say whether programs that make backups see that this is a cache."""
        return any(_is_tag(folder / "CACHEDIR.TAG") for folder in (self.root, self._base))

    def check(self) -> None:
        """Refuse a cache that others can write: what they put there would be served.

        Raises
        ------
        CacheError
            With what is wrong with which folder.
        """
        for path, flaw in self.flaws():
            raise CacheError(
                f"the cache folder {path} is not trusted: {flaw}",
                hint="whoever can write there can change your rows. chmod 700 makes a folder of"
                " yours private, and mews-frames cache clear removes what may have been put"
                " there; MEWS_FRAMES_CACHE_DIR, or cache_dir= of mf.Client, names another one,"
                " best one that does not exist yet",
            )

    def flaws(self) -> Iterator[tuple[Path, str]]:
        """Say which of the folders that hold everything are not to be believed, and why."""
        try:
            seen = self.root.lstat()
            if is_link(seen):  # people put large folders on other disks
                if os.name == "posix" and seen.st_uid not in {os.geteuid(), 0}:
                    yield self.root, f"it is a link of another user (uid {seen.st_uid})"
                seen = self.root.stat()
        except OSError:
            return  # there is none
        if flaw := flaw_in(seen, folder=True):
            yield self.root, flaw
        for path in self.folders:
            if flaw := flaw_at(path, folder=True):
                yield path, flaw

    @contextmanager
    def lock(
        self, name: str, *, timeout: float | None = None, waiting: Callable[[], None] | None = None
    ) -> Iterator[None]:
        """Hold a lock between processes and threads.

        It is politeness: where it does nothing, work may be done twice, but nothing goes wrong.

        Parameters
        ----------
        name
            What is locked.
        timeout
            Seconds to wait for whoever holds it; None for as long as that takes.
        waiting
            Called if that takes more than a moment.

        Raises
        ------
        ExportTimeoutError
            If it is still held then.
        InvalidArgumentError
            If the thread that asks for it holds it.
        """
        from filelock import FileLock  # and asyncio, which what is held does not need

        path = self.make(self.locks) / f"{name}.lock"
        if flaw_at(path):
            remove(path)  # filelock before 3.20.1 follows links (CVE-2025-68146)
        lock = FileLock(path, mode=0o600)
        try:
            _acquire(lock, timeout, waiting)
        except NotImplementedError:
            yield  # a file system without locks
            return
        except ExportTimeoutError:
            raise  # it is a TimeoutError, and so an OSError
        except OSError as error:
            raise unusable(path, error) from error
        try:
            yield
        finally:
            lock.release()


def _acquire(lock: BaseFileLock, timeout: float | None, waiting: Callable[[], None] | None) -> None:
    from filelock import Timeout

    at_first = MOMENT if timeout is None else min(MOMENT, timeout)
    try:
        lock.acquire(timeout=at_first)
    except Timeout:
        if waiting is not None:
            waiting()
    else:
        return
    try:
        lock.acquire(timeout=-1 if timeout is None else timeout - at_first)
    except Timeout:
        raise ExportTimeoutError(
            f"another process or thread of this machine is at work on the same, still after"
            f" {timeout:.0f} s",
            hint="the same call goes on with what it leaves; give it more timeout, or end the other"
            " process if it hangs",
        ) from None
    except RuntimeError:  # filelock's word for a thread that waits for itself
        raise InvalidArgumentError(
            "this thread is at work on the same already, and would wait for itself",
            hint="progress= was given a callable that loads what is being loaded: let it show"
            " progress alone",
        ) from None


def _is_tag(path: Path) -> bool:
    try:
        return read_own(path).startswith(TAG.partition("\n")[0].encode())
    except OSError:
        return False


@cache
def _tell_synced(root: Path) -> None:
    """Warn once in a process, through logging: a warning of Python's would end under -W error."""
    if program := synced_by(root):
        logger.warning(
            "the cache at %s lies in a folder that %s copies elsewhere, and guests' data with it;"
            " MEWS_FRAMES_CACHE_DIR, or cache_dir= of mf.Client, names another folder",
            root,
            program,
        )


def _adopt(root: Path) -> None:
    """Make an empty folder private that a user has made for the cache."""
    if os.name != "posix":
        return
    seen = root.stat()
    if seen.st_uid == os.geteuid() and seen.st_mode & 0o077 and not any(root.iterdir()):
        root.chmod(0o700)
