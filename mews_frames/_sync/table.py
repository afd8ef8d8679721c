"""The Delta table: what state it is in, and commits that move rows and watermark together.

Two things must not be lost apart from the rows: up to when they are complete, and which export
they came from. They are *transaction identifiers* of Delta, which stand in the commit, survive in
checkpoints, and make two commits that touch them conflict
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md#transaction-identifiers).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mews_frames._models import instant_text, read_instant
from mews_frames._sync.files import files_of, scan_files
from mews_frames._sync.identity import Identity
from mews_frames._sync.looked import Looked, read_looked, write_looked
from mews_frames._sync.state import (
    ADDED,
    EPOCH,
    MICROSECOND,
    SCOPE,
    SLICE,
    WATERMARK,
    Commit,
    MovedError,
    State,
)
from mews_frames._words import how_to_install
from mews_frames.errors import ConfigurationError, TableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import polars as pl
    from deltalake import CommitProperties, DeltaTable

    from mews_frames._sync.places import Place

__all__ = ["Table"]

KEPT = "interval 90 days"
PROPERTIES = {
    # Delta's own names and units: whoever wants more or less history alters them in the table.
    "delta.logRetentionDuration": KEPT,
    "delta.deletedFileRetentionDuration": KEPT,
    # Statistics would put guests' names into the log. Parquet has its own.
    "delta.dataSkippingNumIndexedCols": "0",
}
READER_VERSION = 1
"""Of Delta: what deltalake makes. Later ones allow rows that are in a file and do not count."""

CLEAN_EVERY = 20
"""Commits between two looks for files that are older than the history."""


class Table:
    """One Delta table.

    Parameters
    ----------
    place
        Where it lies.

    Raises
    ------
    ConfigurationError
        If the library is not there.
    """

    def __init__(self, place: Place) -> None:
        try:
            import deltalake
        except ImportError:
            raise ConfigurationError(
                "tables that grow are Delta tables, and the library deltalake is not installed"
                " (the extra 'delta' brings it)",
                hint=how_to_install("deltalake"),
            ) from None
        self.place = place
        self._delta = deltalake

    def open(self, version: int | None = None) -> DeltaTable | None:
        """Open it in a version, else in the newest one; None if there is no table.

        Raises
        ------
        TableError
            If it cannot be read.
        """
        self.place.check()
        errors = self._delta.exceptions
        try:
            opened = self._delta.DeltaTable(
                self.place.uri, version=version, storage_options=self._options
            )
        except errors.TableNotFoundError:
            if version is None:
                return None
            error: Exception | None = None
        except (errors.DeltaError, OSError) as caught:
            error = caught
        else:
            self._check_protocol(opened)
            return opened
        raise TableError(
            f"the table at {self.place} cannot be read"
            + ("" if version is None else f" in version {version}")
            + ("" if error is None else f": {self._said(error)}"),
            hint="is the place right, and may you read it?"
            if version is None
            else "history(), of deltalake.DeltaTable, lists the versions that are left",
        ) from error

    def _check_protocol(self, opened: DeltaTable) -> None:
        """See that its files alone say which rows there are: deletion vectors are not read."""
        asked = opened.protocol()
        if asked.min_reader_version > READER_VERSION:
            features = ", ".join(map(str, asked.reader_features or ())) or "column mapping"
            raise TableError(
                f"the table at {self.place} was altered by another tool, and asks of readers what"
                f" mews_frames does not know: {features}",
                hint="into= names another place; deltalake and Spark read what is here",
            )

    def state(self, opened: DeltaTable | None) -> State | None:
        """Say what state an opened table is in; None if there is none yet."""
        if opened is None:
            return None
        metadata, version = opened.metadata(), opened.version()
        added, watermark = (opened.transaction_version(name) for name in (ADDED, WATERMARK))
        if added is None or watermark is None:
            return State(version, EPOCH, EPOCH, None)
        if looked := read_looked(self.place, str(metadata.id), version):
            added, watermark = max(added, looked.added), max(watermark, looked.watermark)
        identity = Identity.from_text(metadata.description)
        return State(version, _instant(added), _instant(watermark), identity)

    def holds_all_of(self, opened: DeltaTable, scope: str) -> bool:
        """Say whether everything in a resolved scope was exported into it once."""
        return opened.transaction_version(SCOPE + scope) is not None

    def scan(self, opened: DeltaTable) -> pl.LazyFrame:
        """Scan an opened table, with the columns of ours."""
        return scan_files(files_of(opened), opened, self.place)

    def is_whole(self, opened: DeltaTable) -> bool:
        """Say whether the files of an earlier version are left, as far as that is quick to tell."""
        return not self.place.is_local or all(Path(path).exists() for path in files_of(opened))

    def scan_files_beside(self, opened: DeltaTable, other: DeltaTable) -> pl.LazyFrame | None:
        """Scan the files of a version that another one does not have; None if it has them all."""
        mine = sorted({*files_of(opened)} - {*files_of(other)})
        return scan_files(mine, opened, self.place) if mine else None

    def versions(self, opened: DeltaTable) -> list[tuple[int, datetime]]:
        """List the versions that are left, oldest first, with the instants they tell of.

        A version that others made (compacted, vacuumed) tells of the same instant as the one
        before.
        """
        known: list[tuple[int, datetime]] = []
        for entry in reversed(opened.history()):
            added = entry.get(ADDED)
            if added is not None:
                known.append((entry["version"], read_instant(added)))
            elif known:
                known.append((entry["version"], known[-1][1]))
        return known

    # ----------------------------------------------------------------------- commits

    def create(
        self, frames: Iterable[pl.DataFrame], schema: pl.Schema, identity: Identity, commit: Commit
    ) -> None:
        """Make the table with its first rows.

        Raises
        ------
        MovedError
            If somebody else was faster.
        TableError
            If it cannot be written.
        """
        self.place.prepare()
        self._write(
            self.place.uri,
            frames,
            schema,
            mode="error",
            partition_by=[SLICE],
            name=f"Mews {identity.entity_type}",
            description=identity.to_text(),
            configuration=PROPERTIES,
            storage_options=self._options,
            commit_properties=self._properties(commit),
        )

    def replace(
        self,
        opened: DeltaTable,
        slices: Sequence[int],
        frames: Iterable[pl.DataFrame],
        schema: pl.Schema,
        commit: Commit,
    ) -> None:
        """Put new rows in the place of whole slices, and move the watermark: one commit.

        Raises
        ------
        MovedError
            If the table is not any more as it was opened.
        TableError
            If it cannot be written.
        """
        self._write(
            opened,
            frames,
            schema,
            mode="overwrite",
            predicate=f"{SLICE} IN ({', '.join(map(str, slices))})",
            schema_mode="merge",  # a field that Mews added since
            commit_properties=self._properties(commit),
        )
        self._clean(opened)

    def look(self, opened: DeltaTable, commit: Commit) -> None:
        """Move the watermark where there is nothing to write: that makes no version.

        Raises
        ------
        TableError
            If that cannot be written.
        """
        table, version = str(opened.metadata().id), opened.version()
        there = read_looked(self.place, table, version)
        if there is not None and there.added >= _number(commit.added):
            return  # somebody else has looked later
        added, watermark = _number(commit.added), _number(commit.watermark)
        try:
            write_looked(self.place, Looked(table, version, added, watermark))
        except OSError as error:
            raise self._unwritten(error) from error
        finally:
            self.place.close_off()

    @property
    def _options(self) -> dict[str, str] | None:
        options = self.place.options
        return None if options is None else dict(options)

    def _properties(self, commit: Commit) -> CommitProperties:
        ids = {ADDED: _number(commit.added), WATERMARK: _number(commit.watermark)}
        if commit.scope is not None:
            ids[SCOPE + commit.scope] = _number(commit.added)
        return self._delta.CommitProperties(
            custom_metadata={
                ADDED: instant_text(commit.added),
                WATERMARK: instant_text(commit.watermark),
                "mews_frames.inserted": str(commit.inserted),
                "mews_frames.updated": str(commit.updated),
                "mews_frames.deleted": str(commit.deleted),
            },
            max_commit_retries=0,  # a table that has moved is looked at again, not written over
            app_transactions=[self._delta.Transaction(name, n) for name, n in ids.items()],
        )

    def _write(
        self, where: Any, frames: Iterable[pl.DataFrame], schema: pl.Schema, **options: Any
    ) -> None:
        errors = self._delta.exceptions
        try:
            self._delta.write_deltalake(
                where,
                _arrow_stream(frames, schema),
                writer_properties=self._delta.WriterProperties(
                    compression="ZSTD", compression_level=1, max_row_group_size=ROWS_PER_GROUP
                ),
                target_file_size=TARGET_FILE,
                **options,
            )
        except errors.CommitFailedError as error:
            raise MovedError from error
        except (errors.DeltaError, OSError) as error:
            if options["mode"] == "error" and self.open() is not None:
                raise MovedError from error
            raise self._unwritten(error) from error
        finally:
            self.place.close_off()

    def _unwritten(self, error: Exception) -> TableError:
        return TableError(
            f"the table at {self.place} was not written: {self._said(error)}",
            hint="it is as it was before; is there space, may you write there?",
        )

    def _said(self, error: Exception) -> str:
        """Say in a line what deltalake said; a URL in it may hold a key."""
        line = (str(error).splitlines() or [type(error).__name__])[0]
        return line.replace(self.place.uri, str(self.place))

    def _clean(self, opened: DeltaTable) -> None:
        """Remove files that no version within the history needs, now and then.

        Only those that the log once named: with `full` whatever else is old would go, and a user
        may keep files of their own beside the table.
        """
        if opened.version() % CLEAN_EVERY == 0 and opened.vacuum(dry_run=True, full=False):
            opened.vacuum(dry_run=False, full=False)
            self.place.close_off()


ROWS_PER_GROUP = 50_000
"""As in the cache (docs/decisions/0006)."""

TARGET_FILE = 1 << 30
"""Bytes: one file for a slice, whose size is decided by its rows."""


def _instant(number: int) -> datetime:
    return EPOCH + number * MICROSECOND


def _number(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def _arrow_stream(frames: Iterable[pl.DataFrame], schema: pl.Schema) -> Any:
    import polars as pl
    import pyarrow as pa

    level = pl.CompatLevel.oldest()
    arrow = pl.DataFrame(schema=schema).to_arrow(compat_level=level).schema
    batches = (
        batch
        for frame in frames
        for batch in frame.select(schema.names()).to_arrow(compat_level=level).to_batches()
    )
    return pa.RecordBatchReader.from_batches(arrow, batches)
