"""A table that grows, as the client sees it: whose rows it holds, and the three things to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mews_frames._schemas import load_schema
from mews_frames._sync.changes import changes_of
from mews_frames._sync.identity import Identity
from mews_frames._sync.places import find_place
from mews_frames._sync.plan import overlap_of
from mews_frames._sync.reading import read_table
from mews_frames._sync.sync import Sync
from mews_frames._sync.table import Table

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from mews_frames._exports.request import Request
    from mews_frames._frames.columns import Kept
    from mews_frames._sync.asking import Asking
    from mews_frames.typing import AsOf

__all__ = ["Growing"]


@dataclass(frozen=True, slots=True)
class Growing:
    """A table that grows.

    Attributes
    ----------
    request
        Entity type and scope.
    asked
        The columns that the caller wants to see.
    identity
        Whose rows it holds.
    table
        The Delta table.
    """

    request: Request
    asked: Kept
    identity: Identity
    table: Table

    @classmethod
    def of(
        cls,
        request: Request,
        asked: Kept,
        account: str,
        into: str | os.PathLike[str] | None,
        storage_options: Mapping[str, str] | None,
        *,
        folders: Sequence[Path],
    ) -> Growing:
        """Find the table of a request; nothing is opened yet."""
        identity = Identity.of(request, asked, account)
        place = find_place(into, storage_options, folders=folders, identity=identity)
        return cls(request, asked, identity, Table(place))

    def sync(self, ask: Asking, overlap: float | None, *, reconcile: bool) -> None:
        """Bring it up to date; `overlap` in seconds."""
        filter_ = load_schema(self.request.entity_type).filter
        back = overlap_of(filter_, overlap)
        Sync(self.table, self.identity, ask, filter_, back)(reconcile=reconcile)

    def state(self) -> dict[str, Any]:
        """Say where it lies, in which version, and up to when it is complete."""
        state = self.table.state(self.table.open())
        return {
            "table": str(self.table.place),
            "version": None if state is None else state.version,
            "complete_up_to": None if state is None else state.watermark,
        }

    def read(self, *, as_of: AsOf | None, deleted: bool) -> pl.LazyFrame:
        """Scan it, or an earlier state of it."""
        return read_table(self.table, self.identity, self.asked, as_of=as_of, deleted=deleted)

    def changes(self, since: AsOf) -> pl.DataFrame:
        """Give what has changed since."""
        return changes_of(self.table, self.identity, self.asked, since=since)
