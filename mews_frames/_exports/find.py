"""Find the export that answers a request; else add one, and have its id on disk at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mews_frames._exports import add
from mews_frames._exports.add import add_export
from mews_frames._exports.wait import SHOWN_WITHIN, Patience, jittered, poll_delay
from mews_frames._exports.window import depends_on_time, resolved_filters
from mews_frames._records import Entry, Record
from mews_frames._retry import may_have_arrived, next_pause
from mews_frames.errors import (
    ExportAlreadyRunningError,
    ExportTimeoutError,
    MewsError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from mews_frames._exports.request import Request
    from mews_frames._models import Export, Seen

__all__ = ["Find", "usable"]

MOST_LOST = 4
"""Adds of one call that may stay without a clear answer before the user hears the error."""

STILL_FRESH = 12 * 3600.0
"""Seconds for which a refresh takes an unfinished export for new, whatever became of it since: so
a call that timed out is picked up by the same call again, and yesterday's is not."""


class Journal(add.Journal, Protocol):
    """What is asked of the journal (`mews_frames._cache.journal`)."""

    def read(self, fingerprint: str) -> Record | None: ...
    def catch_up(self, record: Record) -> Record: ...
    def running(self, account: str, entity_type: str, now: datetime) -> Entry | None: ...
    def see(self, seen: Seen) -> None: ...
    def forget(self, export_id: str) -> None: ...
    def lock(
        self, account: str, entity_type: str, timeout: float | None = None
    ) -> AbstractContextManager[None]: ...


class Mews(add.Mews, Protocol):
    """What is asked of the connector (`mews_frames._connector.connector`)."""

    def learn_time(self, timeout: float | None = None) -> None: ...
    def look(self, ids: Sequence[str], timeout: float | None = None) -> Mapping[str, Seen]: ...


def usable(record: Record, now: datetime, *, max_age: float | None, refresh: bool) -> Entry | None:
    """Say which known export answers a request, if one does.

    A running one always does, so long as it is young enough; a finished one unless a refresh
    was asked for, it is too old, or Mews has deleted its files.

    Parameters
    ----------
    record
        What the journal holds of the request.
    now
        The time at Mews.
    max_age
        Seconds since the add; None for any age.
    refresh
        Whether finished exports do not count.
    """
    for entry in reversed(record.entries):
        if max_age is not None and (now - entry.added).total_seconds() > max_age:
            continue
        if entry.is_running(now):
            return entry
        expires = entry.export.expires
        if entry.export.status == "Success" and not refresh and (expires is None or now < expires):
            return entry
    return None


@dataclass(slots=True)
class _Asking:
    """One call of `Find`: what it wants, and how its attempts have gone so far."""

    fingerprint: str
    request: Request
    patience: Patience
    max_age: float | None
    refresh: bool
    at_once: bool
    failures: int = 0
    lost: int = 0
    failing_since: float | None = None
    blocked_since: float | None = None


@dataclass(frozen=True, slots=True)
class Find:
    """Find or add, for one account.

    Attributes
    ----------
    journal
        Where ids are kept.
    mews
        Who is asked.
    account
        Digest of who asks whom.
    tell
        Hears, in a sentence, what the user should know.
    """

    journal: Journal
    mews: Mews
    account: str
    tell: Callable[[str], None]

    def __call__(
        self,
        fingerprint: str,
        request: Request,
        patience: Patience,
        *,
        max_age: float | None = None,
        refresh: bool = False,
        at_once: bool = False,
    ) -> tuple[Entry, bool]:
        """Give the export that answers a request, and whether it was added for it just now.

        Parameters
        ----------
        fingerprint
            Of the request.
        request
            What is asked for.
        patience
            How long to wait for the slot, if another export of the type is running.
        max_age, refresh
            See `usable`.
        at_once
            Do not wait for the slot.

        Raises
        ------
        InvalidArgumentError
            If nothing, or too much, is left of an open window by now.
        ExportAlreadyRunningError
            If the slot is not free in time.
        ExportTimeoutError
            If another process is adding, and does not end in time.
        ConnectorError
            If Mews refuses, or no answer comes.
        """
        asking = _Asking(fingerprint, request, patience, max_age, refresh, at_once)
        self._prepare(asking)
        while True:
            try:
                return self._find_or_add(asking)
            except ExportTimeoutError:
                raise  # there was patience in waiting already
            except MewsError as caught:
                error = caught
            self._wait(asking, error)

    def _prepare(self, asking: _Asking) -> None:
        """Learn what must be known before: how old runs ended, and what time it is at Mews."""
        left = asking.patience.left
        with self.journal.lock(self.account, asking.request.entity_type, left):
            record, now = self._record(asking), self.mews.now()
        if asking.refresh:
            for entry in record.entries:
                age = (now - entry.added).total_seconds()
                if entry.is_running(now) and age > STILL_FRESH:
                    self._has_ended(entry.export.id, asking)
        if self._known(asking, record) is not None:
            return
        filters = asking.request.filters
        if depends_on_time(filters, now):
            resolved_filters(filters, now)  # refuses what is hopeless, before asking
            self.mews.learn_time(asking.patience.left)
        elif self._was_known(asking, record):  # is it too old, or is our clock ahead?
            self.mews.learn_time(asking.patience.left)

    def _find_or_add(self, asking: _Asking) -> tuple[Entry, bool]:
        entity_type = asking.request.entity_type
        with self.journal.lock(self.account, entity_type, asking.patience.left):
            record = self._record(asking)
            if entry := self._known(asking, record):
                return entry, False
            if blocker := self.journal.running(self.account, entity_type, self.mews.now()):
                raise _blocked(entity_type, blocker.export)
            lost = asking.lost > 0
            return add_export(record, self.journal, self.mews, self.tell, again=lost), True

    def _record(self, asking: _Asking) -> Record:
        request = asking.request
        record = self.journal.read(asking.fingerprint) or Record(
            asking.fingerprint, self.account, request.entity_type, request.scope, request.filters
        )
        # Others are asked only where this machine has no answer: what is cached sends nothing.
        return record if self._known(asking, record) else self.journal.catch_up(record)

    def _known(self, asking: _Asking, record: Record) -> Entry | None:
        return usable(record, self.mews.now(), max_age=asking.max_age, refresh=asking.refresh)

    def _was_known(self, asking: _Asking, record: Record) -> bool:
        first = min((entry.added for entry in record.entries), default=self.mews.now())
        return usable(record, first, max_age=None, refresh=asking.refresh) is not None

    # ----------------------------------------------------------------------- wait

    def _wait(self, asking: _Asking, error: MewsError) -> None:
        """Wait until another attempt makes sense; raise the error if none does."""
        if isinstance(error, ExportAlreadyRunningError):
            self._wait_for_slot(asking, error)
        else:
            self._pause(asking, error)

    def _wait_for_slot(self, asking: _Asking, error: ExportAlreadyRunningError) -> None:
        patience, blocker = asking.patience, error.export_id
        if blocker is not None and self._has_ended(blocker, asking):
            return
        if asking.at_once or patience.is_over:
            raise error
        if asking.blocked_since is None:
            asking.blocked_since = patience.waited
        delay = poll_delay(patience.waited - asking.blocked_since)
        if blocker is None:
            # Somebody else's, or one that was lost: to ask again is all that can be done. What
            # Mews said is quoted, so that the user sees it if we took it for something else.
            what = f"{error.message}; waiting for the end of that export, which is not known here"
        else:
            what = f"{error.message}; waiting for its end"
        self.tell(f"{what}; next look in {delay:.0f} s")
        patience.sleep(jittered(delay))

    def _has_ended(self, export_id: str, asking: _Asking) -> bool:
        """Look at an export once. Not to be called by who holds the lock of the journal."""
        seen = self.mews.look([export_id], asking.patience.left).get(export_id)
        if seen is not None:
            self.journal.see(seen)
            return not seen.export.is_running
        if self._is_new(export_id, asking.request.entity_type):
            return False
        self.journal.forget(export_id)
        return True

    def _is_new(self, export_id: str, entity_type: str) -> bool:
        """Say whether an export was added so recently that Mews may not show it yet."""
        now = self.mews.now()
        entry = self.journal.running(self.account, entity_type, now)
        if entry is None or entry.export.id != export_id:
            return False
        return (now - entry.added).total_seconds() < SHOWN_WITHIN

    def _pause(self, asking: _Asking, error: MewsError) -> None:
        """Pause after an attempt that did not go through, or raise why it makes no sense."""
        patience = asking.patience
        if asking.failing_since is None:
            asking.failing_since = patience.waited
        asking.failures += 1
        asking.lost += may_have_arrived(error)
        spent = patience.waited - asking.failing_since
        pause = next_pause(error, asking.failures, spent, patience.left)
        if pause is None or asking.lost >= MOST_LOST:
            raise error
        self.tell(f"{error.message}; {_meaning(error)}; adding again in {pause:.0f} s")
        patience.sleep(pause)


def _meaning(error: MewsError) -> str:
    """Say what a failed attempt to add means for the user."""
    if may_have_arrived(error):
        return (
            "an export may have been added all the same. Mews refuses another one while it runs,"
            " so at most one is wasted"
        )
    return "no export was added"


def _blocked(entity_type: str, export: Export) -> ExportAlreadyRunningError:
    return ExportAlreadyRunningError(
        f"export {export.id} of {entity_type} is {export.status}, and Mews runs one export of a"
        " type at a time",
        hint=f'wait for it with mf.load_export("{export.id}"), or give load_entities more timeout',
        export_id=export.id,
    )
