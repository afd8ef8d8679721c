"""Exports that the workers of a dask cluster bring into a shared cache, each some of the parts.

A worker gets the id of the export, one link that dies within ten minutes, and the URL of the
store: no token, and nothing that outlives the part (docs/decisions/0021).
"""

from __future__ import annotations

import sys
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any

from mews_frames._cache.layout import Layout
from mews_frames._cache.manifest import Manifest, Part
from mews_frames._clock import SystemClock
from mews_frames._connector.http import Http
from mews_frames._exports.download import Download
from mews_frames._exports.links import Link, Links
from mews_frames._frames.parquet import digest_of
from mews_frames._parts import bring_parts
from mews_frames._redact import Secret
from mews_frames._shared import Lot, Shared, new_upload, part_name
from mews_frames.errors import DownloadError, MewsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mews_frames._bridges.stores import FsspecStore
    from mews_frames._cache.journal import Journal
    from mews_frames._connector.connector import Connector
    from mews_frames._frames.columns import Kept
    from mews_frames._models import ExportFile, Seen
    from mews_frames._progress import Teller
    from mews_frames.typing import Clock

__all__ = ["BringOnCluster", "active_cluster"]

EVERY = 0.5
"""Seconds between two events while parts arrive."""

MOST_REFUSALS = 6
"""Links of one part that may be refused, one after the other, before a call gives up."""


def active_cluster() -> Any | None:
    """Give the client of dask.distributed that is active here; None if there is none."""
    distributed = sys.modules.get("distributed")  # who has a client has imported it
    if distributed is None:
        return None
    try:
        return distributed.default_client()
    except ValueError:
        return None


# --------------------------------------------------------------------------- on a worker


class StaleLinkError(MewsError):
    """A storage refused the link that a worker was given: another one will do."""


class Lent:
    """A link that is lent to a worker: it travels, and shows itself to no log."""

    def __init__(self, link: str) -> None:
        self._link: Secret[str] = Secret(link)

    def __repr__(self) -> str:
        return "Lent(...)"

    def __reduce__(self) -> tuple[Any, ...]:
        return Lent, (self._link.reveal(),)

    @property
    def link(self) -> Link:
        """The link as downloads take it."""
        return Link(self._link, 1)


@dataclass(frozen=True, slots=True)
class _OneLink:
    """The links of an export as a worker has them: one, and nobody to ask for another."""

    lent: Lent
    export_id: str

    def get(self, number: int) -> Link:  # noqa: ARG002 - as `Links`
        return self.lent.link

    def refused(self, link: Link) -> None:  # noqa: ARG002 - as `Links`
        raise StaleLinkError(
            "the link of a part has died", hint="ask for another", export_id=self.export_id
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker needs to bring one part; it may be sent to another one if the first dies."""

    export_id: str
    file: ExportFile
    kept: Kept
    lent: Lent = field(repr=False)
    insecure: bool
    store: FsspecStore
    upload: str

    def __call__(self) -> Part:
        """Download, decode, and put the part into the store; nothing stays on this machine."""
        clock = SystemClock()
        with TemporaryDirectory(prefix="mews-frames-") as folder, Http() as http:
            layout = Layout(Path(folder) / "cache")
            layout.make(layout.export(self.export_id))
            links: Any = _OneLink(self.lent, self.export_id)
            download = Download(
                self.export_id, http.get, links, clock, Event(), insecure=self.insecure
            )
            (part,) = bring_parts(
                [self.file], self.kept, layout=layout, download=download, tell=lambda _: None
            )
            name = part_name(self.export_id, self.upload, part.number)
            self.store.put(layout.part(self.export_id, part.number), name)
        return part


def run(errand: Errand) -> Part:
    """Run an errand: what dask calls, by a name that says something in its dashboard."""
    return errand()


# --------------------------------------------------------------------------- here


@dataclass(frozen=True, slots=True)
class BringOnCluster:
    """Brings exports into a shared cache by the workers of a cluster, for one account.

    Attributes
    ----------
    cluster
        A client of dask.distributed.
    shared
        Where the parts go.
    connector
        Asks Mews for links.
    journal
        Knows when an export was added.
    clock
        Time.
    account
        Digest of who asks whom.
    insecure
        Whether links may be plain http: only if the platform address is.
    """

    cluster: Any
    shared: Shared
    connector: Connector
    journal: Journal
    clock: Clock
    account: str
    insecure: bool = field(kw_only=True)

    def held(self, export_id: str, kept: Kept, tell: Teller | None = None) -> Lot | None:
        """Give what lies in the shared cache of an export, if that will do."""
        lot = self.shared.lot(export_id, kept)
        if lot is not None and tell is not None:
            rows, parts = lot.manifest.rows, len(lot.manifest.parts)
            tell(
                "found",
                f"from the shared cache: {rows:,} rows in {parts} parts",
                export_id,
                parts=parts,
                parts_done=parts,
                rows=rows,
            )
        return lot

    def __call__(self, seen: Seen, kept: Kept, tell: Teller) -> Lot:
        """Let workers download, decode and put away the parts; then publish them."""
        export = seen.export
        if lot := self.held(export.id, kept, tell):
            return lot
        links = Links(seen, lambda: self.connector.look([export.id]).get(export.id), self.clock)
        upload = new_upload()
        crew = _Crew(self.cluster, links, self._errands(seen, kept, upload))
        parts: dict[int, Part] = {}
        for part in crew.parts(export.files):
            parts[part.number] = part
            tell(
                "downloading",
                f"{len(parts)} of {len(export.files)} parts, by the workers of the cluster",
                export.id,
                parts=len(export.files),
                parts_done=len(parts),
                rows=sum(each.rows for each in parts.values()),
            )
        found = self.journal.find(export.id)
        manifest = Manifest(
            export=export,
            account=self.account,
            schema=digest_of(kept),
            columns=kept.names,
            parts=tuple(parts[number] for number, _ in export.files),
            added=found[1].added if found else None,
        )
        lot = Lot(manifest, upload)
        self.connector.keep_time()
        self.shared.publish(lot)
        self.shared.prune()
        tell(
            "ready",
            f"{manifest.rows:,} rows in {len(parts)} parts in the shared cache",
            export.id,
            parts=len(parts),
            parts_done=len(parts),
            rows=manifest.rows,
        )
        return lot

    def _errands(self, seen: Seen, kept: Kept, upload: str) -> Callable[[ExportFile, Lent], Errand]:
        store: Any = self.shared.store
        return lambda file, lent: Errand(
            seen.export.id, file, kept, lent, self.insecure, store, upload
        )


@dataclass(slots=True)
class _Crew:
    """The workers of a cluster at work on one export: each part is handed out with a young link."""

    cluster: Any
    links: Links
    errand: Callable[[ExportFile, Lent], Errand]
    out: dict[Any, tuple[ExportFile, Link]] = field(default_factory=dict)
    refusals: dict[int, int] = field(default_factory=dict)

    def parts(self, files: Sequence[ExportFile]) -> Iterator[Part]:
        """Give parts as they are done; what is not yet done when this ends is called off."""
        waiting = list(files)
        try:
            while waiting or self.out:
                # No more than there are hands: a link that waits in a queue dies there.
                while waiting and len(self.out) < self._hands():
                    self._send(waiting.pop(0))
                for future in self._done():
                    file, link = self.out.pop(future)
                    part = self._part(future, file, link)
                    if part is None:
                        waiting.insert(0, file)
                    else:
                        yield part
        finally:
            self.cluster.cancel(list(self.out), force=True)

    def _hands(self) -> int:
        hands: int = sum(self.cluster.nthreads().values())
        return max(1, hands)

    def _send(self, file: ExportFile) -> None:
        link = self.links.get(file.number)
        errand = self.errand(file, link.url.use(Lent))
        self.out[self.cluster.submit(run, errand, pure=False)] = (file, link)

    def _done(self) -> Sequence[Any]:
        distributed = sys.modules["distributed"]
        try:
            ended = distributed.wait(list(self.out), timeout=EVERY, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return []
        return list(ended.done)

    def _part(self, future: Any, file: ExportFile, link: Link) -> Part | None:
        try:
            part: Part = future.result()
        except StaleLinkError as error:
            tries = self.refusals[file.number] = self.refusals.get(file.number, 0) + 1
            if tries >= MOST_REFUSALS:
                raise DownloadError(
                    f"part {file.number} of export {error.export_id} did not arrive: {tries} links"
                    " of it were refused, one after the other",
                    hint="the export is kept: the same call goes on with it",
                    export_id=error.export_id,
                    part=file.number,
                ) from None
            self.links.refused(link)
            return None
        except MewsError:
            raise
        except (Exception, CancelledError) as error:
            raise DownloadError(
                f"part {file.number} was not brought by the cluster: {type(error).__name__}",
                hint="do the workers have mews_frames, memory, and the credentials of the store?",
                part=file.number,
            ) from error
        return part
