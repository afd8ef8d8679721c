"""Where the exports of a pretend Mews live: one folder, which several processes may share.

``exports/<id>/export.json`` says what was asked for and when; its status follows from the clock,
so nothing has to run while nobody looks. ``rows.jsonl`` holds the rows of all parts one after the
other, and ``parts.json`` where each part begins and ends.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from mews_frames._cache.files import make_private
from mews_frames._models import is_uuid
from mews_frames._sandbox.checks import Add, RefusedError
from mews_frames._sandbox.stored import Recipe, Stored, from_json, is_forgotten, status_at, to_json
from mews_frames._trust import flaw_at
from mews_frames.errors import CacheError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mews_frames.typing import Clock, Status

__all__ = ["Part", "Store"]

PATIENCE = 5.0
"""Seconds of real time that a look waits for rows being written, before it says Processing."""

KEPT = 20
"""Exports whose rows stay on disk: those of the profile ``sandbox`` take 33 MB each."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an export: a stretch of ``rows.jsonl``."""

    path: Path
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stop - self.start


Lines = Callable[[Stored], Iterator[bytes]]
"""Makes the rows of an export: chunks of whole lines."""


class Store:
    """The exports of one pretend Mews.

    Parameters
    ----------
    folder
        Created where it is missing.
    clock
        Says when an export was added and how far it is.
    lines
        Makes the rows.
    given
        Parts to serve exactly as they are, by entity type, instead of made rows.

    Raises
    ------
    CacheError
        If others can write the folder: what they put there would be served, and pruned.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        lines: Lines,
        given: Mapping[str, Sequence[bytes]] | None = None,
    ) -> None:
        self._exports = folder / "exports"
        for path in (folder, self._exports):
            make_private(path)
            _check(path)
        self._lock = folder / "add.lock"
        self._clock = clock
        self._lines = lines
        self._given = given or {}
        self._workers: dict[str, _Worker] = {}
        self._guard = threading.Lock()
        self._stop = threading.Event()

    def add(self, asked: Add, recipe: Recipe, fails: Callable[[], bool]) -> Stored:
        """Add an export, unless one of the type runs already.

        Mews docs, use-cases/data-export.md: a second one is rejected with HTTP 400.
        ``fails`` is asked, once it is clear that there will be an export, how that one ends.
        """
        with FileLock(self._lock):  # one process at a time decides
            now = self._clock.now()
            self._prune(now)
            for other in self._all():
                if other.asked.entity_type == asked.entity_type and self._is_running(other, now):
                    raise RefusedError(
                        400, f"An export of {asked.entity_type} is already in progress."
                    )
            stored = Stored(
                id=str(uuid.uuid4()), asked=asked, added=now, fails=fails(), recipe=recipe
            )
            folder = self._exports / stored.id
            make_private(folder)
            _write(folder / "export.json", to_json(stored))
        return stored

    def get(self, export_id: str) -> Stored | None:
        """Give an export by its id; ``None`` for one that is not known, or no longer."""
        stored = self._read(export_id)
        return None if stored is None or is_forgotten(stored, self._clock.now()) else stored

    def look(self, stored: Stored) -> tuple[Status, list[Part]]:
        """Say how far an export is, and give its parts if it has some.

        The first look at a finished export has its rows written. That takes a moment; where it
        takes longer than `PATIENCE`, the answer is Processing, as it would be at Mews.
        """
        status = status_at(stored, self._clock.now())
        if status != "Success":
            return status, []
        parts = self._parts(stored.id)
        if parts is None and self._make(stored):
            parts = self._parts(stored.id)
        return ("Processing", []) if parts is None else (status, parts)

    def part(self, export_id: str, number: int) -> Part | None:
        """Give one part, by its number from 1, if its bytes are still there."""
        stored = self.get(export_id)
        if stored is None or status_at(stored, self._clock.now()) != "Success":
            return None
        parts = self._parts(export_id) or []
        return parts[number - 1] if 1 <= number <= len(parts) else None

    def close(self) -> None:
        """Give up rows that are being written; another process, or the next look, takes over."""
        self._stop.set()
        with self._guard:
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            worker.join()
        self._stop.clear()

    def _make(self, stored: Stored) -> bool:
        """Have the rows of an export written; say whether they are within `PATIENCE`."""
        with self._guard:
            worker = self._workers.get(stored.id)
            if worker is None:
                worker = _Worker(lambda: self._write_rows(stored))
                self._workers[stored.id] = worker
                worker.start()
        worker.join(PATIENCE)
        if worker.is_alive():
            return False
        with self._guard:
            self._workers.pop(stored.id, None)
        if worker.error is not None:
            raise worker.error
        return self._parts_file(stored.id).exists()

    def _write_rows(self, stored: Stored) -> None:
        folder = self._exports / stored.id
        with FileLock(folder / "rows.lock"):
            if self._parts_file(stored.id).exists():  # another process was faster
                return
            given = self._given.get(stored.asked.entity_type)
            aside = folder / "rows.part"
            try:
                if not self._write_aside(aside, self._lines(stored) if given is None else given):
                    return
                cuts = _cuts(aside, stored.recipe.parts) if given is None else _ends(given)
                aside.replace(folder / "rows.jsonl")
            finally:
                aside.unlink(missing_ok=True)
            _write(self._parts_file(stored.id), cuts)  # it comes last, and alone makes them whole

    def _write_aside(self, path: Path, chunks: Iterable[bytes]) -> bool:
        with path.open("wb") as file:
            for chunk in chunks:
                if self._stop.is_set():
                    return False
                file.write(chunk)
        return True

    def _parts_file(self, export_id: str) -> Path:
        return self._exports / export_id / "parts.json"

    def _parts(self, export_id: str) -> list[Part] | None:
        """Give the parts of an export, or ``None`` while its rows are not written."""
        try:
            cuts = json.loads(self._parts_file(export_id).read_text(encoding="utf-8"))
        except OSError:
            return None
        path = self._exports / export_id / "rows.jsonl"
        return [Part(path, *pair) for pair in pairwise(cuts)]

    def _read(self, export_id: str) -> Stored | None:
        """Read what is remembered of an export; only a UUID names one, and only its own folder."""
        folder = self._exports / export_id
        if not is_uuid(export_id) or flaw_at(folder, folder=True):
            return None
        try:
            stored = from_json(json.loads((folder / "export.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            # gone, or written by another version
            return None
        return stored if stored.id == export_id else None

    def _all(self) -> Iterator[Stored]:
        for folder in self._exports.iterdir():
            stored = self._read(folder.name)
            if stored is not None:
                yield stored

    def _is_running(self, stored: Stored, now: datetime) -> bool:
        status = status_at(stored, now)
        if status != "Success" or self._parts_file(stored.id).exists():
            return status in ("Pending", "Processing")
        try:  # due, but some process may still be writing its rows
            with FileLock(self._exports / stored.id / "rows.lock", timeout=0):
                return False
        except Timeout:
            return True

    def _prune(self, now: datetime) -> None:
        """Remove exports that nobody knows any more, and rows that nobody will ask for."""
        written = []
        for stored in self._all():
            if is_forgotten(stored, now):
                shutil.rmtree(self._exports / stored.id, ignore_errors=True)
            elif status_at(stored, now) == "Expired":
                self._drop_rows(stored)
            elif self._parts_file(stored.id).exists():
                written.append(stored)
        # A look at one of the others has its rows written again, and they are the same.
        for stored in sorted(written, key=lambda each: each.added)[:-KEPT]:
            self._drop_rows(stored)

    def _drop_rows(self, stored: Stored) -> None:
        for name in ("parts.json", "rows.jsonl", "rows.part"):
            try:
                (self._exports / stored.id / name).unlink(missing_ok=True)
            except OSError:  # Windows keeps files that are being read; the next add tries again
                return


class _Worker(threading.Thread):
    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="mews-frames-sandbox-rows", daemon=True)
        self._work = work
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised again by the look that waits for it
            self.error = error


def _cuts(path: Path, parts: int) -> list[int]:
    """Say where the parts of a file of lines begin and end: as equal as whole lines allow."""
    size = path.stat().st_size
    cuts = {0, size}
    with path.open("rb") as file:
        for number in range(1, parts):
            file.seek(max(size * number // parts - 1, 0))
            file.readline()
            cuts.add(file.tell())
    # No rows, no files: Mews docs, operations/exports.md, "empty if no files are available".
    return sorted(cuts) if size else []


def _ends(parts: Sequence[bytes]) -> list[int]:
    """Say where given parts begin and end."""
    return [0, *accumulate(map(len, parts))]


def _check(folder: Path) -> None:
    if flaw := flaw_at(folder, folder=True):
        raise CacheError(
            f"the folder of the sandbox {folder} is not trusted: {flaw}",
            hint="it lives beside the cache. chmod 700 makes a folder of yours private;"
            " MEWS_FRAMES_CACHE_DIR names another place",
        )


def _write(path: Path, content: Any) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    aside.write_text(json.dumps(content), encoding="utf-8")
    aside.replace(path)
