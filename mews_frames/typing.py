"""Names for types that appear in mews_frames' signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

__all__ = [
    "AsOf",
    "BITool",
    "Backend",
    "Clock",
    "EntityType",
    "Ids",
    "Instant",
    "Money",
    "Posted",
    "Progress",
    "ProgressEvent",
    "Seconds",
    "Stage",
    "Status",
    "Updated",
]

EntityType: TypeAlias = Literal[
    "OrderItem",
    "Payment",
    "Reservation",
    "Customer",
    "Company",
    "Bill",
    "AvailabilityAdjustment",
    "AvailabilityBlock",
    "ResourceBlock",
    "LedgerEntry",
]
"""What Mews exports, spelled as on the wire."""

Backend: TypeAlias = Literal["polars", "pandas", "pyarrow", "dask"]
"""The frame library that a load answers in."""

Money: TypeAlias = Literal["decimal", "float"]
"""How decimal columns come: exact, or as the nearest double."""

BITool: TypeAlias = Literal["powerbi", "excel", "parquet"]
"""What `mews_frames.to_bi` writes for."""

Status: TypeAlias = Literal["Pending", "Processing", "Success", "Failed", "Expired"]
"""The states of an export, as Mews names them."""

Instant: TypeAlias = datetime | str
"""An aware `datetime`, or ISO 8601 text with a zone (``2026-01-31T23:00:00Z``)."""

AsOf: TypeAlias = int | datetime | str
"""A version of a table, or an instant as `Instant`: the newest version that was synced by then."""

Updated: TypeAlias = tuple[Instant, Instant | None]
"""A window of update times: start included, end excluded, ``None`` for "until now"."""

Posted: TypeAlias = tuple[date | str, date | str]
"""A range of posting dates, both included."""

Seconds: TypeAlias = timedelta | float
"""A length of time: a `timedelta`, or a number of seconds."""

Stage: TypeAlias = Literal[
    "found",
    "added",
    "attached",
    "waiting",
    "downloading",
    "decoding",
    "ready",
    "synced",
    "note",
    "interrupted",
]
"""Where a load is: see `ProgressEvent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEvent:
    """One thing that happened during a load.

    Attributes
    ----------
    stage
        ``found`` a cached export answers; ``added`` a new export; ``attached`` an export that
        was running already; ``waiting`` Mews is at work; ``downloading`` parts arrive, and are
        decoded meanwhile; ``decoding`` all bytes are here, the last rows are being decoded;
        ``ready`` the frame can be read; ``synced`` a table was compared with an export, and
        ``rows`` of it changed; ``note`` something worth knowing; ``interrupted`` the user
        stopped.
    message
        The same in a sentence.
    entity_type
        What is loaded.
    export_id
        The export, once it is known.
    seconds
        Seconds since the load began.
    status
        What Mews says of the export, while it is waited for.
    waited
        Seconds since the export was added, while it is waited for.
    next_look
        Seconds until Mews is asked again, while it is waited for.
    usual
        The shortest and the longest time in seconds that such exports took on this machine of
        late; None if it has not seen any. An estimate, and no promise of Mews.
    parts, parts_done
        How many parts there are, and how many are in the cache.
    size, size_done
        Bytes of JSON Lines in all, and how many have arrived.
    speed
        Bytes that arrived per second, on average since the download began here.
    rows
        Rows decoded so far.
    piece, pieces
        Which piece of a window longer than 180 days this is about, from 1, and how many there
        are; each is an export of its own.
    """

    stage: Stage
    message: str
    entity_type: str
    export_id: str | None = None
    seconds: float = 0.0
    status: Status | None = None
    waited: float = 0.0
    next_look: float = 0.0
    usual: tuple[float, float] | None = None
    parts: int = 0
    parts_done: int = 0
    size: int = 0
    size_done: int = 0
    speed: float = 0.0
    rows: int = 0
    piece: int = 1
    pieces: int = 1


Progress: TypeAlias = Callable[[ProgressEvent], None] | Literal[False] | None
"""``None`` shows what fits (a display in a notebook, lines on stderr), ``False`` nothing; or a
callable that gets every `ProgressEvent`."""

Ids: TypeAlias = Sequence[str | UUID]
"""Ids of enterprises or chains: UUIDs as text, or as `uuid.UUID`."""


class Clock(Protocol):
    """Where time comes from. `mews_frames.testing.FakeClock` is another one."""

    def now(self) -> datetime:
        """Give the present instant, aware."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        ...
