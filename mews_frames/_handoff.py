"""Where frames go next: the analyst's own databases and tools, each through a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mews_frames.typing import BITool

__all__ = ["to_batches", "to_bi", "to_duckdb", "to_postgresql"]


def to_batches(frame: Any) -> pa.RecordBatchReader:
    """Stream a frame as Arrow record batches: for exports that are larger than memory.

    Parameters
    ----------
    frame
        Of `load_entities`, of any backend, or made of one. A LazyFrame is computed while the
        stream is read, and never held whole. Of pandas and dask, an index that has a name, such
        as the keys of a groupby, becomes columns.

    Returns
    -------
    A reader that can be read once: batches of at most 50,000 rows, in the order of the frame.
    DuckDB, pyarrow, ADBC and Polars take it as it is.

    Raises
    ------
    InvalidArgumentError
        If it is no frame, or Arrow has no type for a column of it.

    Examples
    --------
    >>> reader = mf.to_batches(mf.load_entities("Payment", profile="sandbox", columns=["Id"]))
    >>> reader.schema.names
    ['Id', '_rescued_data']
    >>> sum(batch.num_rows for batch in reader) > 1000
    True
    """
    from mews_frames._bridges.batches import batches_of

    return batches_of(frame)


def to_bi(
    frames: Any, folder: str | os.PathLike[str], tool: BITool = "powerbi"
) -> tuple[Path, ...]:
    """Write frames as files that a BI tool opens by itself.

    Structs become flat columns. Names of files and columns are the same each time, so that a
    report is refreshed by a second call. Each file is swapped in when it is whole; a tool that
    has the old one open goes on reading that.

    Parameters
    ----------
    frames
        From names of files to frames, of any backend; or one frame of an entity type, whose
        file is named after that.
    folder
        Made if it is not there.
    tool
        ``powerbi``: Parquet with decimals of 18 digits, instants in UTC without a zone, lists
        as JSON text. ``excel`` (extra ``bi``): a workbook with a sheet of rows, at most
        1,048,575, and the same instants, cut to the millisecond, and lists; text is never a
        formula, days before 1900 are text, infinity and NaN are refused. ``parquet``: Parquet
        with everything as it is, exact decimals, zones and lists.

    Returns
    -------
    The files: ``<name>.parquet`` and ``<name>.dictionary.csv``, which says what the columns
    mean; or ``<name>.xlsx``, with a sheet ``Dictionary`` for that.

    Raises
    ------
    ConfigurationError
        If the extra that is needed is not installed.
    InvalidArgumentError
        For what is no frame, has no name, or does not fit into the tool.
    MewsError
        If a file could not be written; the old one is unchanged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     orders = mf.load_entities("OrderItem", profile="sandbox")
    ...     [path.name for path in mf.to_bi(orders, folder, tool="powerbi")]
    ['OrderItem.parquet', 'OrderItem.dictionary.csv']
    """
    from mews_frames._bridges.bi import to_bi as write

    return write(frames, folder, tool)


def to_duckdb(
    database: str | os.PathLike[str] | Any,
    tables: Mapping[str, Any | Sequence[str | os.PathLike[str]]],
) -> None:
    """Write frames into a DuckDB database, as tables; or Parquet files, as views.

    Needs the extra ``duckdb``. Decimals stay decimals, instants ``TIMESTAMP WITH TIME ZONE``,
    lists and structs what they are. A table of the same name is replaced, others stay.

    Parameters
    ----------
    database
        Path of a database file, new or not: it is written aside and swapped in when it is
        whole, in the storage version of DuckDB 1.2, which the drivers of BI tools open. Or a
        connection of ``duckdb.connect``: one transaction, or within yours.
    tables
        From names to frames, of any backend; LazyFrames are streamed. A list of Parquet files,
        such as ``mf.cache.parts(export_id)``, becomes a view, which takes no space, and works
        as long as the files are there.

    Raises
    ------
    ConfigurationError
        If DuckDB is not installed.
    InvalidArgumentError
        For what is no frame, no database or no name.
    MewsError
        If it could not be written; what was there before is unchanged.

    Examples
    --------
    >>> import duckdb
    >>> connection = duckdb.connect()
    >>> mf.to_duckdb(connection, {"orders": mf.load_entities("OrderItem", profile="sandbox")})
    >>> connection.sql('SELECT count(*) FROM orders').fetchall()
    [(20000,)]
    """
    from mews_frames._bridges.ducks import to_duckdb as write

    write(database, tables)


def to_postgresql(uri: str, tables: Mapping[str, Any], *, key: str = "Id") -> None:
    """Write frames into tables of PostgreSQL: new rows are added, known ones brought up to date.

    Needs the extra ``postgresql``. One transaction: all tables or none. A table that is not there
    is made, with its primary key; columns that it has not had yet are added. A row that is there
    in a newer state (``UpdatedUtc``) stays; rows that the frame does not have stay, too. Decimals
    become ``numeric``, instants ``timestamptz``, lists JSON text.

    Parameters
    ----------
    uri
        ``postgresql://user@host:5432/database``; libpq's other ways to give a password
        (``PGPASSWORD``, ``~/.pgpass``) keep it out of your notebook.
    tables
        From names to frames, of any backend; LazyFrames are streamed.
    key
        The column that tells rows apart. Of several rows in a frame with the same key, the one
        with the greatest ``UpdatedUtc`` counts.

    Raises
    ------
    ConfigurationError
        If the driver is not installed.
    InvalidArgumentError
        For what is no frame, has no such key, or holds values that a column of the table would
        change: more digits than it keeps, for instance.
    MewsError
        If the server is not there, refuses, or does not take a row; nothing was changed then.

    Examples
    --------
    >>> orders = mf.load_entities("OrderItem", profile="sandbox")
    >>> mf.to_postgresql("mysql://host/hotel", {"orders": orders})
    Traceback (most recent call last):
        ...
    mews_frames.errors.InvalidArgumentError: that is not the address of a PostgreSQL database
    <BLANKLINE>
    hint: such as postgresql://user:password@host:5432/hotel
    """
    from mews_frames._bridges.postgres import to_postgresql as write

    write(uri, tables, key=key)
