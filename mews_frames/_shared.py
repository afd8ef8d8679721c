"""A second level behind the cache, which a team shares: any store of named bytes.

::

    v1/requests/<fingerprint>.json                     which exports were added for a request
    v1/exports/<export id>/export.json                 the manifest: last, it names one upload
    v1/exports/<export id>/<upload id>/part-00001.parquet

Every upload has a folder of its own, so that two machines that bring the same export never mix:
whoever writes the manifest last wins, whole. Nothing here needs a store to lock, to rename, or to
create exclusively (docs/decisions/0020).
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from mews_frames._cache.cache import ABANDONED, KEPT_AFTER_EXPIRY
from mews_frames._cache.files import UNREADABLE, remove, replace_with, scratch, seal, unseal
from mews_frames._cache.journal import record_in
from mews_frames._cache.layout import VERSION
from mews_frames._cache.manifest import (
    Manifest,
    Part,
    manifest_in,
    part_at,
    sha256_of,
    write_manifest,
)
from mews_frames._frames.columns import RESCUED, Kept
from mews_frames._frames.parquet import Origin, digest_of, write_part
from mews_frames._frames.rescue import only_kept
from mews_frames._models import is_uuid
from mews_frames._stopped import Gate
from mews_frames.errors import CacheError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from mews_frames._cache.layout import Layout
    from mews_frames._connector.connector import Connector
    from mews_frames._models import Export
    from mews_frames._records import Record

__all__ = ["Lot", "Shared", "Store", "new_upload", "part_name"]

logger = logging.getLogger("mews_frames")

T = TypeVar("T")

EVERY = 0.5
"""Seconds until Ctrl-C is noticed on Windows."""

SIDE_BY_SIDE = 4
"""Parts that are copied at the same time."""

MOST_ENTRIES = 8
"""Exports that a record of a request keeps; older ones have expired long ago."""


class Store(Protocol):
    """Named bytes, somewhere (`mews_frames._bridges.stores`). Every verb may raise `CacheError`."""

    def read(self, name: str) -> bytes | None:
        """Give the bytes of a name; None if there is none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Put bytes under a name, in place of what was there."""
        ...

    def put(self, path: Path, name: str) -> None:
        """Put a file under a name."""
        ...

    def get(self, name: str, path: Path) -> bool:
        """Copy a name into a file; say whether it was there."""
        ...

    def names(self, folder: str) -> list[str]:
        """List the last parts of the names right below a folder."""
        ...

    def touched(self, folder: str) -> float | None:
        """Say when something below a folder was last written, in seconds since 1970."""
        ...

    def remove(self, folder: str) -> None:
        """Remove everything below a folder."""
        ...


@dataclass(frozen=True, slots=True)
class Lot:
    """What lies in a shared cache of an export.

    Attributes
    ----------
    manifest
        Sizes and hashes of its parts.
    upload
        The folder that they lie in.
    """

    manifest: Manifest
    upload: str

    @property
    def export(self) -> Export:
        """The export, as Mews described it when it was finished."""
        return self.manifest.export

    @property
    def kept(self) -> Kept:
        """The columns that its parts hold."""
        return Kept(self.manifest.export.entity_type, self.manifest.columns)

    def part(self, number: int) -> str:
        """Name a part in the store."""
        return part_name(self.manifest.export.id, self.upload, number)


class Shared:
    """The shared level of a cache. Threads may share it.

    Parameters
    ----------
    store
        Where it is.
    mews
        Knows the time there, which tells what has expired; the machine that brought an export may
        have had another one.
    """

    def __init__(self, store: Store, mews: Connector) -> None:
        self.store = store
        self._mews = mews

    # ----------------------------------------------------------------------- requests

    def record(self, fingerprint: str) -> Record | None:
        """Read which exports anybody has added for a request.

        Raises
        ------
        CacheError
            If the store cannot be read: nothing was asked of Mews yet.
        """
        data = unseal(self.store.read(_request(fingerprint)) or b"")
        return record_in(data, fingerprint)

    def note(self, record: Record) -> None:
        """Tell the others of exports that were added; what they have added stays.

        If that fails it is only said: the id is safe on this machine.
        """
        with _only_said("others are not told that an export was added"):
            there = self.record(record.fingerprint)
            self._write(record if there is None else there.with_entries(record))

    def forget(self, fingerprint: str, export_id: str) -> None:
        """Drop an export that Mews does not know any more."""
        with _only_said("others are not told that an export is gone"):
            if there := self.record(fingerprint):
                self._write(there.without(export_id))

    def _write(self, record: Record) -> None:
        entries = sorted(record.entries, key=lambda entry: entry.added)[-MOST_ENTRIES:]
        record = replace(record, entries=tuple(entries), intended=None)
        self.store.write(_request(record.fingerprint), seal(record.to_data()).encode())

    # ----------------------------------------------------------------------- exports

    def lot(self, export_id: str, wanted: Kept) -> Lot | None:
        """Find what lies there of an export, if these columns of it can be served now.

        Mews is asked for the time if it has never told this machine.
        """
        data = unseal(self.store.read(_manifest(export_id)) or b"")
        manifest = manifest_in(data)
        if data is None or manifest is None or not is_uuid(data.get("upload")):
            return None
        lot = Lot(manifest, data["upload"])
        numbers = [part.number for part in manifest.parts]
        if not self._mews.knows_time:
            self._mews.learn_time()
        if (
            manifest.export.id != export_id
            or numbers != list(range(1, len(manifest.export.files) + 1))
            or manifest.is_expired(self._mews.now())
            or not lot.kept.covers(wanted)
            or manifest.schema != digest_of(lot.kept)
        ):
            return None
        return lot

    def fetch(self, lot: Lot, wanted: Kept, layout: Layout) -> Manifest | None:
        """Copy an export into the cache of this machine: wanted columns, and no others.

        Returns
        -------
        None if it turned out not to be whole: then it is downloaded from Mews.

        Raises
        ------
        CacheError
            If the store cannot be read, or the cache not written.
        """
        export = lot.manifest.export
        layout.make(layout.export(export.id))
        remove(layout.manifest(export.id))
        gate = Gate()
        copying = _Copying(self.store, lot, wanted, layout, gate)
        try:
            parts = tuple(_side_by_side(copying.part, lot.manifest.parts))
        except IntegrityError as error:
            logger.warning("%s; it is downloaded from Mews", error.message)
            return None
        finally:
            gate.close()
        manifest = replace(
            lot.manifest, schema=digest_of(wanted), columns=wanted.names, parts=parts
        )
        write_manifest(layout, manifest)
        return manifest

    def offer(self, manifest: Manifest, layout: Layout) -> None:
        """Copy an export from the cache of this machine: parts first, the manifest last.

        If that fails it is only said: the rows are on this machine.
        """
        export_id, upload = manifest.export.id, new_upload()
        with _only_said("others do not get a copy of what was downloaded"):
            _side_by_side(
                lambda part: self.store.put(
                    layout.part(export_id, part.number), part_name(export_id, upload, part.number)
                ),
                manifest.parts,
            )
            self.publish(Lot(manifest, upload))
        with _only_said("what has expired was not removed from the shared cache"):
            self.prune()

    def publish(self, lot: Lot) -> None:
        """Make an upload the one that is served."""
        data = {**lot.manifest.to_data(), "upload": lot.upload}
        self.store.write(_manifest(lot.manifest.export.id), seal(data).encode())

    def prune(self) -> None:
        """Remove exports that expired more than a day ago, and uploads that nobody finished."""
        folder = f"{VERSION}/exports"
        for export_id in filter(is_uuid, self.store.names(folder)):
            if self._is_past(export_id):
                self.store.remove(f"{folder}/{export_id}")

    def _is_past(self, export_id: str) -> bool:
        now = self._mews.now()
        data = unseal(self.store.read(_manifest(export_id)) or b"")
        try:
            manifest = Manifest.from_data(data or {})
        except UNREADABLE:
            touched = self.store.touched(f"{VERSION}/exports/{export_id}")
            return touched is not None and now.timestamp() - touched > ABANDONED.total_seconds()
        return manifest.is_expired(now - KEPT_AFTER_EXPIRY)


@dataclass(frozen=True, slots=True)
class _Copying:
    """One export on its way from the shared cache into this machine's."""

    store: Store
    lot: Lot
    wanted: Kept
    layout: Layout
    gate: Gate

    def part(self, part: Part) -> Part:
        path = self.layout.part(self.lot.manifest.export.id, part.number)
        try:
            with scratch(path) as aside:
                mine = (
                    self._narrower(part, aside)
                    if self._is_narrower
                    else self._as_it_is(part, aside)
                )
                with self.gate.passing():
                    replace_with(aside, path)
        except OSError as error:
            raise CacheError(
                f"{path} cannot be written: {error.strerror or type(error).__name__}",
                hint="is there space? MEWS_FRAMES_CACHE_DIR names another folder",
            ) from error
        return mine

    @property
    def _is_narrower(self) -> bool:
        return self.wanted.names != self.lot.manifest.columns

    def _as_it_is(self, part: Part, aside: Path) -> Part:
        aside.touch(mode=0o600)
        if not self.store.get(self.lot.part(part.number), aside):
            raise self._damaged(part, "is missing")
        if sha256_of(aside) != part.sha256:
            raise self._damaged(part, "is not what was put there")
        return part

    def _narrower(self, part: Part, aside: Path) -> Part:
        """Copy some columns; the others pass through memory and do not reach the disk."""
        import polars as pl
        import pyarrow as pa
        import pyarrow.parquet as pq

        data = self.store.read(self.lot.part(part.number))
        if data is None:
            raise self._damaged(part, "is missing")
        if hashlib.sha256(data).hexdigest() != part.sha256:
            raise self._damaged(part, "is not what was put there")
        names = [column.name for column in self.wanted.columns]
        table = pq.read_table(pa.BufferReader(data), columns=[*names, RESCUED])
        rescued = only_kept(pl.Series(RESCUED, table[RESCUED].to_pylist(), pl.String), self.wanted)
        at = table.column_names.index(RESCUED)
        table = table.set_column(at, RESCUED, pa.array(rescued.to_list(), pa.string()))
        origin = Origin(self.lot.manifest.export.id, part.number, part.size)
        written = write_part(aside, [table], self.wanted, origin)
        return part_at(aside, part.number, part.size, written.rows, written.rescued)

    def _damaged(self, part: Part, what: str) -> IntegrityError:
        export_id = self.lot.manifest.export.id
        return IntegrityError(
            f"part {part.number} of export {export_id} in the shared cache {what}",
            export_id=export_id,
            part=part.number,
        )


def _side_by_side(do: Callable[[Part], T], parts: Iterable[Part]) -> list[T]:
    """Do something with parts in threads; the first that fails ends it, and so does Ctrl-C.

    Neither waits for what the other threads are at.
    """
    pool = ThreadPoolExecutor(SIDE_BY_SIDE, "mews-shared")
    try:
        futures = [pool.submit(do, part) for part in parts]
        pending = set(futures)
        while pending:
            # With a limit: Windows tells a thread of Ctrl-C only when its wait has ended.
            done, pending = wait(pending, EVERY, FIRST_EXCEPTION)
            for future in done:
                future.result()
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _only_said(what: str) -> Iterator[None]:
    """Turn an error of the store into a line in the log."""
    try:
        yield
    except CacheError as error:
        logger.warning("%s: %s", what, error.message)


def new_upload() -> str:
    """Name a new upload."""
    return str(uuid.uuid4())


def part_name(export_id: str, upload: str, number: int) -> str:
    """Name a part in the store; only UUIDs become names."""
    if not (is_uuid(export_id) and is_uuid(upload)):
        raise CacheError("an id that is no UUID names nothing in the shared cache")
    return f"{VERSION}/exports/{export_id}/{upload}/part-{number:05}.parquet"


def _manifest(export_id: str) -> str:
    if not is_uuid(export_id):
        raise CacheError("an id that is no UUID names nothing in the shared cache")
    return f"{VERSION}/exports/{export_id.lower()}/export.json"


def _request(fingerprint: str) -> str:
    return f"{VERSION}/requests/{fingerprint}.json"
