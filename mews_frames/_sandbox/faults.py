"""What can go wrong at Mews, as data: pass some to `mews_frames.sandbox`.

Each fault happens ``times`` times and then no more; ``None`` stands for always.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mews_frames.typing import EntityType

__all__ = [
    "Compress",
    "Corrupt",
    "Drop",
    "ExpireUrls",
    "Fail",
    "Fault",
    "FaultBook",
    "LoseAnswer",
    "NoRange",
    "Refuse",
    "Stall",
    "Truncate",
    "UnknownStatus",
]

On: TypeAlias = Literal["add", "getAll", "download", "any"]
"""Which requests a fault concerns."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Requests are answered with an error status, before anything else is looked at.

    Attributes
    ----------
    status
        HTTP status, such as 429 or 503.
    times
        How many requests.
    retry_after
        Header ``Retry-After``: seconds, or text such as an HTTP date.
    on
        Which requests.
    body
        What stands in the body; ``None``: what Mews sends with an error (for a download what a
        storage sends).
    content_type
        Of ``body``.
    """

    status: int
    times: int | None = 1
    retry_after: float | str | None = None
    on: On = "any"
    body: bytes | str | None = None
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Drop:
    """A download is cut in mid-body: ``Content-Length`` promised more, the connection ends.

    Attributes
    ----------
    after
        Bytes of the body that still arrive. A shorter body is not concerned.
    times
        How many downloads.
    """

    after: int
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Stall:
    """A download stops in mid-body: the connection stays open, and nothing comes any more.

    Attributes
    ----------
    after
        Bytes of the body that still arrive. A shorter body is not concerned.
    times
        How many downloads.
    """

    after: int
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Mews does what it is asked, but the connection is cut before the answer.

    After a lost ``exports/add`` an export runs whose id nobody knows.

    Attributes
    ----------
    on
        Which requests.
    times
        How many of them.
    """

    on: On = "add"
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class ExpireUrls:
    """Links live shorter than the 10 minutes that Mews promises.

    Attributes
    ----------
    after
        Seconds from the getAll that returned them; 0: they never work.
    times
        For how many answers of getAll that hold links.
    """

    after: float
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Corrupt:
    """One byte of a part arrives changed, at every download.

    Attributes
    ----------
    part
        Number of the part, from 1.
    offset
        Position of the byte in the part, from 0.
    mask
        Bits that are turned over. All of them (the default) never leave valid UTF-8; 1 makes
        another digit of a digit, which nobody can notice who has no checksum.
    """

    part: int = 1
    offset: int = 0
    mask: int = 0xFF


@dataclass(frozen=True, slots=True)
class Truncate:
    """A part is shorter than ``SizeInBytes`` says, and ``Content-Length`` agrees with the part.

    Attributes
    ----------
    part
        Number of the part, from 1.
    by
        How many bytes are missing at its end.
    """

    part: int = 1
    by: int = 1


@dataclass(frozen=True, slots=True)
class NoRange:
    """A download that asks for a range gets the whole part, with status 200."""


@dataclass(frozen=True, slots=True)
class Compress:
    """Downloads come with ``Content-Encoding: gzip`` though nobody asked, and without length."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Exports end as ``Failed``, without files.

    Attributes
    ----------
    entity_type
        Of which type; ``None`` for all.
    times
        How many exports, counted as they are added.
    """

    entity_type: EntityType | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class UnknownStatus:
    """The answers of getAll show a status that no docs know, in place of the real one.

    Attributes
    ----------
    name
        The status.
    times
        How many exports in answers of getAll.
    """

    name: str
    times: int | None = None


Fault: TypeAlias = (
    Refuse
    | Drop
    | Stall
    | LoseAnswer
    | ExpireUrls
    | Corrupt
    | Truncate
    | NoRange
    | Compress
    | Fail
    | UnknownStatus
)
"""Any of the faults."""

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
        self._left = [getattr(fault, "times", None) for fault in self._faults]
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
