"""One export of the pretend Mews as it is remembered, and what the clock makes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mews_frames._sandbox.checks import Add

if TYPE_CHECKING:
    from mews_frames.typing import Status

__all__ = ["Recipe", "Stored", "expires", "from_json", "is_forgotten", "status_at", "to_json"]

RETENTION = timedelta(days=7)  # Mews docs, use-cases/data-export.md: "typically 1 week"
MEMORY = timedelta(days=30)
"""How long an expired export is still known. Our choice: the docs do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the rows of an export are made: equal recipes give equal rows.

    Attributes
    ----------
    rows
        How many records of OrderItem there are in all; the other types are in proportion.
    seed
        Of everything random.
    parts
        How many files.
    duration
        Seconds from add to Success.
    """

    rows: int = 20_000
    seed: int = 0
    parts: int = 4
    duration: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One export, as it was added.

    Attributes
    ----------
    id
        Its GUID.
    asked
        Type, scope and filters.
    added
        When.
    fails
        Whether it ends as Failed.
    recipe
        How its rows are made.
    """

    id: str
    asked: Add
    added: datetime
    fails: bool
    recipe: Recipe

    @property
    def due(self) -> datetime:
        """When it ends."""
        return self.added + timedelta(seconds=self.recipe.duration)


def status_at(stored: Stored, now: datetime) -> Status:
    """Say how far an export is: a third of its time Pending, then Processing, then ended."""
    if now >= stored.due:
        if stored.fails:
            return "Failed"
        return "Success" if now < stored.due + RETENTION else "Expired"
    third = timedelta(seconds=stored.recipe.duration / 3)
    return "Pending" if now < stored.added + third else "Processing"


def expires(stored: Stored, status: Status) -> datetime | None:
    """Say when its files go: null until it has finished, kept once it has expired."""
    return stored.due + RETENTION if status in ("Success", "Expired") else None


def is_forgotten(stored: Stored, now: datetime) -> bool:
    """Say whether an export expired so long ago that nobody knows its id any more."""
    return now > stored.due + RETENTION + MEMORY


def to_json(stored: Stored) -> dict[str, Any]:
    """Write it down."""
    return asdict(stored) | {"added": stored.added.astimezone(UTC).isoformat()}


def from_json(data: dict[str, Any]) -> Stored:
    """Read it back."""
    asked: dict[str, Any] = {  # JSON knows no tuples
        name: tuple(value) if isinstance(value, list) else value
        for name, value in data["asked"].items()
    }
    return Stored(
        id=data["id"],
        asked=Add(**asked),
        added=datetime.fromisoformat(data["added"]),
        fails=data["fails"],
        recipe=Recipe(**data["recipe"]),
    )
