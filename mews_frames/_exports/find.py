"""Find the export that answers a request; else add one, and have its id on disk at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mews_frames._exports.request import Request, resolved_filters
from mews_frames._exports.wait import Patience, poll_delay
from mews_frames._models import Filters, Scope, Seen, instant_text
from mews_frames._records import Entry, Record
from mews_frames._retry import LONGEST_PAUSE, is_transient, retry_delay
from mews_frames.errors import (
    ExportAlreadyRunningError,
    MewsError,
    RateLimitedError,
    RequestRejectedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

__all__ = ["Find", "usable"]

MOST_LOST = 4
"""Adds in a row whose answer may get lost before the user hears the error."""


class Journal(Protocol):
    """What is asked of the journal (`mews_frames._cache.journal`)."""

    def read(self, fingerprint: str) -> Record | None: ...
    def write(self, record: Record) -> None: ...
    def running(self, account: str, entity_type: str) -> tuple[Record, Entry] | None: ...
    def see(self, seen: Seen) -> None: ...
    def forget(self, export_id: str) -> None: ...
    def lock(self, account: str, entity_type: str) -> AbstractContextManager[None]: ...


class Mews(Protocol):
    """What is asked of the connector (`mews_frames._connector.connector`)."""

    def now(self) -> datetime: ...
    def add(self, entity_type: str, scope: Scope, filters: Filters) -> Seen: ...
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
        if max_age is not None and now - entry.added > timedelta(seconds=max_age):
            continue
        if entry.export.is_running:
            return entry
        expires = entry.export.expires
        if entry.export.status == "Success" and not refresh and (expires is None or now < expires):
            return entry
    return None


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
        ExportAlreadyRunningError
            If the slot is not free in time.
        AuthenticationError, RequestRejectedError, ServerError, ConnectionFailedError, RateLimitedError
            If Mews refuses, or no answer comes.
        """
        lost = refused = 0
        corrected = False
        while True:
            before = self.mews.now()
            with self.journal.lock(self.account, request.entity_type):
                record = self._record(fingerprint, request)
                if entry := usable(record, before, max_age=max_age, refresh=refresh):
                    return entry, False
                blocker = self.journal.running(self.account, request.entity_type)
                try:
                    if blocker is None:
                        return self._add(record, request), True
                    error: MewsError = _blocked(request, blocker[1])
                except (ExportAlreadyRunningError, RateLimitedError) as caught:
                    error = caught
                except RequestRejectedError:
                    # Perhaps the clocks differ, and the end of the window was too young at Mews.
                    if corrected or abs(self.mews.now() - before) < timedelta(minutes=1):
                        raise
                    corrected = True
                    continue
                except MewsError as caught:
                    lost += 1
                    if not is_transient(caught) or lost >= MOST_LOST:
                        raise
                    error = caught
            if isinstance(error, ExportAlreadyRunningError):
                if blocker is not None and self._has_ended(blocker[1], patience):
                    continue
                refused += 1
                pause = self._pause_for_slot(blocker, refused)
                if at_once or patience.is_over:
                    raise error
                self.tell(f"another {request.entity_type} export is running; waiting for its end")
            else:
                pause = retry_delay(lost or 1, error.retry_after)
                if pause > LONGEST_PAUSE or (patience.left is not None and pause > patience.left):
                    raise error
                self._tell_lost(error, request)
            patience.sleep(pause)

    def _record(self, fingerprint: str, request: Request) -> Record:
        return self.journal.read(fingerprint) or Record(
            fingerprint, self.account, request.entity_type, request.scope, request.filters
        )

    def _add(self, record: Record, request: Request) -> Entry:
        """Write the intent, add, write the id: a crash in between loses one export at most."""
        now = self.mews.now()
        filters = resolved_filters(request, now)
        self._tell_clamped(request.filters, filters)
        if record.intended is not None:
            self.tell(
                f"an earlier attempt at {instant_text(record.intended)} may have left an export"
                " at Mews whose id is not known; if it still runs, this one begins after it"
            )
        self.journal.write(replace(record, intended=now))
        try:
            seen = self.mews.add(request.entity_type, request.scope, filters)
        except MewsError as error:
            if isinstance(error, RateLimitedError) or not is_transient(error):
                self.journal.write(record)  # refused: nothing was added
            raise
        entry = Entry(seen.export, now)
        self.journal.write(record.with_added(entry))
        return entry

    def _has_ended(self, blocker: Entry, patience: Patience) -> bool:
        """Look at the export in the way, once."""
        export_id = blocker.export.id
        seen = self.mews.look([export_id], patience.left).get(export_id)
        if seen is None:
            self.journal.forget(export_id)
            return True
        self.journal.see(seen)
        return not seen.export.is_running

    def _pause_for_slot(self, blocker: tuple[Record, Entry] | None, refused: int) -> float:
        if blocker is None:  # somebody else's: all we can do is ask again
            return poll_delay(10 * 1.1**refused)
        return poll_delay((self.mews.now() - blocker[1].added).total_seconds())

    def _tell_lost(self, error: MewsError, request: Request) -> None:
        if isinstance(error, RateLimitedError):
            self.tell("Mews receives too many requests; waiting as long as it asks")
            return
        self.tell(
            f"the answer to adding the {request.entity_type} export was lost"
            f" ({error.message.splitlines()[0]}); adding again: Mews refuses that while the lost"
            " one runs, so at most one export is wasted"
        )

    def _tell_clamped(self, asked: Filters, resolved: Filters) -> None:
        if asked.updated and asked.updated[1] and resolved.updated != asked.updated:
            end = resolved.updated[1] if resolved.updated else None
            self.tell(
                "Mews exports only what is at least 5 minutes old: the window ends at"
                f" {instant_text(end) if end else 'now'} instead of {instant_text(asked.updated[1])}"
            )


def _blocked(request: Request, blocker: Entry) -> ExportAlreadyRunningError:
    return ExportAlreadyRunningError(
        f"export {blocker.export.id} of {request.entity_type}, for another request, is"
        f" {blocker.export.status}; Mews runs one export of a type at a time",
        hint=f'wait for it: mf.load_export("{blocker.export.id}"), or give load_entities more timeout',
        export_id=blocker.export.id,
    )
