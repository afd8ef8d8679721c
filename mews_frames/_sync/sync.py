"""Bring a table up to date: ask for a stretch, find what differs, commit rows and watermark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._models import instant_text
from mews_frames._sync.plan import everything, next_stretch, watermark_after
from mews_frames._sync.rows import differences, first_slices, newest_rows, with_internal
from mews_frames._sync.state import MICROSECOND, Commit, MovedError
from mews_frames.errors import TableError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from deltalake import DeltaTable

    from mews_frames._frames.columns import Kept
    from mews_frames._sync.asking import Asking, Brought
    from mews_frames._sync.identity import Identity
    from mews_frames._sync.plan import Stretch
    from mews_frames._sync.state import State
    from mews_frames._sync.table import Table

__all__ = ["Sync"]

MOST_MOVES = 20
"""Times that others may commit first before a call gives up. Each of them has got on by one."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Brings one table up to date.

    Attributes
    ----------
    table
        The table.
    identity
        Whose rows it is to hold.
    ask
        Brings the rows of a stretch.
    filter
        ``updated`` or ``posted``.
    overlap
        How far before the watermark a window begins.
    """

    table: Table
    identity: Identity
    ask: Asking
    filter: str
    overlap: timedelta

    def __call__(self, *, reconcile: bool) -> None:
        """Bring it up to date; whoever is faster is gone on from.

        Raises
        ------
        InvalidArgumentError
            If the table holds other rows.
        TableError
            If it cannot be read or written.
        MewsError
            As in `mews_frames.load_entities`.
        """
        began = self.ask.now()
        for _ in range(MOST_MOVES):
            try:
                self._bring_up_to_date(began, reconcile=reconcile)
            except MovedError:
                self.ask.tell.note("somebody else has brought the table on; going on from there")
            else:
                return
        raise TableError(
            f"others have committed to the table at {self.table.place} {MOST_MOVES} times in a row",
            hint="try again when fewer processes write to it",
        )

    def _bring_up_to_date(self, began: datetime, *, reconcile: bool) -> None:
        """Take what an earlier run left behind in the cache, then what Mews has to add to it.

        An export that was downloaded before a crash is not asked for again; but it is as old as
        it is, so that the rest is asked for after it.
        """
        for refresh in (False, True):
            state = self._state()
            stretch = self._stretch(state, reconcile=reconcile)
            if stretch is None:
                return
            max_age = None if state is None else self._since(state)
            brought = self._ask(state, stretch, refresh=refresh or reconcile, max_age=max_age)
            if brought is not None and brought.added >= began:
                return

    def _since(self, state: State) -> float:
        """Say how old an export may be at most that the table does not hold, in seconds."""
        return (self.ask.now() - state.added - MICROSECOND).total_seconds()

    def _state(self) -> State | None:
        opened = self.table.open()
        state = self.table.state(opened)
        if state is not None:
            self.identity.check(state.identity, str(self.table.place))
        return state

    def _stretch(self, state: State | None, *, reconcile: bool) -> Stretch | None:
        watermark = None if state is None or reconcile else state.watermark
        return next_stretch(self.filter, watermark, self.overlap, self.ask.now())

    def _ask(
        self, state: State | None, stretch: Stretch, *, refresh: bool, max_age: float | None
    ) -> Brought | None:
        """Bring a stretch and merge it; None if it is older than the table."""
        brought = self.ask(stretch, self._kept(state), refresh=refresh, max_age=max_age)
        opened = self.table.open()
        if self.table.state(opened) != state:
            raise MovedError
        if state is None or opened is None:
            self._create(brought, stretch)
            return brought
        if brought.added <= state.added:
            return None
        if not stretch.is_full and not self.table.holds_all_of(opened, brought.scope):
            self.ask.tell.note("the token reaches other properties than before: exporting all")
            full = everything(self.filter, self.ask.now())
            return self._ask(state, full, refresh=True, max_age=None)
        self._merge(opened, state, brought, stretch)
        return brought

    def _kept(self, state: State | None) -> Kept:
        """Say which columns the table holds; an existing one may hold more than are asked for."""
        there = self.identity if state is None or state.identity is None else state.identity
        return there.kept

    def _create(self, brought: Brought, stretch: Stretch) -> None:
        frame = with_internal(newest_rows(brought.frame), brought.added)
        batches, schema, rows = first_slices(frame)
        commit = self._commit(brought, stretch, None, inserted=rows)
        self.table.create(batches, schema, self.identity, commit)
        self._tell(commit, stretch, brought.export_id)

    def _merge(self, opened: DeltaTable, state: State, brought: Brought, stretch: Stretch) -> None:
        there = self.table.scan(opened)
        found = differences(
            there,
            newest_rows(brought.frame),
            brought.added,
            is_full=stretch.is_full,
            posted=stretch.posted,
        )
        commit = self._commit(
            brought,
            stretch,
            state,
            inserted=found.inserted,
            updated=found.updated,
            deleted=len(found.gone),
        )
        if found.is_empty:
            self.table.look(opened, commit)
        else:
            self.table.replace(opened, found.slices, found.replaced(there), found.schema, commit)
        self._tell(commit, stretch, brought.export_id)

    def _commit(
        self,
        brought: Brought,
        stretch: Stretch,
        state: State | None,
        *,
        inserted: int = 0,
        updated: int = 0,
        deleted: int = 0,
    ) -> Commit:
        before = None if state is None else state.watermark
        return Commit(
            brought.added,
            watermark_after(stretch, brought.end, brought.added, before),
            brought.scope if stretch.is_full else None,
            inserted,
            updated,
            deleted,
        )

    def _tell(self, commit: Commit, stretch: Stretch, export_id: str) -> None:
        gone = f", {commit.deleted:,} gone at Mews" if stretch.tells_deletions else ""
        self.ask.tell(
            "synced",
            f"{commit.inserted:,} new, {commit.updated:,} changed{gone}; complete up to"
            f" {instant_text(commit.watermark)}, in {self.table.place}",
            export_id,
            rows=commit.inserted + commit.updated + commit.deleted,
        )
