"""Frames as tables of a DuckDB database, Parquet files as views of one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mews_frames._bridges.batches import batches_of, handed
from mews_frames._bridges.extras import need
from mews_frames._bridges.whole import swapped, target_file
from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["to_duckdb"]

STORAGE = "v1.2.0"
"""DuckDB's storage version: files of 2.0's own version cannot be opened by the drivers of BI tools,
which are at 1.2 to 1.5 (docs/decisions/0022)."""

INCOMING = "mews_frames_incoming"


def to_duckdb(database: Any, tables: Mapping[str, Any]) -> None:
    """Write frames as tables, and lists of Parquet files as views; all of them, or none.

    See `mews_frames.to_duckdb`.
    """
    duckdb = need("duckdb", "duckdb")
    sources = _checked(tables)
    if isinstance(database, duckdb.DuckDBPyConnection):
        with _told(duckdb, "the tables"), _transaction(database):
            _write(database, sources)
        return
    if not isinstance(database, str | os.PathLike):
        raise InvalidArgumentError(
            f"a {type(database).__name__} is no DuckDB database",
            hint="give the path of a file, or a connection of duckdb.connect",
        )
    if str(database).startswith(":memory:"):
        raise InvalidArgumentError(
            f"{str(database)!r} would be gone when the call ends",
            hint="give a connection of your own: duckdb.connect()",
        )
    target = target_file(database)
    _check_at_rest(target)
    with _told(duckdb, str(target)), swapped(target) as aside, duckdb.connect() as connection:
        connection.execute(f"ATTACH {_text(aside)} AS made (STORAGE_VERSION '{STORAGE}')")
        if target.exists():
            connection.execute(f"ATTACH {_text(target)} AS before (READ_ONLY)")
            connection.execute("COPY FROM DATABASE before TO made")
            connection.execute("DETACH before")
        connection.execute("USE made")
        _write(connection, sources)
        connection.execute("USE memory")
        connection.execute("DETACH made")  # all of it is in the file now, and no log beside it


def _checked(tables: Any) -> dict[str, Any]:
    """Find out what goes in, before anything is written."""
    if not isinstance(tables, Mapping) or not tables:
        raise InvalidArgumentError(
            "the tables must be a mapping from names to frames", hint='{"orders": frame}'
        )
    sources: dict[str, Any] = {}
    for name, source in tables.items():
        if not isinstance(name, str) or not name.strip():
            raise InvalidArgumentError(f"{name!r} is not the name of a table")
        if name.lower() in {other.lower() for other in sources}:
            raise InvalidArgumentError(f"{name!r} is there twice: DuckDB's names have no case")
        if isinstance(source, Sequence) and not isinstance(source, str | bytes):
            sources[name] = _parquet(name, source)
        else:
            sources[name] = batches_of(source)
    return sources


def _parquet(name: str, files: Sequence[Any]) -> list[str]:
    if not files:
        raise InvalidArgumentError(
            f"there is no Parquet file to make the view {name!r} of",
            hint="an export without rows has none: give its frame, which has all its columns",
        )
    paths = []
    for file in files:
        path = Path(file) if isinstance(file, str | os.PathLike) else None
        if path is None or not path.is_file():
            raise InvalidArgumentError(
                f"the view {name!r} cannot be made: {str(file)!r} is no file",
                hint="mf.cache.parts(export_id) lists the Parquet parts of a cached export",
            )
        paths.append(str(path.absolute()))
    return paths


def _check_at_rest(target: Path) -> None:
    log = target.with_name(target.name + ".wal")
    if log.exists():
        raise MewsError(
            f"{target} is not at rest: changes wait in {log.name}",
            hint="close whatever writes to it, or open it once with DuckDB, which takes them in",
        )


def _write(connection: Any, sources: Mapping[str, Any]) -> None:
    for name, source in sources.items():
        _drop(connection, name)
        if isinstance(source, list):
            files = ", ".join(_text(_literally(path)) for path in source)
            # Folders of the cache may be called a=b, which would make a column of them.
            query = f"FROM read_parquet([{files}], hive_partitioning = false)"
            connection.execute(f"CREATE VIEW {_name(name)} AS {query}")
            continue
        with handed(source) as stream:
            connection.register(INCOMING, stream)
            connection.execute(f"CREATE TABLE {_name(name)} AS FROM {INCOMING}")
            connection.unregister(INCOMING)  # if that failed, it goes with the transaction


def _drop(connection: Any, name: str) -> None:
    found = connection.execute(
        "SELECT table_type FROM information_schema.tables"
        " WHERE table_catalog = current_database() AND table_schema = current_schema()"
        " AND lower(table_name) = lower(?)",
        [name],
    ).fetchone()
    if found:
        kind = "VIEW" if found[0] == "VIEW" else "TABLE"
        connection.execute(f"DROP {kind} {_name(name)}")


@contextmanager
def _transaction(connection: Any) -> Iterator[None]:
    """Write all or nothing; within a transaction that the caller began, it is theirs to end."""
    if _number(connection) == _number(connection):
        yield
        return
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _number(connection: Any) -> int:
    """Give the number of the transaction; outside of one, each statement has one of its own.

    To try to begin one would not do: DuckDB gives up the caller's transaction at that.
    """
    (number,) = connection.execute("SELECT txid_current()").fetchone()
    return int(number)


@contextmanager
def _told(duckdb: Any, what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise MewsError(
            f"DuckDB did not write {what}: {str(error).splitlines()[0]}",
            hint="does another program hold the file, or is it of a newer DuckDB?"
            " What was there before is unchanged",
        ) from error


def _literally(path: str) -> str:
    """Spell a path so that DuckDB, which reads patterns, finds this file and no other."""
    return re.sub(r"[*?\[]", r"[\g<0>]", path)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"
