"""Wait for exports: look at once, then ever more rarely."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mews_frames.errors import (
    ExportExpiredError,
    ExportFailedError,
    ExportTimeoutError,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mews_frames._models import Export, Seen
    from mews_frames.typing import Clock

__all__ = [
    "SHOWN_WITHIN",
    "Patience",
    "check_end",
    "finished",
    "jittered",
    "poll_delay",
    "time_taken",
]

SHOWN_WITHIN = 60.0
"""Seconds after its add within which an export that Mews does not show is not given up: what is
read there may be a moment older than what was written, and an id that is forgotten is lost."""

SHORTEST, LONGEST = 1.0, 300.0
"""Seconds between two looks."""

VAGUE, VAGUE_SHARE = 5.0, 0.2
"""How far apart looks may be, in seconds or as a share, for a time taken to be worth keeping."""


def poll_delay(waited: float) -> float:
    """Say how long to sleep before the next look at a running export.

    A tenth of the time waited so far, so that waiting costs at most a tenth more than the
    export took; at least 1 s, at most 300 s, the interval that Mews recommends
    (use-cases/data-export.md).

    Parameters
    ----------
    waited
        Seconds since the export was added.

    Returns
    -------
    Seconds, before jitter.

    Examples
    --------
    >>> poll_delay(0), poll_delay(60), poll_delay(7200)
    (1.0, 6.0, 300.0)
    """
    return min(max(SHORTEST, waited / 10), LONGEST)


def jittered(delay: float) -> float:
    """Take up to a tenth off a delay, so that callers do not march in step."""
    return delay * random.uniform(0.9, 1.0)  # noqa: S311 - no secret


class Patience:
    """How long a caller is willing to wait for the slot and for Mews together.

    Parameters
    ----------
    timeout
        Seconds; None for as long as it takes.
    clock
        Its monotonic time counts, so that a clock that is set back keeps nobody waiting.
    """

    def __init__(self, timeout: float | None, clock: Clock) -> None:
        self._timeout = timeout
        self._clock = clock
        self._made = self._began = clock.monotonic()

    @property
    def passed(self) -> float:
        """Seconds since it was made, waiting or not."""
        return self._clock.monotonic() - self._made

    @property
    def waited(self) -> float:
        """Seconds of waiting since then."""
        return self._clock.monotonic() - self._began

    @property
    def left(self) -> float | None:
        """Seconds left, never negative; None if there is no limit."""
        return None if self._timeout is None else max(0.0, self._timeout - self.waited)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.left == 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the limit."""
        self._clock.sleep(seconds if self.left is None else min(seconds, self.left))

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Do something that does not count as waiting, such as a download."""
        began = self._clock.monotonic()
        try:
            yield
        finally:
            self._began += self._clock.monotonic() - began


def finished(
    ages: Mapping[str, float],
    look: Callable[[Sequence[str], float | None], Mapping[str, Seen]],
    patience: Patience,
    tell: Callable[[Seen, float, float], None],
) -> Iterator[tuple[str, Seen | ServerError | None]]:
    """Wait for exports, all in one look, and give each as soon as Mews is done with it.

    Parameters
    ----------
    ages
        How many seconds ago each export was added, by id.
    look
        Asks Mews for the state of exports, within so many seconds.
    patience
        For how long.
    tell
        Hears of every export that is still running: its state, the seconds waited for it, and
        the seconds until the next look.

    Yields
    ------
    The id, and the export as it ended; None if Mews does not know the id any more; of several the
    error of one that Mews describes in a way that cannot be read.

    Raises
    ------
    ExportTimeoutError
        If patience ends first. The exports go on at Mews.
    """
    began = patience.passed
    added = {export_id: began - age for export_id, age in ages.items()}
    waiting = list(ages)
    while True:
        try:
            seen = look(waiting, patience.left)
        except ServerError as error:
            if error.export_id not in waiting or len(waiting) == 1:
                raise
            waiting.remove(error.export_id)
            yield error.export_id, error
            continue
        asked = patience.passed
        for export_id in list(waiting):
            if not _goes_on(seen.get(export_id), asked - added[export_id]):
                waiting.remove(export_id)
                yield export_id, seen.get(export_id)
        if not waiting:
            return
        if patience.is_over:
            raise _timed_out(waiting[0], seen.get(waiting[0]), patience)
        delay = poll_delay(patience.passed - max(added[export_id] for export_id in waiting))
        for export_id in waiting:
            if export_id in seen:
                tell(seen[export_id], patience.passed - added[export_id], delay)
        patience.sleep(jittered(delay))


def _goes_on(seen: Seen | None, age: float) -> bool:
    """Say whether an export is to be looked at again."""
    return age < SHOWN_WITHIN if seen is None else seen.export.is_running


def time_taken(age: float, last_running: float) -> float | None:
    """Say how long an export took that is found finished now, if that can be known.

    A load that is picked up the next day sees only that the export ended at some time between.

    Parameters
    ----------
    age
        Seconds since it was added.
    last_running
        Seconds after the add at which it was last seen running.

    Examples
    --------
    >>> time_taken(540, 500), time_taken(86_400, 60)
    (540, None)
    """
    return age if age - last_running <= max(VAGUE, age * VAGUE_SHARE) else None


def _timed_out(export_id: str, seen: Seen | None, patience: Patience) -> ExportTimeoutError:
    state = "not shown by Mews" if seen is None else seen.export.status
    what = f"export {export_id}" + (f" of {seen.export.entity_type}" if seen else "")
    return ExportTimeoutError(
        f"{what} is still {state} after {patience.waited:.0f} s",
        hint=f'it goes on at Mews; pick it up with mf.load_export("{export_id}"), or make the same'
        " call again",
        export_id=export_id,
    )


def check_end(export: Export) -> None:
    """Refuse an export that has ended without files.

    Raises
    ------
    ExportFailedError, ExportExpiredError
        As it ended.
    """
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
