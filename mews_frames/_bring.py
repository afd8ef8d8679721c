"""Bring a finished export into the cache, unless it is there; and scan what lies there."""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

from mews_frames._cache.files import UNREADABLE, read_sealed, remove, write_sealed
from mews_frames._cache.journal import Journal
from mews_frames._cache.manifest import (
    Manifest,
    find_manifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from mews_frames._frames.columns import Kept
from mews_frames._frames.merge import KEYS, Older, older_rows, without_older
from mews_frames._frames.parquet import digest_of, footer_of
from mews_frames._frames.reader import scan, shape
from mews_frames._words import age_in_words, count_in_words, instant_in_words, size_in_words
from mews_frames.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from mews_frames._cache.cache import Cache
    from mews_frames._cache.layout import Layout
    from mews_frames._connector.connector import Connector
    from mews_frames._connector.http import Http
    from mews_frames._exports.download import Download
    from mews_frames._models import Export, Seen
    from mews_frames._parts import Brought
    from mews_frames._progress import Teller
    from mews_frames._shared import Shared
    from mews_frames.typing import Clock, Money, Stage

__all__ = ["Bring"]

logger = logging.getLogger("mews_frames")


class Bring:
    """Brings exports into the cache, for one account.

    Parameters
    ----------
    http, connector
        The network.
    layout
        Where they go.
    cache
        Has room made in it.
    clock
        Time.
    account
        Digest of who asks whom; it stands in the manifest.
    insecure
        Whether links may be plain http: only if the platform address is.
    shared
        Where others bring exports too; None if there is no such place.
    """

    def __init__(
        self,
        http: Http,
        connector: Connector,
        layout: Layout,
        cache: Cache,
        clock: Clock,
        account: str,
        *,
        insecure: bool,
        shared: Shared | None = None,
    ) -> None:
        self._http = http
        self._connector = connector
        self._layout = layout
        self._journal = Journal(layout)
        self._cache = cache
        self._clock = clock
        self._account = account
        self._insecure = insecure
        self._shared = shared

    def held(self, export_id: str, kept: Kept, tell: Teller | None = None) -> Manifest | None:
        """Give the manifest of an export if the cache can serve these columns of it now.

        Sizes and footers of the parts are looked at, not their contents: `Cache.verify` does that.
        What only the shared cache holds is fetched, and its contents are looked at then.
        """
        manifest = self.here(export_id, kept)
        if manifest is None and self._shared is not None:
            with self._layout.lock(export_id, waiting=lambda: _tell_other(export_id, tell)):
                manifest = self.here(export_id, kept) or self._fetched(export_id, kept, tell)
        if manifest is not None and tell is not None:
            self._tell_found(manifest, tell)
        return manifest

    def here(self, export_id: str, kept: Kept) -> Manifest | None:
        """Give the manifest of an export if the cache on this machine can serve these columns."""
        layout = self._layout
        manifest = read_manifest(layout, export_id)
        if manifest is None or manifest.is_expired(self._connector.now()):
            return None
        there = Kept(manifest.export.entity_type, manifest.columns)
        if not there.covers(kept) or manifest.schema != digest_of(there):
            return None
        for part in manifest.parts:
            if footer_of(layout.part(export_id, part.number)) != (export_id, part.number):
                return None
        return manifest

    def _fetched(self, export_id: str, kept: Kept, tell: Teller | None) -> Manifest | None:
        """Fetch what others have brought, and with it the columns that were here before."""
        if self._shared is None:
            return None
        kept = self._with_before(export_id, kept)
        lot = self._shared.lot(export_id, kept)
        if lot is None:
            return None
        if tell is not None:
            count = len(lot.manifest.parts)
            tell.note(f"fetching {count} parts from the shared cache at {self._shared.store}")
        manifest = self._shared.fetch(lot, kept, self._layout)
        if manifest is not None:
            self._prune()
        return manifest

    def _with_before(self, export_id: str, kept: Kept) -> Kept:
        """Add the columns that the cache holds already: what replaces it holds the union."""
        before = read_manifest(self._layout, export_id)
        return kept.union(Kept(kept.entity_type, before.columns)) if before else kept

    def __call__(self, seen: Seen, kept: Kept, tell: Teller) -> Manifest:
        """Download, decode and commit; one process at a time, the others find it done.

        What the cache holds of the export with fewer columns is replaced by the union.
        """
        from mews_frames._parts import bring_parts  # and numpy, which what is held does not need

        export, layout = seen.export, self._layout
        with layout.lock(export.id, waiting=lambda: _tell_other(export.id, tell)):
            if held := self.here(export.id, kept) or self._fetched(export.id, kept, tell):
                self._tell_found(held, tell)
                return held
            kept = self._with_before(export.id, kept)
            layout.make(layout.export(export.id))
            began = self._clock.monotonic()
            self._doubt(export.id)
            parts = bring_parts(
                export.files,
                kept,
                layout=layout,
                download=self._download(seen),
                tell=lambda so_far: _tell_brought(
                    tell, export, so_far, self._clock.monotonic() - began
                ),
            )
            found = self._journal.find(export.id)
            manifest = Manifest(
                export=export,
                account=self._account,
                schema=digest_of(kept),
                columns=kept.names,
                parts=parts,
                added=found[1].added if found else None,
            )
            self._connector.keep_time()
            write_manifest(layout, manifest)
            if self._shared is not None:
                self._shared.offer(manifest, layout)
        self._prune()
        _tell_ready(manifest, tell)
        return manifest

    def _prune(self) -> None:
        """Make room; what will not go is told, and takes nobody the rows that were brought."""
        try:
            self._cache.prune()
        except CacheError as error:
            _tell_left(error.message)

    def _doubt(self, export_id: str) -> None:
        """Take back that an export is whole, and keep of its parts what is as it was written."""
        layout = self._layout
        if before := find_manifest(layout, export_id):
            for part in before.parts:
                path = layout.part(export_id, part.number)
                if path.exists() and sha256_of(path) != part.sha256:
                    remove(path)
        remove(layout.manifest(export_id))

    def scan(
        self, manifests: Sequence[Manifest], asked: Kept, *, flatten: bool, money: Money
    ) -> pl.LazyFrame:
        """Scan what lies in the cache of an export, or of the pieces of a long window."""
        if len(manifests) == 1:
            return self._scan(manifests[0], asked, flatten=flatten, money=money)
        import polars as pl

        with_keys = asked.union(Kept(asked.entity_type, KEYS))
        older = self.older(manifests)
        pieces = [
            without_older(self._scan(manifest, with_keys, flatten=True, money="decimal"), mine)
            for manifest, mine in zip(manifests, older, strict=True)
        ]
        # What was rescued of the keys is not shown to who did not ask for them.
        narrower = with_keys != asked and any(manifest.rescued for manifest in manifests)
        return shape(pl.concat(pieces), asked, flatten=flatten, money=money, narrower=narrower)

    def _scan(
        self, manifest: Manifest, asked: Kept, *, flatten: bool, money: Money
    ) -> pl.LazyFrame:
        export = manifest.export
        return scan(
            [self._layout.part(export.id, part.number) for part in manifest.parts],
            Kept(export.entity_type, manifest.columns),
            asked,
            flatten=flatten,
            money=money,
            rescued=manifest.rescued > 0,
        )

    def place(self, export_id: str, number: int) -> Path:
        """Say where a part lies."""
        return self._layout.part(export_id, number)

    def older(self, manifests: Sequence[Manifest]) -> Sequence[Older]:
        """Find the rows that a later piece has in a newer state: once, and remember them."""
        export_ids = [manifest.export.id for manifest in manifests]
        path = self._layout.merge(export_ids)
        if (known := _known_older(path, export_ids)) is not None:
            return known
        keys = Kept(manifests[0].export.entity_type, KEYS)
        older = older_rows(
            [self._scan(manifest, keys, flatten=True, money="decimal") for manifest in manifests]
        )
        write_sealed(path, {"exports": export_ids, "older": [asdict(each) for each in older]})
        return older

    def _download(self, seen: Seen) -> Download:
        from mews_frames._exports.download import Download  # what is held does not need it
        from mews_frames._exports.links import Links

        export_id = seen.export.id

        def look() -> Seen | None:
            return self._connector.look([export_id]).get(export_id)

        links = Links(seen, look, self._clock)
        return Download(
            export_id, self._http.get, links, self._clock, Event(), insecure=self._insecure
        )

    def _tell_found(self, manifest: Manifest, tell: Teller) -> None:
        added = manifest.added
        as_of = "data of unknown age"
        newer = "; refresh=True for newer" if tell.offers_refresh else ""
        if added is not None:
            age = age_in_words((self._connector.now() - added).total_seconds())
            as_of = f"data as of {instant_in_words(added)}, {age} old"
        tell(
            "found",
            f"{as_of}, from the cache: {count_in_words(manifest.rows, 'row')}{newer}",
            manifest.export.id,
            parts=len(manifest.parts),
            parts_done=len(manifest.parts),
            rows=manifest.rows,
        )


@cache
def _tell_left(what: str) -> None:
    """Warn once in a process: guests' data lie there for longer than they should."""
    logger.warning("pruning the cache: %s; the next load tries again", what)


def _tell_other(export_id: str, tell: Teller | None) -> None:
    if tell is not None:
        tell.note(
            f"another process is downloading export {export_id}; waiting until it has done so"
        )


def _tell_brought(tell: Teller, export: Export, so_far: Brought, seconds: float) -> None:
    size, parts = sum(file.size for file in export.files), len(export.files)
    speed = so_far.fetched / seconds if seconds > 0 else 0.0
    done = f"{so_far.parts_done} of {parts} parts"
    rows = count_in_words(so_far.rows, "row")
    if size and so_far.size_done >= size:
        stage: Stage = "decoding"
        message = f"decoding: {done}, {rows}; all {size_in_words(size)} are here"
    else:
        stage = "downloading"
        message = f"downloading: {done}, {size_in_words(so_far.size_done)} of {size_in_words(size)}"
        if speed:
            message += f", {size_in_words(speed)}/s; {rows} decoded"
    tell(
        stage,
        message,
        export.id,
        parts=parts,
        parts_done=so_far.parts_done,
        size=size,
        size_done=so_far.size_done,
        speed=speed,
        rows=so_far.rows,
    )


def _tell_ready(manifest: Manifest, tell: Teller) -> None:
    expires, parts = manifest.export.expires, len(manifest.parts)
    until = f" until {instant_in_words(expires)}" if expires else ""
    rescued = (
        f"; {count_in_words(manifest.rescued, 'row')} with rescued data (mf.drift)"
        if manifest.rescued
        else ""
    )
    tell(
        "ready",
        f"{count_in_words(manifest.rows, 'row')} in {count_in_words(parts, 'part')},"
        f" {size_in_words(manifest.bytes)} on disk{until}{rescued}",
        manifest.export.id,
        parts=parts,
        parts_done=parts,
        rows=manifest.rows,
    )


def _known_older(path: Path, export_ids: list[str]) -> list[Older] | None:
    data = read_sealed(path)
    try:
        if data is None or data["exports"] != export_ids:
            return None
        return [Older(tuple(each["ids"]), tuple(each["rows"])) for each in data["older"]]
    except UNREADABLE:
        return None
