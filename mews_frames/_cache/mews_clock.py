"""What time it is at Mews: its answers tell, and the cache remembers how far we are apart."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mews_frames._cache.files import machine, read_sealed, sense_of, write_sealed
from mews_frames._models import instant_text, read_instant
from mews_frames.errors import CacheError

if TYPE_CHECKING:
    from mews_frames._cache.layout import Layout
    from mews_frames.typing import Clock

__all__ = ["MewsClock"]

LAYOUT = 1

FRESH = 60.0
"""Seconds for which the time at Mews, once told, is taken for known."""

ROUNDING = 5.0
"""Seconds of a difference that may be rounding and travel: ``Date`` has whole seconds."""

SLACK = 60.0
"""Seconds by which two clocks of one machine may drift apart in the week that exports last."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the clocks of a machine showed when an answer told the time at Mews.

    Attributes
    ----------
    machine
        Which one it was.
    instant
        Its clock, which can be set.
    uptime
        Seconds of its clock that cannot be set; it begins anew when the machine does.
    ahead
        Seconds by which the clock of Mews was ahead of it.
    """

    machine: str
    instant: datetime
    uptime: float
    ahead: float

    def is_doubtful(self, now: datetime, uptime: float) -> bool:
        """Say whether the clock has been set back since, as far as that can be seen.

        At least as much time has passed as the machine has been up since; if it was started anew,
        at least none.
        """
        passed = (now - self.instant).total_seconds()
        return passed + SLACK < max(0.0, uptime - self.uptime)

    def as_of(self, here: str) -> Told:
        """Take what another machine was told: when that was at Mews is all that counts here."""
        if self.machine == here:
            return self
        return Told(here, self.instant + timedelta(seconds=self.ahead), math.inf, 0.0)

    def to_data(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return {
            "layout": LAYOUT,
            "machine": self.machine,
            "instant": instant_text(self.instant),
            "uptime": self.uptime,
            "ahead": self.ahead,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Told:
        """Read it from JSON data."""
        return cls(
            data["machine"],
            read_instant(str(data["instant"])),
            float(data["uptime"]),
            float(data["ahead"]),
        )


class MewsClock:
    """The time at Mews, as well as it is known here. Threads may share it.

    Parameters
    ----------
    layout
        Where it is remembered.
    clock
        This machine's.
    """

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._lock = threading.Lock()
        self._told: Told | None = None
        self._kept: Told | None = None

    def now(self) -> datetime:
        """Give the time at Mews, as well as its last answer told it."""
        return self._clock.now() + self.ahead

    @property
    def ahead(self) -> timedelta:
        """How far the clock of Mews is ahead of ours; none if that is not known."""
        told = self._last()
        return timedelta(seconds=told.ahead if told else 0.0)

    @property
    def is_known(self) -> bool:
        """Whether Mews ever told this machine, as far as the cache remembers."""
        told = self._last()
        return told is not None and told.uptime < math.inf

    @property
    def is_fresh(self) -> bool:
        """Whether Mews told it in the last minute, and our clock has not jumped since."""
        told = self._told
        if told is None:
            return False
        counted = self._clock.monotonic() - told.uptime
        shown = (self._clock.now() - told.instant).total_seconds()
        return counted < FRESH and abs(shown - counted) < SLACK

    @property
    def is_doubtful(self) -> bool:
        """Whether the clock of this machine was set back since Mews told the time."""
        told = self._last()
        return told is not None and told.is_doubtful(self._clock.now(), self._clock.monotonic())

    def learn(self, there: datetime) -> None:
        """Hear from Mews what time it is there."""
        now, uptime = self._clock.now(), self._clock.monotonic()
        ahead = (there - now).total_seconds()
        told = Told(machine(), now, uptime, ahead if abs(ahead) > ROUNDING else 0.0)
        with self._lock:
            self._told = told

    def keep(self) -> None:
        """Remember on disk what this process was told; without it, the next one knows less."""
        with self._lock:
            told = self._told
        if told is not None:
            with suppress(CacheError):  # a full disk; what was loaded is there
                write_sealed(self._layout.clock, told.to_data())

    def _last(self) -> Told | None:
        with self._lock:
            if self._told is not None:
                return self._told
            if self._kept is None:  # the first time, or nothing was kept yet
                kept = told_in(read_sealed(self._layout.clock))
                self._kept = kept and kept.as_of(machine())
            return self._kept


def told_in(data: dict[str, Any] | None) -> Told | None:
    """Make sense of what was sealed; None if there is nothing, or another layout wrote it."""
    return sense_of(data, LAYOUT, Told.from_data)
