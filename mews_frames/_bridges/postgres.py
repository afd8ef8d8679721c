"""Frames into PostgreSQL, through Arrow's database driver (ADBC): rows are added, or renewed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mews_frames._bridges.batches import batches_of, check_kinds, handed
from mews_frames._bridges.extras import need
from mews_frames._bridges.lazy import lazy_of
from mews_frames._bridges.nesting import without_nesting
from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

__all__ = ["to_postgresql"]

STAGE = "mews_frames_stage"
UPDATED = "UpdatedUtc"

INEXACT = {"real", "double precision"}

EXAMPLE = "postgresql://user:password@host:5432/hotel"
_LETTER = r"(?:[^\s%@/?#&=:,\[\]]|%(?!00)[0-9A-Fa-f]{2})"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|{_LETTER}*)(?::\d*)?"
ADDRESS = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?:[^\s%@/:]|%(?!00)[0-9A-Fa-f]{2})*(?::(?:[^\s%@/]|%(?!00)[0-9A-Fa-f]{2})*)?@)?"
    rf"{_HOST}(?:,{_HOST})*"
    r"(?:/(?:[^\s%@/?]|%(?!00)[0-9A-Fa-f]{2})*)?"
    r"(?:\?\w+=(?:[^\s%&=]|%(?!00)[0-9A-Fa-f]{2})*(?:&\w+=(?:[^\s%&=]|%(?!00)[0-9A-Fa-f]{2})*)*)?"
)
"""What libpq reads (its documentation, "Connection URIs"), but that a database has / written %2F:
so that a password with / or @ in it is not taken for a host and a database, which errors name."""

MOST_BYTES = 63
"""Of a name: PostgreSQL cuts what is longer, with no more than a notice."""


def to_postgresql(uri: str, tables: Mapping[str, Any], *, key: str = "Id") -> None:
    """Write frames; see `mews_frames.to_postgresql`."""
    dbapi = need("adbc_driver_postgresql.dbapi", "postgresql")
    frames = _checked(uri, tables, key)
    with _told(dbapi), dbapi.connect(uri) as connection, connection.cursor() as cursor:
        _take_turns(cursor, frames)
        for name, frame in frames.items():
            _write(cursor, name, frame, key)
        connection.commit()


def _checked(uri: Any, tables: Any, key: str) -> dict[str, pl.LazyFrame]:
    """Find out what goes in, before anything is connected."""
    import polars as pl
    import polars.selectors as cs

    _check_address(uri)
    if not isinstance(tables, Mapping) or not tables:
        raise InvalidArgumentError(
            "the tables must be a mapping from names to frames", hint='{"orders": frame}'
        )
    frames: dict[str, pl.LazyFrame] = {}
    for name, frame in tables.items():
        lazy = lazy_of(frame)
        check_kinds(lazy.collect_schema())
        lazy = without_nesting(lazy)
        # The driver would make bigint of it, whose upper half is negative.
        lazy = lazy.with_columns(cs.by_dtype(pl.UInt64).cast(pl.Decimal(20, 0)))
        names = lazy.collect_schema().names()
        if key not in names:
            raise InvalidArgumentError(
                f"the frame for the table {name!r} has no column {key!r} to tell its rows apart",
                hint="key= names another one",
            )
        for each in (name, *names):
            if not isinstance(each, str) or not 0 < len(each.encode()) <= MOST_BYTES:
                raise InvalidArgumentError(
                    f"{each!r} is no name in PostgreSQL: those have 1 to {MOST_BYTES} bytes"
                )
        frames[name] = lazy
    return frames


def _check_address(uri: Any) -> None:
    """Refuse an address before libpq does: that quotes what it does not understand."""
    if not isinstance(uri, str) or not uri.startswith(("postgresql://", "postgres://")):
        raise InvalidArgumentError(  # without the text: a password may stand in it
            "that is not the address of a PostgreSQL database", hint=f"such as {EXAMPLE}"
        )
    if not ADDRESS.fullmatch(uri):
        raise InvalidArgumentError(
            "the address of the PostgreSQL database cannot be read",
            hint=f"such as {EXAMPLE}; urllib.parse.quote(password, safe='') makes a password fit"
            " for it: %, /, @ and spaces are written %25, %2F, %40 and %20",
        )


def _take_turns(cursor: Any, names: Iterable[str]) -> None:
    """Let calls for the same table write one after the other, and not make it twice.

    Each lock lasts until the end of the transaction; in the order of names, so that no two calls
    wait for each other.
    """
    for name in sorted(names):
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", (STAGE, name))


def _write(cursor: Any, name: str, frame: pl.LazyFrame, key: str) -> None:
    """Put rows beside the table, then take them over in one statement."""
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{STAGE}")
    with handed(batches_of(frame)) as stream:
        cursor.adbc_ingest(STAGE, stream, mode="create", temporary=True)
    _make(cursor, name, key)
    names = frame.collect_schema().names()
    columns = ", ".join(map(_name, names))
    newest = f", {_name(UPDATED)} DESC NULLS LAST" if UPDATED in names else ""
    changes = ", ".join(f"{_name(n)} = excluded.{_name(n)}" for n in names if n != key)
    conflict = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
    if changes and UPDATED in names:  # an old window that is loaded again takes nothing back
        old, new = f"{_name(name)}.{_name(UPDATED)}", f"excluded.{_name(UPDATED)}"
        conflict += f" WHERE {old} IS NULL OR {new} >= {old}"
    cursor.execute(
        f"INSERT INTO {_name(name)} ({columns})"  # noqa: S608 - names are quoted
        f" SELECT DISTINCT ON ({_name(key)}) {columns} FROM pg_temp.{STAGE}"
        f" ORDER BY {_name(key)}{newest} ON CONFLICT ({_name(key)}) {conflict}"
    )
    cursor.execute(f"DROP TABLE pg_temp.{STAGE}")


def _make(cursor: Any, name: str, key: str) -> None:
    """Make the table if it is not there, and columns that it has not had yet."""
    known = _columns(cursor, _name(name))
    fresh = _columns(cursor, f"pg_temp.{STAGE}")
    if not known:
        columns = ", ".join(f"{_name(column)} {kind}" for column, kind in fresh.items())
        cursor.execute(f"CREATE TABLE {_name(name)} ({columns}, PRIMARY KEY ({_name(key)}))")
        return
    for column, kind in fresh.items():
        if column not in known:
            cursor.execute(f"ALTER TABLE {_name(name)} ADD COLUMN {_name(column)} {kind}")
        # Text is taken as it is or refused by itself; a cast of it would quote it in the error.
        elif kind not in {known[column], "text"}:
            _check_values(cursor, name, column, kind, known[column])


def _check_values(cursor: Any, table: str, column: str, kind: str, known: str) -> None:
    """Refuse values that a column of the table would change: PostgreSQL rounds without a word."""
    value = _name(column)
    cursor.execute(
        f"SELECT count(*) FROM pg_temp.{STAGE}"  # noqa: S608 - quoted; types are PostgreSQL's names
        f" WHERE {value} IS DISTINCT FROM {value}::{known}::{kind}"
    )
    (changed,) = cursor.fetchone()
    if changed:
        cast = 'cast the column of the frame; for money, money="decimal" is exact in pandas, too'
        alter = f"ALTER TABLE {_name(table)} ALTER {value} TYPE {kind}; or "
        raise InvalidArgumentError(
            f"{changed:,} values of the column {column!r} are {kind}; in the table {table!r} it is"
            f" {known}, which does not hold them as they are",
            hint=cast if kind in INEXACT else alter + cast,
        )


def _columns(cursor: Any, table: str) -> dict[str, str]:
    cursor.execute(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table,),
    )
    return dict(cursor.fetchall())


@contextmanager
def _told(dbapi: Any) -> Iterator[None]:
    try:
        yield
    except dbapi.Error as error:
        # What follows quotes the statement, and the row with a guest in it.
        words = re.split(r"\s(?:DETAIL|HINT|LINE \d+|Query was):", " ".join(str(error).split()))[0]
        if "Failed to connect: invalid" in words:  # a piece of the address that libpq quotes
            words = re.sub(r'".*"', '"..."', words)
        raise MewsError(
            f"PostgreSQL did not take the tables: {words}",
            hint="nothing was changed. Is the server there, does it know the user, does the table"
            " have a primary key of that column?",
        ) from None  # its frames hold the address, and perhaps a password


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
