"""What a table says of itself: its columns of ours, its versions, and what a commit carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mews_frames._sync.identity import Identity

__all__ = [
    "ADDED",
    "DELETED",
    "EPOCH",
    "INTERNAL",
    "MICROSECOND",
    "SCOPE",
    "SLICE",
    "SYNCED",
    "WATERMARK",
    "Commit",
    "MovedError",
    "State",
]

DELETED, SYNCED, SLICE = "_deleted_at", "_synced_at", "_slice"
INTERNAL = (DELETED, SYNCED, SLICE)
"""Columns of ours: when a row was found gone at Mews; when the export was added that brought its
present state; which partition it lies in."""

ADDED, WATERMARK, SCOPE = "mews_frames.added", "mews_frames.watermark", "mews_frames.scope."
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class MovedError(Exception):
    """Somebody else has committed in between: what was found out about the table is old."""


@dataclass(frozen=True, slots=True)
class State:
    """A version of a table.

    Attributes
    ----------
    version
        Its number.
    added
        When the export was added that was merged last, or that held nothing new after it; by the
        clock of Mews.
    watermark
        Up to when the table is complete.
    identity
        Whose rows it holds; None if it is none of ours.
    """

    version: int
    added: datetime
    watermark: datetime
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit says besides its rows.

    Attributes
    ----------
    added, watermark
        As in `State`.
    scope
        Digest of the resolved scope, if everything in it was exported.
    inserted, updated, deleted
        Rows.
    """

    added: datetime
    watermark: datetime
    scope: str | None
    inserted: int
    updated: int
    deleted: int
