"""Add an export so that its id cannot get lost: intent on disk, add, id on disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mews_frames._exports.window import resolved_filters
from mews_frames._models import Export, Filters, Scope, Seen, instant_text
from mews_frames._records import Entry, Record
from mews_frames._retry import may_have_arrived
from mews_frames.errors import CacheError, MewsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

__all__ = ["Journal", "Mews", "add_export"]


class Journal(Protocol):
    """What is asked of the journal (`mews_frames._cache.journal`)."""

    def write(self, record: Record) -> None: ...


class Mews(Protocol):
    """What is asked of the connector (`mews_frames._connector.connector`)."""

    @property
    def ahead(self) -> timedelta: ...
    def now(self) -> datetime: ...
    def add(self, entity_type: str, scope: Scope, filters: Filters) -> Seen: ...
    def keep_time(self) -> None: ...


def add_export(
    record: Record, journal: Journal, mews: Mews, tell: Callable[[str], None], *, again: bool
) -> Entry:
    """Add an export for a request; a crash in between loses one at most.

    Parameters
    ----------
    record
        What is known of the request. The caller holds the lock of the journal.
    journal
        Where the id goes, before anybody waits for the export.
    mews
        Who is asked.
    tell
        Hears, in a sentence, what the user should know.
    again
        Whether the user knows already that an earlier answer was lost.

    Raises
    ------
    ConnectorError
        If Mews refuses, or if its answer was lost; in the latter case the intent stays on disk.
    """
    now, ahead = mews.now(), mews.ahead
    filters = resolved_filters(record.filters, now)
    if filters != record.filters and filters.updated and filters.updated[1]:
        tell(
            f"the window ends at {instant_text(filters.updated[1])}:"
            " Mews exports only what is at least 5 minutes old"
        )
    if record.intended is not None and not again:
        tell(
            f"an earlier attempt at {instant_text(record.intended)} may have left an export at"
            " Mews whose id is not known; if it still runs, this one begins after it"
        )
    journal.write(replace(record, intended=now))
    try:
        export = mews.add(record.entity_type, record.scope, filters).export
    except MewsError as error:
        _note_failure(record, error, now, journal)
        raise
    # The answer may have told that the clock of Mews is not what we took it for.
    entry = _keep(record, Entry(export, now + mews.ahead - ahead), journal)
    mews.keep_time()  # so that the next process knows how old it is, even by a clock that is wrong
    return entry


def _note_failure(record: Record, error: MewsError, now: datetime, journal: Journal) -> None:
    if error.export_id is not None:
        # It was added; only its description cannot be understood. Its id is what counts.
        unclear = Export(
            error.export_id, "Pending", record.entity_type, record.scope, record.filters
        )
        _keep(record, Entry(unclear, now), journal)
    elif not may_have_arrived(error):
        journal.write(record)  # nothing was added: the intent is what it was before


def _keep(record: Record, entry: Entry, journal: Journal) -> Entry:
    try:
        journal.write(record.with_added(entry))
    except CacheError as error:
        export_id = entry.export.id
        error.export_id = export_id
        error.hint = (
            f"note that export {export_id} was added: as soon as there is a place for it,"
            f' mf.load_export("{export_id}") loads it'
        )
        raise
    return entry
