"""The parts of an export on their way into the cache: download, decode and write overlap."""

from __future__ import annotations

import math
import os
import shutil
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._cache.files import is_full, reason, remove, replace_with, scratch
from mews_frames._cache.manifest import Part, part_at
from mews_frames._cache.spool import DiskSpool, MemorySpool, Spool
from mews_frames._cache.sums import sums_of
from mews_frames._frames.decode import decode_part
from mews_frames._frames.lines import Place
from mews_frames._frames.parquet import Origin, Written, recognise, write_part
from mews_frames._stopped import Gate, Stopped
from mews_frames._trust import flaw_at
from mews_frames.errors import CacheError, DecodeError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mews_frames._cache.layout import Layout
    from mews_frames._exports.download import Download
    from mews_frames._frames.columns import Kept
    from mews_frames._models import ExportFile

__all__ = ["Brought", "bring_parts"]

SIDE_BY_SIDE = 2
"""Parts that are brought at the same time: each holds a row group in memory, and two keep two
cores busy (docs/decisions/0010)."""

EVERY = 0.5
"""Seconds between two events while parts arrive."""


@dataclass(slots=True)
class Brought:
    """How far it is. Threads add to it under its lock."""

    size_done: int = 0
    fetched: int = 0
    """Bytes that arrived in this run; others may have lain here already."""
    parts_done: int = 0
    rows: int = 0


def bring_parts(
    files: Sequence[ExportFile],
    kept: Kept,
    *,
    layout: Layout,
    download: Download,
    tell: Callable[[Brought], None],
) -> tuple[Part, ...]:
    """Bring parts side by side; each is decoded while it arrives.

    If one of them fails, or the user interrupts, the others stop within a chunk. What has
    arrived stays on disk for the next attempt, unless columns were left out.

    Returns
    -------
    What lies in the cache now, in the order of `files`.
    """
    bringing = _Bringing(layout, download, kept, room_needed(files, kept))
    if kept.names is not None:
        for file in files:  # an earlier call may have wanted all columns
            bringing.forget(file.number)
    parts = ThreadPoolExecutor(SIDE_BY_SIDE, "mews-part")
    try:
        futures = [parts.submit(bringing.part, file) for file in files]
        pending: set[Future[Part]] = set(futures)
        tell(Brought())  # here the wait for Mews ends, whatever has arrived since
        while pending:
            done, pending = wait(pending, EVERY, FIRST_EXCEPTION)
            for future in done:
                future.result()
            tell(bringing.so_far)
        return tuple(future.result() for future in futures)
    finally:
        bringing.stop()
        # Not waited for: a socket may take a minute to notice, and Ctrl-C is not to.
        parts.shutdown(wait=False, cancel_futures=True)


def room_needed(files: Sequence[ExportFile], kept: Kept) -> float:
    """Estimate the bytes that an export needs on disk while it arrives.

    Decoded parts take about a tenth of their JSON Lines (docs/decisions/0006), small ones more;
    besides, those that arrive side by side lie there as they come, unless columns were left out.
    """
    sizes = sorted((file.size for file in files), reverse=True)
    arriving = 0 if kept.names is not None else sum(sizes[:SIDE_BY_SIDE])
    return 0.2 * sum(sizes) + arriving


def _free(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.nan


class _Bringing:
    """The threads and counters of one export on its way into the cache."""

    def __init__(self, layout: Layout, download: Download, kept: Kept, needed: float) -> None:
        self._needed = needed
        self._layout = layout
        self._download = download
        self._kept = kept
        self._export_id = download.export_id
        self._lock = threading.Lock()
        self._gate = Gate()
        self._decoders = ThreadPoolExecutor(os.cpu_count() or 1, "mews-decode")
        self._spools: set[Spool] = set()
        self._rows: dict[int, int] = {}
        self.so_far = Brought()

    def stop(self) -> None:
        self._download.stop.set()
        self._gate.close()
        with self._lock:
            spools = tuple(self._spools)
        for spool in spools:  # who reads there must not wait for a socket to notice
            spool.fail(Stopped())
        self._decoders.shutdown(wait=False, cancel_futures=True)

    def part(self, file: ExportFile) -> Part:
        try:
            if part := self._decoded(file):
                return part
            try:
                return self._bring(file)
            except _InheritedDamageError:
                # Bytes that an earlier run left, perhaps before a power cut: fetch them anew.
                self.forget(file.number)
                return self._bring(file)
        except (DecodeError, IntegrityError):
            self.forget(file.number)  # or the next attempt would go on with what is damaged
            raise
        except OSError as error:
            raise self._disk_error(file, error) from error

    def _decoded(self, file: ExportFile) -> Part | None:
        """Give a part that an earlier run has finished, though not its export."""
        path = self._layout.part(self._export_id, file.number)
        if not path.exists() or flaw_at(path):
            return None
        written = recognise(path, self._kept, self._origin(file))
        if written is None:
            return None
        self._count_rows(file.number, written.rows)
        self._count(size_done=file.size)
        return self._finished(_part(file, written, path))

    def _bring(self, file: ExportFile) -> Part:
        spool = self._spool(file)
        with self._lock:
            self._spools.add(spool)
        inherited = spool.position
        self._count(size_done=inherited)
        # A thread that no pool can cancel, since then nobody would tell the reading end; and that
        # holds up no exit, since a socket may take a minute to notice that nobody waits for it.
        fetch = threading.Thread(
            target=self._fetch, args=(file, spool), name="mews-download", daemon=True
        )
        fetch.start()
        try:
            part = self._decode(file, spool)
            fetch.join()
        except (DecodeError, IntegrityError) as error:
            if inherited:
                self._count(size_done=-spool.position)
                raise _InheritedDamageError from error
            raise
        finally:
            spool.close()
            with self._lock:
                self._spools.discard(spool)
        return self._finished(part)

    def _finished(self, part: Part) -> Part:
        """Count a part that is in its place; the bytes that it was made of can go."""
        self.forget(part.number)
        self._count(parts_done=1)
        return part

    def forget(self, number: int) -> None:
        """Remove what has arrived of a part."""
        path = self._layout.partial(self._export_id, number)
        with self._gate.passing(), suppress(CacheError):
            remove(path)
            remove(sums_of(path))

    def _origin(self, file: ExportFile) -> Origin:
        return Origin(self._export_id, file.number, file.size)

    def _spool(self, file: ExportFile) -> Spool:
        if self._kept.names is not None:
            return MemorySpool(file.size)
        path = self._layout.partial(self._export_id, file.number)
        if flaw_at(path) or flaw_at(sums_of(path)):
            self.forget(file.number)  # what others could have written is no beginning of a part
        return DiskSpool(path, file.size)

    def _fetch(self, file: ExportFile, spool: Spool) -> None:
        try:
            self._download(file, spool, lambda size: self._count(size_done=size, fetched=size))
        except BaseException as error:  # noqa: BLE001 - the reading end raises it
            spool.fail(error)

    def _decode(self, file: ExportFile, spool: Spool) -> Part:
        path = self._layout.part(self._export_id, file.number)
        tables = decode_part(
            spool.chunks(), self._kept, Place(self._export_id, file.number), self._decoders
        )
        counted = self._counted(tables, file.number)
        with scratch(path) as aside:
            written = write_part(aside, counted, self._kept, self._origin(file))
            part = _part(file, written, aside)
            with self._gate.passing():
                replace_with(aside, path)
        return part

    def _counted(self, tables: Iterable[pa.Table], number: int) -> Iterator[pa.Table]:
        rows = 0
        for table in tables:
            rows += table.num_rows
            self._count_rows(number, rows)
            yield table

    def _count_rows(self, number: int, rows: int) -> None:
        with self._lock:  # a part that is begun again is counted again
            self._rows[number] = rows
            self.so_far.rows = sum(self._rows.values())

    def _count(self, *, size_done: int = 0, fetched: int = 0, parts_done: int = 0) -> None:
        with self._lock:
            self.so_far.size_done += size_done
            self.so_far.fetched += fetched
            self.so_far.parts_done += parts_done

    def _disk_error(self, file: ExportFile, error: OSError) -> CacheError:
        more = "free some space" if is_full(error) else "see that it can be written"
        return CacheError(
            f"part {file.number} of export {self._export_id} cannot be written to"
            f" {self._layout.root}: {reason(error)}",
            hint=f"about {self._needed / 1e6:.1f} MB are needed for this export while it arrives,"
            f" and {_free(self._layout.root) / 1e6:.1f} MB are free; {more}, or set"
            " MEWS_FRAMES_CACHE_DIR, and call again: the export is kept",
            export_id=self._export_id,
            part=file.number,
        )


def _part(file: ExportFile, written: Written, path: Path) -> Part:
    return part_at(path, file.number, file.size, written.rows, written.rescued)


class _InheritedDamageError(Exception):
    """What an earlier run left of a part does not decode."""
