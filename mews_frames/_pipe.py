"""The straight pipe: find or add, wait, bring, scan. The one place that wires the stages.

::

    request ─► find or add ─► wait ─► download ─► decode ─► manifest ─► scan_parquet ─► frame
                    │           │                               │
                    └─ journal ─┴───────── cache ───────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Event
from typing import TYPE_CHECKING

from mews_frames._bring import Brought, bring_parts
from mews_frames._cache.journal import Journal
from mews_frames._cache.layout import Layout, remove
from mews_frames._cache.manifest import Manifest, read_manifest, write_manifest
from mews_frames._exports.download import Download
from mews_frames._exports.find import Find
from mews_frames._exports.links import Links
from mews_frames._exports.request import Request, fingerprint
from mews_frames._exports.wait import Patience, finished
from mews_frames._frames.columns import Kept, keep, polars_schema
from mews_frames._frames.parquet import footer_of
from mews_frames._frames.reader import scan
from mews_frames._models import Export, Seen, instant_text
from mews_frames.errors import (
    ExportAlreadyRunningError,
    ExportExpiredError,
    ExportFailedError,
    InvalidArgumentError,
    MewsError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    import polars as pl

    from mews_frames._cache.cache import Cache
    from mews_frames._connector.connector import Connector
    from mews_frames._connector.http import Http
    from mews_frames._progress import Teller
    from mews_frames._records import Entry
    from mews_frames.typing import Clock, Money

__all__ = ["Pipe", "Wanted"]

MOST_TRIES = 3
"""Exports in a row that may vanish at Mews before a call gives up."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one call wants of one entity type.

    Attributes
    ----------
    request
        What to ask Mews for.
    kept
        Which columns.
    tell
        Who hears how it goes.
    max_age
        Seconds since the add that are young enough; None for any age.
    refresh
        Whether only a new export will do.
    tries
        How many exports in a row may vanish at Mews.
    """

    request: Request
    kept: Kept
    tell: Teller
    max_age: float | None = None
    refresh: bool = False
    tries: int = MOST_TRIES


class Pipe:
    """Everything between a checked request and a lazy frame, for one account.

    Parameters
    ----------
    http, connector
        The network.
    clock
        Time.
    cache_dir
        Disk.
    account
        Digest of who asks whom: its rows are served to nobody else.
    insecure
        Whether links may be plain http, as they are where Mews itself is (on loopback).
    """

    def __init__(
        self,
        http: Http,
        connector: Connector,
        clock: Clock,
        cache: Cache,
        account: str,
        *,
        insecure: bool,
    ) -> None:
        self._http = http
        self._connector = connector
        self._clock = clock
        self._cache = cache
        self._layout = Layout(cache.path)
        self._journal = Journal(self._layout)
        self._account = account
        self._insecure = insecure

    # ----------------------------------------------------------------------- verbs

    def start(self, wanted: Wanted, patience: Patience, *, at_once: bool) -> Entry:
        """Find the export of a request, else add it; its id is on disk when this returns."""
        find = Find(self._journal, self._connector, self._account, wanted.tell.note)
        entry, is_new = find(
            fingerprint(self._account, wanted.request),
            wanted.request,
            patience,
            max_age=wanted.max_age,
            refresh=wanted.refresh,
            at_once=at_once,
        )
        export = entry.export
        if is_new:
            wanted.tell("added", f"added export {export.id}", export.id)
        elif export.is_running:
            wanted.tell("attached", f"export {export.id} is running already", export.id)
        return entry

    def load(self, wanted: Mapping[str, Wanted], patience: Patience) -> dict[str, Manifest]:
        """Bring the exports that answer requests into the cache, those that are not there yet.

        Several entity types go side by side: one getAll for all, and a slot that is taken does
        not hold up the others.

        Raises
        ------
        MewsError
            The first one, once everything that could be loaded is in the cache.
        """
        loading = _Loading(wanted, patience)
        several = len(wanted) > 1
        for name, one in wanted.items():
            try:
                loading.entries[name] = self.start(one, patience, at_once=several)
            except ExportAlreadyRunningError as error:
                (loading.later if several else loading.errors)[name] = error
            except MewsError as error:
                loading.errors[name] = error
        self._finish(loading)
        for name in loading.later:
            try:
                loading.done |= self.load({name: wanted[name]}, patience)
            except MewsError as error:
                loading.errors[name] = error
        if loading.errors:
            raise next(iter(loading.errors.values()))
        return loading.done

    def load_by_id(
        self,
        export_id: str,
        columns: Sequence[str] | None,
        patience: Patience,
        teller: Callable[[str], Teller],
    ) -> Manifest:
        """Bring an export into the cache by its id, whoever added it.

        What another token downloaded is served only if Mews shows the export to this one too.

        Raises
        ------
        InvalidArgumentError
            If Mews does not know the id, or does not show it to this token.
        """
        cached = read_manifest(self._layout, export_id)
        if cached is not None and cached.account == self._account:
            kept = keep(cached.export.entity_type, columns)
            if held := self._held(export_id, kept):
                self._tell_found(held, teller(kept.entity_type))
                return held
        seen = self._connector.look([export_id], patience.left).get(export_id)
        if seen is None:
            raise InvalidArgumentError(
                f"Mews does not know an export {export_id}, or does not show it to this token",
                hint="mf.exports() lists those that this machine knows",
                export_id=export_id,
            )
        kept = keep(seen.export.entity_type, columns)
        tell = teller(kept.entity_type)
        if seen.export.is_running:
            age = {export_id: self._age(export_id)}
            for _, last in finished(
                age, self._connector.look, patience, self._waiting({export_id: tell})
            ):
                seen = last or seen
        self._journal.see(seen)
        self._check_end(seen)
        return self._held(export_id, kept) or self._bring(seen, kept, tell)

    def scan(self, manifest: Manifest, asked: Kept, *, flatten: bool, money: Money) -> pl.LazyFrame:
        """Scan what lies in the cache of an export."""
        export = manifest.export
        return scan(
            [self._layout.part(export.id, part.number) for part in manifest.parts],
            Kept(export.entity_type, manifest.columns),
            asked,
            flatten=flatten,
            money=money,
            rescued=manifest.rescued > 0,
        )

    # ----------------------------------------------------------------------- wait

    def _finish(self, loading: _Loading) -> None:
        """Serve what is in the cache; wait for the rest, and bring each as soon as it is ready."""
        names: dict[str, str] = {}
        for name, entry in loading.entries.items():
            one = loading.wanted[name]
            if held := self._held(entry.export.id, one.kept):
                self._tell_found(held, one.tell)
                loading.done[name] = held
            else:
                names[entry.export.id] = name
        if not names:
            return
        tellers = {i: loading.wanted[name].tell for i, name in names.items()}
        ages = {i: self._age(i) for i in names}
        try:
            for export_id, seen in finished(
                ages, self._connector.look, loading.patience, self._waiting(tellers)
            ):
                with loading.patience.stopped():
                    self._end(names.pop(export_id), export_id, seen, loading)
        except MewsError as error:
            loading.errors |= dict.fromkeys(names.values(), error)
        except KeyboardInterrupt as interrupt:
            self._say_how_to_go_on(interrupt, tellers)
            raise

    def _end(self, name: str, export_id: str, seen: Seen | None, loading: _Loading) -> None:
        """Bring an export that has ended; one that vanished is asked for again."""
        one = loading.wanted[name]
        try:
            if seen is None or seen.export.status == "Expired":
                self._vanished(export_id, seen)
                loading.done |= self._again(name, one, loading.patience)
            else:
                self._journal.see(seen)
                self._check_end(seen)
                loading.done[name] = self._bring(seen, one.kept, one.tell)
        except MewsError as error:
            loading.errors[name] = error

    def _vanished(self, export_id: str, seen: Seen | None) -> None:
        if seen is None:
            self._journal.forget(export_id)
        else:
            self._journal.see(seen)

    def _again(self, name: str, wanted: Wanted, patience: Patience) -> dict[str, Manifest]:
        if wanted.tries <= 1:
            raise ExportExpiredError(
                f"exports of {wanted.request.entity_type} vanished at Mews again and again",
                hint="try again later; Mews' support may know why",
            )
        wanted.tell.note("Mews does not have that export any more; asking for another one")
        return self.load({name: replace(wanted, tries=wanted.tries - 1)}, patience)

    def _check_end(self, seen: Seen) -> None:
        export = seen.export
        if export.status == "Failed":
            raise ExportFailedError(
                f"export {export.id} of {export.entity_type} failed at Mews, which gives no reason",
                hint="the same call adds a new one; if that fails too, a shorter window may help,"
                " or Mews' support",
                export_id=export.id,
            )
        if export.status == "Expired":
            raise ExportExpiredError(
                f"export {export.id} of {export.entity_type} has expired; its files are gone",
                hint=f'mf.load_entities("{export.entity_type}", refresh=True) makes a new one',
                export_id=export.id,
            )

    def _age(self, export_id: str) -> float:
        """Say how many seconds ago an export was added; 0 if that is not known."""
        found = self._journal.find(export_id)
        return max(0.0, (self._connector.now() - found[1].added).total_seconds()) if found else 0.0

    def _waiting(self, tellers: Mapping[str, Teller]) -> Callable[[Seen, float, float], None]:
        def tell(seen: Seen, waited: float, delay: float) -> None:
            self._journal.see(seen)
            export = seen.export
            tellers[export.id](
                "waiting",
                f"export is {export.status}, {waited:.0f} s after it was added;"
                f" next look in {delay:.0f} s",
                export.id,
            )

        return tell

    def _say_how_to_go_on(
        self, interrupt: KeyboardInterrupt, tellers: Mapping[str, Teller]
    ) -> None:
        for export_id, tell in tellers.items():
            message = (
                f"interrupted; export {export_id} goes on at Mews, and the same call picks it up,"
                f' as does mf.load_export("{export_id}")'
            )
            interrupt.add_note(message)
            tell("interrupted", message, export_id)

    # ----------------------------------------------------------------------- cache

    def _held(self, export_id: str, kept: Kept) -> Manifest | None:
        """Give the manifest of an export if the cache can serve these columns of it."""
        manifest = read_manifest(self._layout, export_id)
        if manifest is None or manifest.is_expired(self._clock.now()):
            return None
        held = Kept(manifest.export.entity_type, manifest.columns)
        if not held.covers(kept) or manifest.schema != _digest(held):
            return None
        for part in manifest.parts:
            if footer_of(self._layout.part(export_id, part.number)) != (export_id, part.number):
                return None
        return manifest

    def _bring(self, seen: Seen, kept: Kept, tell: Teller) -> Manifest:
        """Download, decode and commit; one process at a time, the others find it done."""
        export = seen.export
        with self._layout.lock(export.id):
            if held := self._held(export.id, kept):
                return held
            if before := read_manifest(self._layout, export.id):
                kept = kept.union(Kept(export.entity_type, before.columns))
            self._layout.make(self._layout.export(export.id))
            remove(self._layout.manifest(export.id))
            parts = bring_parts(
                export.files,
                kept,
                layout=self._layout,
                download=self._download(seen),
                tell=lambda so_far: _tell_brought(tell, export, so_far),
            )
            found = self._journal.find(export.id)
            manifest = Manifest(
                export=export,
                account=self._account,
                schema=_digest(kept),
                columns=kept.names,
                parts=parts,
                added=found[1].added if found else None,
                ahead=self._connector.ahead.total_seconds(),
            )
            write_manifest(self._layout, manifest)
        self._cache.prune()
        tell(
            "ready",
            f"{manifest.rows:,} rows in {len(parts)} parts, {manifest.bytes / 1e6:.1f} MB on disk"
            + (f" until {instant_text(export.expires)}" if export.expires else "")
            + (
                f"; {manifest.rescued:,} rows hold rescued data (mf.drift)"
                if manifest.rescued
                else ""
            ),
            export.id,
            parts=len(parts),
            parts_done=len(parts),
            rows=manifest.rows,
        )
        return manifest

    def _download(self, seen: Seen) -> Download:
        export_id = seen.export.id
        look = lambda: self._connector.look([export_id]).get(export_id)  # noqa: E731
        return Download(
            export_id,
            self._http.get,
            Links(seen, look, self._clock),
            self._clock,
            Event(),
            insecure=self._insecure,
        )

    def _tell_found(self, manifest: Manifest, tell: Teller) -> None:
        export = manifest.export
        age = self._clock.now() - manifest.added if manifest.added else None
        as_of = (
            f"data as of {instant_text(manifest.added)}"
            if manifest.added
            else "data of unknown age"
        )
        tell(
            "found",
            f"{as_of}{f', {_in_words(age)} old' if age else ''}, from the cache:"
            f" {manifest.rows:,} rows; refresh=True for newer",
            export.id,
            parts=len(manifest.parts),
            parts_done=len(manifest.parts),
            rows=manifest.rows,
        )


@dataclass(frozen=True, slots=True)
class _Loading:
    """One call of `Pipe.load` on its way: what has become of each name."""

    wanted: Mapping[str, Wanted]
    patience: Patience
    entries: dict[str, Entry] = field(default_factory=dict)
    later: dict[str, MewsError] = field(default_factory=dict)
    errors: dict[str, MewsError] = field(default_factory=dict)
    done: dict[str, Manifest] = field(default_factory=dict)


def _tell_brought(tell: Teller, export: Export, so_far: Brought) -> None:
    size = sum(file.size for file in export.files)
    tell(
        "downloading",
        f"{so_far.parts_done} of {len(export.files)} parts,"
        f" {so_far.size_done / 1e6:.1f} of {size / 1e6:.1f} MB",
        export.id,
        parts=len(export.files),
        parts_done=so_far.parts_done,
        size=size,
        size_done=so_far.size_done,
        rows=so_far.rows,
    )


def _digest(kept: Kept) -> str:
    """Digest the columns that parts are decoded into: a newer schema decodes anew."""
    schema = polars_schema(kept, flatten=True)
    return sha256(repr(list(schema.items())).encode()).hexdigest()


def _in_words(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
