"""The signed links of one export: they die within ten minutes, and every look renews them all."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames.errors import ExportExpiredError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mews_frames._models import Seen
    from mews_frames._redact import Secret
    from mews_frames.typing import Clock

__all__ = ["Link", "Links"]

TRUSTED_FOR = 9 * 60.0
"""Seconds; Mews' links live 10 minutes (operations/exports.md, since 2025-08-05)."""


@dataclass(frozen=True, slots=True)
class Link:
    """A signed link, and which look it came from. It is never stored, logged or shown."""

    url: Secret[str]
    generation: int


class Links:
    """Gives the links of an export to its downloads, and renews them in a single flight.

    Parameters
    ----------
    seen
        The export, just looked at; without links if that was another time.
    look
        Looks at it again.
    clock
        Tells how old links are.
    """

    def __init__(self, seen: Seen, look: Callable[[], Seen | None], clock: Clock) -> None:
        self._export = seen.export
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._links = seen.links
        self._generation = 1
        self._born = clock.monotonic()

    def get(self, number: int) -> Link:
        """Give the link of a part, renewed if it is about to die."""
        with self._lock:
            if not self._links or self._clock.monotonic() - self._born > TRUSTED_FOR:
                self._renew()
            return Link(self._links[number - 1], self._generation)

    def refused(self, link: Link) -> None:
        """Renew the links after one was refused, unless another download has done so already."""
        with self._lock:
            if link.generation == self._generation:
                self._renew()

    def _renew(self) -> None:
        seen = self._look()
        if seen is None or seen.export.status != "Success":
            state = "unknown to Mews" if seen is None else seen.export.status
            entity_type = self._export.entity_type
            raise ExportExpiredError(
                f"export {self._export.id} is {state}; its files are gone",
                hint=f'mf.load_entities("{entity_type}", refresh=True) makes a new one',
                export_id=self._export.id,
            )
        if seen.export.files != self._export.files:
            raise IntegrityError(
                f"the files of export {self._export.id} changed while they were downloaded",
                hint="load it again",
                export_id=self._export.id,
            )
        self._links = seen.links
        self._generation += 1
        self._born = self._clock.monotonic()
