"""Tell the caller what happens: typed events, made in one place."""

from __future__ import annotations

import logging
from copy import copy
from typing import TYPE_CHECKING, Any

from mews_frames._words import with_profile
from mews_frames.typing import Clock, ProgressEvent, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Teller"]

logger = logging.getLogger("mews_frames")


class Teller:
    """Makes events of one load and hands them to whoever listens.

    Parameters
    ----------
    listen
        Gets every event; None if nobody listens. What goes wrong in there is the listener's
        own affair, and ends the load.
    entity_type
        What is loaded.
    clock
        Tells the seconds since the load began.
    profile
        Named in calls that are advised; None if there is none.
    """

    def __init__(
        self,
        listen: Callable[[ProgressEvent], None] | None,
        entity_type: str,
        clock: Clock,
        profile: str | None = None,
    ) -> None:
        self._listen = listen
        self._profile = profile
        self._entity_type = entity_type
        self._clock = clock
        self._began = clock.monotonic()
        self._last: Stage | None = None
        self._piece, self._pieces = 1, 1
        self.offers_refresh = True

    def __call__(
        self, stage: Stage, message: str, export_id: str | None = None, **numbers: Any
    ) -> None:
        """Tell one thing; a stage that goes on is logged only when it begins."""
        message = with_profile(message, self._profile)
        if self._pieces > 1:
            message = f"piece {self._piece} of {self._pieces}: {message}"
        if stage != self._last or stage == "note":
            logger.info("%s: %s", self._entity_type, message)
        self._last = stage
        if self._listen is not None:
            self._listen(
                ProgressEvent(
                    stage=stage,
                    message=message,
                    entity_type=self._entity_type,
                    export_id=export_id,
                    seconds=self._clock.monotonic() - self._began,
                    piece=self._piece,
                    pieces=self._pieces,
                    **numbers,
                )
            )

    def of_piece(self, number: int, count: int) -> Teller:
        """Give a teller for one piece of a long window, numbered from 1."""
        teller = copy(self)
        teller._piece, teller._pieces = number, count  # noqa: SLF001 - one of our own
        teller._last = None  # noqa: SLF001
        return teller

    def without_refresh(self) -> Teller:
        """Give a teller for a call that has no ``refresh=True`` to offer."""
        teller = copy(self)
        teller.offers_refresh = False
        return teller

    def note(self, message: str) -> None:
        """Tell something worth knowing."""
        self("note", message)
