"""Which faults happen now: the book that a pretend Mews keeps on `mews_frames.testing.Fault`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from mews_frames.testing import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["FaultBook"]

F = TypeVar("F", bound=Fault)


def _always(_fault: object) -> bool:
    return True


class FaultBook:
    """The faults of one pretend Mews, and how often each may still happen.

    Parameters
    ----------
    faults
        Earlier ones go first.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = tuple(faults)
        self._left = [fault.times for fault in self._faults]
        self._lock = threading.Lock()

    def take(self, kind: type[F], fits: Callable[[F], bool] = _always) -> F | None:
        """Give the first fault of a kind that fits and still happens, and count it."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                left = self._left[index]
                if isinstance(fault, kind) and left != 0 and fits(fault):
                    if left is not None:
                        self._left[index] = left - 1
                    return fault
        return None
