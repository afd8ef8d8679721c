"""Read a table as a frame: its newest state, or an earlier one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mews_frames._frames.columns import RESCUED, Kept, polars_schema
from mews_frames._frames.rescue import only_kept
from mews_frames._models import instant_text
from mews_frames._sync.identity import Identity
from mews_frames._sync.rows import column_as
from mews_frames._sync.state import DELETED
from mews_frames.errors import InvalidArgumentError, TableError

if TYPE_CHECKING:
    import polars as pl
    from deltalake import DeltaTable

    from mews_frames._sync.table import Table
    from mews_frames.typing import AsOf

__all__ = ["check_as_of", "open_as_of", "read_table", "scan_table"]


def check_as_of(name: str, value: object) -> int | datetime:
    """Read a version, or an instant.

    Raises
    ------
    InvalidArgumentError
        If it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise InvalidArgumentError(
                f"{name} is no version of a table: {value}", hint="versions count from 0"
            )
        return value
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(instant, datetime) and instant.utcoffset() is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):  # the first hours of the year 1 are in no year of UTC
        pass
    raise InvalidArgumentError(
        f"{name} is neither a version nor an instant with a zone: {value!r}",
        hint=f'{name}="2026-01-31T06:00:00Z", or {name}=3 for version 3',
    )


def open_as_of(
    table: Table, identity: Identity, as_of: AsOf | None, *, name: str = "as_of"
) -> DeltaTable:
    """Open a table in the state that it was in, and see that it is the right one.

    Raises
    ------
    InvalidArgumentError
        If there is no table, or it holds other rows.
    TableError
        If it was not there yet, or that state is not left.
    """
    asked = None if as_of is None else check_as_of(name, as_of)
    newest = table.open()
    state = table.state(newest)
    if newest is None or state is None:
        raise InvalidArgumentError(
            f"there is no table of {identity.entity_type} at {table.place}",
            hint=f'mf.sync_entities("{identity.entity_type}") makes it',
        )
    identity.check(state.identity, str(table.place))
    if asked is None or asked == state.version:
        return newest
    version = asked if isinstance(asked, int) else _version_at(table, newest, asked)
    if version > state.version:
        raise TableError(
            f"the table at {table.place} has no version {version}; the newest one is"
            f" {state.version}",
            hint=f"{name} may be an instant too",
        )
    opened = table.open(version)
    if opened is None or not table.is_whole(opened):
        raise TableError(
            f"version {version} of the table at {table.place} is not left",
            hint="history is kept for 90 days, unless delta.deletedFileRetentionDuration says more",
        )
    return opened


def _version_at(table: Table, newest: DeltaTable, instant: datetime) -> int:
    """Find the newest version whose export was added by then."""
    known = table.versions(newest)
    before = [version for version, added in known if added <= instant]
    if not before:
        first = instant_text(known[0][1]) if known else "never"
        raise TableError(
            f"the table at {table.place} does not know how things were at {instant_text(instant)}:"
            f" its history begins at {first}",
            hint="a state that was not synced is not at Mews any more",
        )
    return before[-1]


def read_table(
    table: Table, identity: Identity, asked: Kept, *, as_of: AsOf | None, deleted: bool
) -> pl.LazyFrame:
    """Scan a table lazily, in the shape of `mews_frames.load_entities`.

    Parameters
    ----------
    table
        The table.
    identity
        Whose rows it has to hold.
    asked
        Which columns.
    as_of
        Version or instant; None for the newest state.
    deleted
        Whether rows that are gone at Mews come too, and ``_deleted_at`` before the last column.
    """
    return scan_table(table, open_as_of(table, identity, as_of), asked, deleted=deleted)


def scan_table(
    table: Table, opened: DeltaTable, asked: Kept, *, deleted: bool = False
) -> pl.LazyFrame:
    """Scan an opened table; columns that it does not have yet are null."""
    import polars as pl

    held = Identity.from_text(opened.metadata().description)
    if asked.names is None and held is not None:
        asked = held.kept
    frame = table.scan(opened)
    if not deleted:
        frame = frame.filter(pl.col(DELETED).is_null())
    there, wanted = frame.collect_schema(), polars_schema(asked, flatten=True)
    columns = [column_as(name, there, dtype) for name, dtype in wanted.items()]
    if held is not None and asked != held.kept:
        columns[-1] = pl.col(RESCUED).map_batches(
            lambda texts: only_kept(texts, asked), return_dtype=pl.String()
        )
    if deleted:
        columns.insert(-1, pl.col(DELETED))
    return frame.select(columns)
