"""What the two ends of a part tell each other when it cannot go on; who may write after that."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Gate", "OtherBytes", "Stopped"]


class Stopped(Exception):  # noqa: N818 - no error: the user, or the other end, has ended it
    """Whoever waits for bytes, or for room for them, waits no longer."""


class OtherBytes(Exception):  # noqa: N818 - it never leaves the download, which knows the part
    """What came again is not what came before."""


class Gate:
    """Threads pass it to change what others see; once it is closed, nothing of theirs follows.

    A call that ends does not wait for its threads. The next one may want the same parts with other
    columns: what an old thread put into its place then would be taken for its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_closed = False

    def close(self) -> None:
        """Let nobody pass any more; wait for who is passing, the moving of a file."""
        with self._lock:
            self._is_closed = True

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Pass, one at a time.

        Raises
        ------
        Stopped
            If it is closed.
        """
        with self._lock:
            if self._is_closed:
                raise Stopped
            yield
