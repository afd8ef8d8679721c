"""Watch exports while Mews is at work: what is noted, and told, at every look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._exports.wait import time_taken
from mews_frames._records import usual_time
from mews_frames._words import waiting_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mews_frames._cache.journal import Journal
    from mews_frames._models import Seen
    from mews_frames._progress import Teller

__all__ = ["Watch"]


class Watch:
    """Notes in the journal how exports are, and tells it with an honest estimate.

    Parameters
    ----------
    journal
        What this machine knows of exports, and how long they took.
    tellers
        Who hears of each export, by id.
    """

    def __init__(self, journal: Journal, tellers: Mapping[str, Teller]) -> None:
        self._journal = journal
        self._tellers = tellers
        self._last_running: dict[str, float] = {}
        self._usual: dict[str, tuple[float, float] | None] = {}

    def running(self, seen: Seen, waited: float, delay: float) -> None:
        """Hear of an export that Mews is at work on.

        Parameters
        ----------
        seen
            The export.
        waited
            Seconds since it was added.
        delay
            Seconds until the next look.
        """
        self._journal.see(seen)
        export_id, status = seen.export.id, seen.export.status
        self._last_running[export_id] = waited
        usual = self._usual_of(export_id)
        self._tellers[export_id](
            "waiting",
            waiting_in_words(status, waited, delay, usual),
            export_id,
            status=status,
            waited=waited,
            next_look=delay,
            usual=usual,
        )

    def ended(self, seen: Seen, age: float) -> None:
        """Hear of an export that Mews is done with, so many seconds after it was added."""
        took = None
        if seen.export.status == "Success":
            took = time_taken(age, self._last_running.get(seen.export.id, 0.0))
        self._journal.see(seen, took)

    def _usual_of(self, export_id: str) -> tuple[float, float] | None:
        if export_id not in self._usual:
            found = self._journal.find(export_id)
            records = self._journal.records()
            self._usual[export_id] = usual_time(records, found[0]) if found else None
        return self._usual[export_id]
