"""The straight pipe: find or add, wait, bring. The one place that puts the stages in a row.

::

    request ─► find or add ─► wait ─► download ─► decode ─► manifest ─► scan_parquet ─► frame
                    │           │                               │
                    └─ journal ─┴───────── cache ───────────────┘
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from mews_frames._cache.journal import Journal
from mews_frames._cache.manifest import read_manifest
from mews_frames._exports.find import Find
from mews_frames._exports.request import Request, fingerprint
from mews_frames._exports.wait import Patience, check_end, finished
from mews_frames._frames.columns import Kept, keep
from mews_frames._watch import Watch
from mews_frames.errors import (
    ExportAlreadyRunningError,
    ExportExpiredError,
    InvalidArgumentError,
    MewsError,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mews_frames._cache.layout import Layout
    from mews_frames._connector.connector import Connector
    from mews_frames._models import Export, Seen
    from mews_frames._progress import Teller
    from mews_frames._records import Entry
    from mews_frames._shared import Shared

__all__ = ["Pipe", "Wanted"]

P = TypeVar("P")
"""What becomes of a finished export: a manifest, where its rows are brought into the cache."""
P_co = TypeVar("P_co", covariant=True)

TIME_TOLD = 10.0
"""Seconds for which Mews is asked for the time where the rows may be here already."""

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
    """

    request: Request
    kept: Kept
    tell: Teller
    max_age: float | None = None
    refresh: bool = False


class Bringing(Protocol[P_co]):
    """What is done with a finished export (`mews_frames._bring`, `mews_frames._remote`)."""

    def held(self, export_id: str, kept: Kept, tell: Teller | None = None) -> P_co | None:
        """Give what is there of an export already, if that will do."""
        ...

    def __call__(self, seen: Seen, kept: Kept, tell: Teller) -> P_co:
        """Do it."""
        ...


@dataclass(slots=True)
class _Loading(Generic[P]):
    """One call of `Pipe.load` on its way: what has become of each name."""

    tries: int
    done: dict[str, P] = field(default_factory=dict)
    errors: dict[str, MewsError] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Note an error of one name, and let the others go on."""
        try:
            yield
        except MewsError as error:
            self.errors[name] = error

    def note(self, name: str, outcome: P | MewsError | None) -> None:
        """Note what became of the export of a name; one that vanished is asked for again."""
        match outcome:
            case MewsError():
                self.errors[name] = outcome
            case None:
                self.later[name] = self.tries - 1
            case _:
                self.done[name] = outcome


class Pipe(Generic[P]):
    """Everything between a checked request and an export in the cache, for one account.

    Parameters
    ----------
    connector
        Asks Mews.
    layout
        Where what was asked is remembered, and what came lies.
    bring
        Downloads, decodes and commits what is finished; or leaves it where it is.
    account
        Digest of who asks whom: its rows are served to nobody else.
    shared
        What a team shares; None if there is nothing of the kind.
    """

    def __init__(
        self,
        connector: Connector,
        layout: Layout,
        bring: Bringing[P],
        account: str,
        shared: Shared | None = None,
    ) -> None:
        self._connector = connector
        self._layout = layout
        self._journal = Journal(layout, shared)
        self._bring = bring
        self._account = account

    # ----------------------------------------------------------------------- verbs

    def start(self, wanted: Wanted, patience: Patience, *, at_once: bool) -> Entry:
        """Find the export of a request, else add it; its id is on disk when this returns."""
        self._check_time(patience, wanted.tell)
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

    def load(
        self, wanted: Mapping[str, Wanted], patience: Patience, tries: int = MOST_TRIES
    ) -> dict[str, P]:
        """Bring the exports that answer requests into the cache, those that are not there yet.

        Several entity types go side by side: one getAll for all, and a slot that is taken does
        not hold up the others.

        Parameters
        ----------
        wanted
            By name.
        patience
            For the slot and the waiting together.
        tries
            How many exports in a row may vanish at Mews.

        Raises
        ------
        MewsError
            The first one, once everything that could be loaded is in the cache.
        """
        loading = _Loading[P](tries)
        running = self._begin(wanted, patience, loading)
        exports = {export_id: wanted[name] for export_id, name in running.items()}
        for export_id, outcome in self._ended(exports, patience):
            loading.note(running[export_id], outcome)
        for name, left in loading.later.items():
            with loading.noting(name):
                loading.done |= self._again(name, wanted[name], patience, left)
        if loading.errors:
            raise next(iter(loading.errors.values()))
        return loading.done

    def load_by_id(
        self,
        export_id: str,
        columns: Sequence[str] | None,
        patience: Patience,
        teller: Callable[[str], Teller],
    ) -> P:
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
            tell = teller(kept.entity_type).without_refresh()
            self._check_time(patience, tell)
            if held := self._bring.held(export_id, kept, tell):
                return held
        seen = self._connector.look([export_id], patience.left).get(export_id)
        if seen is None:
            raise InvalidArgumentError(
                f"Mews does not know an export {export_id}, or does not show it to this token",
                hint="mf.exports() lists those that this machine knows",
                export_id=export_id,
            )
        kept = keep(seen.export.entity_type, columns)
        tell = teller(kept.entity_type).without_refresh()
        with _saying_how_to_go_on({export_id: tell}):
            if seen.export.is_running:
                seen = self._waited_for(seen, patience, tell)
            self._journal.see(seen)
            check_end(seen.export)
            return self._bring.held(export_id, kept, tell) or self._bring(seen, kept, tell)

    # ----------------------------------------------------------------------- inside

    def _check_time(self, patience: Patience, tell: Teller) -> None:
        """Ask Mews for the time if ours goes wrong: what has expired would be served for longer."""
        if self._connector.doubts_time:
            tell.note("the clock of this machine was set back; asking Mews for the time")
            left = TIME_TOLD if patience.left is None else min(patience.left, TIME_TOLD)
            try:
                self._connector.learn_time(left)
            except MewsError as error:
                error.add_note(
                    "The clock of this machine was set back since Mews last told the time. What is"
                    " cached is served again once Mews has told it: it may have expired."
                )
                raise

    def _begin(
        self, wanted: Mapping[str, Wanted], patience: Patience, loading: _Loading[P]
    ) -> dict[str, str]:
        """Find or add every export; give the names of those that must be brought, by their ids."""
        running: dict[str, str] = {}
        several = len(wanted) > 1
        for name, one in wanted.items():
            with loading.noting(name):
                try:
                    export_id = self.start(one, patience, at_once=several).export.id
                except ExportAlreadyRunningError:
                    if not several:
                        raise
                    loading.later[name] = loading.tries
                    continue
                if held := self._bring.held(export_id, one.kept, one.tell):
                    loading.done[name] = held
                else:
                    running[export_id] = name
        return running

    def _ended(
        self, running: Mapping[str, Wanted], patience: Patience
    ) -> Iterator[tuple[str, P | MewsError | None]]:
        """Wait for exports, and bring each as soon as Mews is done with it.

        An error of one does not stop the others; when patience ends, all that are left share it.
        """
        if not running:
            return
        tellers = {export_id: one.tell for export_id, one in running.items()}
        ages = {export_id: self._age(export_id) for export_id in running}
        left, watch = set(running), Watch(self._journal, tellers)
        with _saying_how_to_go_on(tellers):
            try:
                for export_id, seen in finished(
                    ages, self._connector.look, patience, watch.running
                ):
                    left.discard(export_id)
                    if isinstance(seen, MewsError):
                        yield export_id, seen
                        continue
                    if seen is not None:
                        watch.ended(seen, self._age(export_id))
                    yield export_id, self._end(running[export_id], export_id, seen, patience)
            except MewsError as error:
                for export_id in left:
                    yield export_id, error

    def _end(
        self, wanted: Wanted, export_id: str, seen: Seen | None, patience: Patience
    ) -> P | MewsError | None:
        """Bring an export that has ended well; note one that has not."""
        if seen is None:
            self._journal.forget(export_id)
            return None
        if seen.export.status == "Expired":
            return None
        try:
            if not seen.export.answers(wanted.request.entity_type, wanted.request.scope):
                self._journal.forget(export_id)
                raise _other(wanted.request.entity_type, seen.export)
            check_end(seen.export)
            with patience.stopped():
                return self._bring(seen, wanted.kept, wanted.tell)
        except MewsError as error:
            return error

    def _again(self, name: str, wanted: Wanted, patience: Patience, tries: int) -> dict[str, P]:
        if tries < 1:
            raise ExportExpiredError(
                f"exports of {wanted.request.entity_type} vanished at Mews {MOST_TRIES} times"
                " before they could be downloaded",
                hint="try again later; Mews' support may know why",
            )
        if tries < MOST_TRIES:
            wanted.tell.note("Mews does not have that export any more; asking for another one")
        return self.load({name: wanted}, patience, tries)

    def _waited_for(self, seen: Seen, patience: Patience, tell: Teller) -> Seen:
        export_id = seen.export.id
        ages = {export_id: self._age(export_id)}
        watch = Watch(self._journal, {export_id: tell})
        _, last = next(finished(ages, self._connector.look, patience, watch.running))
        if isinstance(last, MewsError):
            raise last
        if last is None:
            raise ExportExpiredError(
                f"export {export_id} vanished at Mews while it was waited for",
                hint=f'mf.load_entities("{seen.export.entity_type}") asks for another one',
                export_id=export_id,
            )
        watch.ended(last, self._age(export_id))
        return last

    def _age(self, export_id: str) -> float:
        """Say how many seconds ago an export was added; 0 if that is not known."""
        found = self._journal.find(export_id)
        return max(0.0, (self._connector.now() - found[1].added).total_seconds()) if found else 0.0


def _other(entity_type: str, export: Export) -> ServerError:
    return ServerError(
        f"Mews describes export {export.id} as one of {export.entity_type}, or of other"
        f" enterprises or chains, than the {entity_type} that was asked for",
        hint="its rows are not served; the same call adds another. Does a proxy mix up answers?",
        export_id=export.id,
    )


@contextmanager
def _saying_how_to_go_on(tellers: Mapping[str, Teller]) -> Iterator[None]:
    """Tell a user who interrupts that nothing is lost, and what picks it up."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        for export_id, tell in tellers.items():
            message = (
                f"interrupted; export {export_id} is not lost: the same call goes on with it,"
                f' as does mf.load_export("{export_id}")'
            )
            interrupt.add_note(message)
            tell("interrupted", message, export_id)
        raise
