"""What tests of code that uses mews_frames need: a clock of their own, and faults.

`mews_frames.sandbox` gives them a Mews of their own.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]


class FakeClock:
    """A clock that moves only when somebody sleeps, or when a test moves it.

    Threads may share it; `sleep` returns at once and moves the clock forward.

    Parameters
    ----------
    start
        The first instant, aware.

    Attributes
    ----------
    slept
        Every sleep so far, in seconds.

    Examples
    --------
    >>> clock = FakeClock()
    >>> clock.sleep(90)
    >>> clock.monotonic(), clock.slept
    (90.0, [90])
    """

    def __init__(self, start: datetime = datetime(2026, 6, 15, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Give the instant that the clock shows, in UTC."""
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Give the seconds since the start."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Move the clock forward, and note it in `slept`."""
        with self._lock:
            self._elapsed += seconds
            self.slept.append(seconds)

    def move(self, seconds: float) -> None:
        """Move the wall clock alone, forward or back, as a user or a time server would."""
        with self._lock:
            self._start += timedelta(seconds=seconds)
