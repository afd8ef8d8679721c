"""The one-line functions: open a Client, call it, close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from mews_frames._cache.cache import Cache, CacheEntry, Damage
from mews_frames._cache.layout import Layout
from mews_frames._cache.mews_clock import MewsClock
from mews_frames._client import Client, LoadExportOptions, LoadOptions
from mews_frames._clock import SystemClock
from mews_frames._frames.columns import keep, polars_schema
from mews_frames._known import check_export_id, described, drift_in, known_exports
from mews_frames._many import check_types
from mews_frames._models import Export
from mews_frames._schemas import ENTITY_TYPES, load_schema
from mews_frames._settings import find_cache_dir

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from mews_frames._sandbox import Sandbox
    from mews_frames.testing import Fault, Living
    from mews_frames.typing import (
        AsOf,
        Backend,
        Clock,
        EntityType,
        Ids,
        Money,
        Posted,
        Progress,
        Seconds,
        Updated,
    )

__all__ = [
    "cache",
    "cache_of",
    "changes",
    "check",
    "describe",
    "drift",
    "entity_types",
    "exports",
    "load_entities",
    "load_export",
    "load_many",
    "sandbox",
    "schema_of",
    "start_export",
    "sync_entities",
]


@overload
def load_entities(
    entity_type: EntityType,
    *,
    backend: Literal["polars"] = "polars",
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> pl.LazyFrame: ...
@overload
def load_entities(
    entity_type: EntityType,
    *,
    backend: Literal["pandas"],
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> pd.DataFrame: ...
@overload
def load_entities(
    entity_type: EntityType,
    *,
    backend: Literal["pyarrow"],
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> pa.Table: ...
@overload
def load_entities(
    entity_type: EntityType,
    *,
    backend: Backend,
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> Any: ...
def load_entities(
    entity_type: EntityType,
    *,
    backend: Backend = "polars",
    updated: Updated | None = None,
    posted: Posted | None = None,
    enterprise_ids: Ids | None = None,
    chain_ids: Ids | None = None,
    columns: Sequence[str] | None = None,
    flatten: bool = True,
    money: Money | None = None,
    max_age: Seconds | None = None,
    refresh: bool = False,
    cache: bool = True,
    timeout: Seconds | None = None,
    progress: Progress = None,
    profile: str | None = None,
) -> Any:
    """Load every record of an entity type as one typed frame.

    The first call finds or adds an export at Mews, waits for it (seconds to hours), downloads
    and decodes it, and keeps it on disk until Mews deletes it, about a week later. A call that
    asks for the same again is answered from disk in milliseconds and sends nothing. A call that
    was interrupted, here or in another process, goes on where it stopped.

    Parameters
    ----------
    entity_type
        One of `entity_types`, spelled as on the wire.
    backend
        ``polars`` gives a LazyFrame, which reads only what a query needs; ``pandas`` a DataFrame
        with Arrow dtypes and ``pyarrow`` a Table, both whole in memory; ``dask`` a DataFrame of
        Dask, one partition for each part, read when it is computed.
    updated
        Only records updated in this window: start included, end excluded, aware datetimes or
        ISO 8601 text with a zone; an end of None is now. More than 180 days take several
        exports, one after the other, merged by id. Mews exports only what is at least 5 minutes
        old; a younger end is moved, and that is said.
    posted
        First and last posting date, both included. `LedgerEntry` needs it, nothing else takes it.
    enterprise_ids, chain_ids
        Only these, 1 to 1000 UUIDs; which of the two an entity type takes is a matter of the
        type. Everything that the token reaches if left out.
    columns
        Columns to keep, leaves (``Amount.NetValue``) or whole fields (``Amount``), in the order
        of the schema. The others never reach the disk. ``_rescued_data`` always comes last.
    flatten
        One column for each leaf. Otherwise structs as in Mews.
    money
        ``decimal`` is exact, to six places; ``float`` is the nearest double. If left out:
        exact for polars and pyarrow, float for pandas and dask, whose sums need it.
    max_age
        Seconds, or a timedelta: use a cached export only if it was added less long ago.
    refresh
        Add a new export though a cached one would do. One that is running is waited for.
    cache
        False leaves the rows at Mews: they are read when the frame is collected, as far as the
        query needs them, and nothing but the journal is on disk.
    timeout
        Seconds to wait, for other exports of the type and for this one together; the download
        is not counted. As long as it takes if left out.
    progress
        None shows what fits: in notebooks a display that becomes a card of what was loaded, in
        terminals lines that change, elsewhere a line for each change. False is silent. A callable
        gets every `mews_frames.typing.ProgressEvent`.
    profile
        Settings to use; ``sandbox`` needs no account.

    Returns
    -------
    A frame with all columns of `schema_of`, whatever the data hold; one row a record, in the
    order in which Mews wrote them.

    Raises
    ------
    InvalidArgumentError
        For a call that cannot be right; nothing was sent.
    ConfigurationError
        If tokens or other settings are missing.
    ConnectorError
        If Mews refuses or does not answer; its subclasses say which.
    ExportError
        If Mews fails to make the export, or not in time.
    DownloadError, DecodeError
        If a part is damaged or short: never a frame that is shorter than it should be.
    CacheError
        If the disk is full, or the cache cannot be written.

    Examples
    --------
    >>> orders = mf.load_entities("OrderItem", profile="sandbox")
    >>> orders.select(pl.len()).collect().item()
    20000
    >>> revenue = (
    ...     orders.filter(pl.col("AccountingState").is_in(["Open", "Closed"]))
    ...     .group_by("Amount.Currency")  # they are never added up
    ...     .agg(pl.col("Amount.NetValue").sum())
    ...     .collect()
    ... )
    >>> sorted(revenue["Amount.Currency"])
    ['EUR', 'USD']
    """
    with _client_for(entity_type, profile) as client:
        return client.load_entities(
            entity_type,
            backend=backend,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
            columns=columns,
            flatten=flatten,
            money=money,
            max_age=max_age,
            refresh=refresh,
            cache=cache,
            timeout=timeout,
            progress=progress,
        )


@overload
def load_many(
    entity_types: Iterable[EntityType],
    *,
    backend: Literal["polars"] = "polars",
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> dict[str, pl.LazyFrame]: ...
@overload
def load_many(
    entity_types: Iterable[EntityType],
    *,
    backend: Literal["pandas"],
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> dict[str, pd.DataFrame]: ...
@overload
def load_many(
    entity_types: Iterable[EntityType],
    *,
    backend: Literal["pyarrow"],
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> dict[str, pa.Table]: ...
@overload
def load_many(
    entity_types: Iterable[EntityType],
    *,
    backend: Backend,
    profile: str | None = None,
    **options: Unpack[LoadOptions],
) -> dict[str, Any]: ...
def load_many(
    entity_types: Iterable[EntityType],
    *,
    backend: Backend = "polars",
    updated: Updated | None = None,
    posted: Posted | None = None,
    enterprise_ids: Ids | None = None,
    chain_ids: Ids | None = None,
    columns: Sequence[str] | None = None,
    flatten: bool = True,
    money: Money | None = None,
    max_age: Seconds | None = None,
    refresh: bool = False,
    cache: bool = True,
    timeout: Seconds | None = None,
    progress: Progress = None,
    profile: str | None = None,
) -> Any:
    """Load several entity types side by side.

    Mews makes exports of different types at the same time, so this takes as long as the slowest
    one; a single request asks how all of them are.

    Parameters
    ----------
    entity_types
        Of `entity_types`, each once.
    backend, flatten, money, max_age, refresh, cache, timeout, progress, profile
        As in `load_entities`, for all of them.
    updated, posted, enterprise_ids, chain_ids, columns
        As in `load_entities`; each goes to the types that take it. One that none of them takes
        is refused.

    Returns
    -------
    A frame for each entity type, by name.

    Raises
    ------
    MewsError
        As in `load_entities`: the first error, once all that could be loaded is in the cache.

    Examples
    --------
    >>> frames = mf.load_many(["Reservation", "OrderItem"], profile="sandbox")
    >>> sorted(frames)
    ['OrderItem', 'Reservation']
    """
    entity_types = check_types(entity_types)
    with Client(profile=profile) as client:
        return client.load_many(
            entity_types,
            backend=backend,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
            columns=columns,
            flatten=flatten,
            money=money,
            max_age=max_age,
            refresh=refresh,
            cache=cache,
            timeout=timeout,
            progress=progress,
        )


def start_export(
    entity_type: EntityType,
    *,
    updated: Updated | None = None,
    posted: Posted | None = None,
    enterprise_ids: Ids | None = None,
    chain_ids: Ids | None = None,
    max_age: Seconds | None = None,
    refresh: bool = False,
    progress: Progress = False,
    profile: str | None = None,
) -> Export:
    """Find the export that answers a request, else add one, and return at once.

    One request at most. The same call of `load_entities`, or `load_export` with the id, waits
    for it and loads it later, from this process or another one.

    Parameters
    ----------
    entity_type, updated, posted, enterprise_ids, chain_ids, max_age, refresh, progress, profile
        As in `load_entities`.

    Returns
    -------
    The export; its id is on disk already.

    Raises
    ------
    ExportAlreadyRunningError
        If Mews is at work on another export of this type.

    Examples
    --------
    >>> export = mf.start_export("Payment", profile="sandbox")
    >>> export.entity_type
    'Payment'
    """
    with _client_for(entity_type, profile) as client:
        return client.start_export(
            entity_type,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
            max_age=max_age,
            refresh=refresh,
            progress=progress,
        )


@overload
def load_export(
    export_id: str,
    *,
    backend: Literal["polars"] = "polars",
    profile: str | None = None,
    **options: Unpack[LoadExportOptions],
) -> pl.LazyFrame: ...
@overload
def load_export(
    export_id: str,
    *,
    backend: Literal["pandas"],
    profile: str | None = None,
    **options: Unpack[LoadExportOptions],
) -> pd.DataFrame: ...
@overload
def load_export(
    export_id: str,
    *,
    backend: Literal["pyarrow"],
    profile: str | None = None,
    **options: Unpack[LoadExportOptions],
) -> pa.Table: ...
@overload
def load_export(
    export_id: str,
    *,
    backend: Backend,
    profile: str | None = None,
    **options: Unpack[LoadExportOptions],
) -> Any: ...
def load_export(
    export_id: str,
    *,
    backend: Backend = "polars",
    columns: Sequence[str] | None = None,
    flatten: bool = True,
    money: Money | None = None,
    cache: bool = True,
    timeout: Seconds | None = None,
    progress: Progress = None,
    profile: str | None = None,
) -> Any:
    """Wait for an export and load it, whoever added it.

    Parameters
    ----------
    export_id
        UUID as text: of `start_export`, of `exports`, or from a colleague.
    backend, columns, flatten, money, cache, timeout, progress, profile
        As in `load_entities`.

    Returns
    -------
    A frame, as `load_entities` gives it.

    Raises
    ------
    InvalidArgumentError
        If the id is no UUID, or Mews does not show such an export to this token.
    ExportExpiredError
        If Mews has deleted its files.

    Examples
    --------
    >>> export = mf.start_export("Payment", profile="sandbox")
    >>> frame = mf.load_export(export.id, profile="sandbox", columns=["Type", "Amount.NetValue"])
    >>> frame.collect_schema().names()
    ['Amount.NetValue', 'Type', '_rescued_data']
    """
    export_id = check_export_id(export_id)
    with Client(profile=profile) as client:
        return client.load_export(
            export_id,
            backend=backend,
            columns=columns,
            flatten=flatten,
            money=money,
            cache=cache,
            timeout=timeout,
            progress=progress,
        )


def sync_entities(
    entity_type: EntityType,
    *,
    into: str | os.PathLike[str] | None = None,
    as_of: AsOf | None = None,
    reconcile: bool = False,
    deleted: bool = False,
    columns: Sequence[str] | None = None,
    enterprise_ids: Ids | None = None,
    chain_ids: Ids | None = None,
    overlap: Seconds | None = None,
    storage_options: Mapping[str, str] | None = None,
    timeout: Seconds | None = None,
    progress: Progress = None,
    profile: str | None = None,
) -> pl.LazyFrame:
    """Bring a table of all records up to date, exporting only what changed, and scan it.

    The first call exports everything into a Delta table. Later ones export what was updated since,
    an hour of overlap included, and put each record in the place of its earlier state, by ``Id``.
    Rows and watermark move in one commit: a call that ends early, wherever it is, leaves the table
    as it was, and the next one makes up for it. Where nothing differs, nothing is written.

    Records that are deleted at Mews do not show in what was updated: ``reconcile=True`` finds them
    (docs/explanation/what-sync-promises.md).

    Needs the extra ``delta``.

    Parameters
    ----------
    entity_type
        One of `entity_types`. A `LedgerEntry` has no time of update: the last 31 days of posting
        dates are exported again, and what is missing there is taken for deleted.
    into
        A folder, or the URL of an object store (``s3://``, ``az://``, ``gs://``). If left out: a
        folder for your data that only you can read, and that `cache` does not clear. A table
        holds what one token and one scope reach; to call for another one is refused.
    as_of
        Read an earlier state instead, and ask Mews nothing: a version, or an instant, which means
        the newest version that was synced by then. History is kept for 90 days.
    reconcile
        Export everything, and mark what vanished. As dear as the first call.
    deleted
        Give the records that are gone at Mews too, and ``_deleted_at`` before the last column:
        when that was noticed. Otherwise they are left out.
    columns
        Columns that the table holds, decided by the first call: the others never reach the disk.
        ``Id``, ``UpdatedUtc``, ``CreatedUtc`` and ``PostingDate`` always do. Later it chooses among
        them.
    enterprise_ids, chain_ids
        As in `load_entities`; part of the identity of a table.
    overlap
        Seconds, or a timedelta, before the watermark from which is exported again: what became
        visible at Mews later than that is only found by ``reconcile``. An hour if left out, for
        `LedgerEntry` 31 days; at most ten years.
    storage_options
        What the object store wants to know, as `deltalake.DeltaTable` takes it.
    timeout, progress, profile
        As in `load_entities`. What has changed is told by an event of stage ``synced``.

    Returns
    -------
    A LazyFrame in the shape of `load_entities`, pinned to this version; rows in no order.

    Raises
    ------
    InvalidArgumentError
        If the table holds the rows of another token, scope or type; nothing was sent.
    ConfigurationError
        If the library ``deltalake`` is not installed.
    TableError
        If the table cannot be read or written, or the state asked for is not left.
    MewsError
        As in `load_entities`.

    Examples
    --------
    >>> from mews_frames.testing import FakeClock
    >>> clock = FakeClock()
    >>> with mf.sandbox(rows=4000, clock=clock) as mews, mews.client() as client:
    ...     monday = client.sync_entities("Reservation", progress=False)
    ...     clock.move(86_400)
    ...     tuesday = client.sync_entities("Reservation", progress=False)
    ...     again = client.sync_entities("Reservation", as_of=0)
    ...     ids = [frame.select("Id").collect() for frame in (monday, tuesday, again)]
    >>> ids[0].height < ids[1].height, ids[0].height == ids[2].height
    (True, True)
    """
    with _client_for(entity_type, profile) as client:
        return client.sync_entities(
            entity_type,
            into=into,
            as_of=as_of,
            reconcile=reconcile,
            deleted=deleted,
            columns=columns,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
            overlap=overlap,
            storage_options=storage_options,
            timeout=timeout,
            progress=progress,
        )


def changes(
    entity_type: EntityType,
    *,
    since: AsOf,
    into: str | os.PathLike[str] | None = None,
    columns: Sequence[str] | None = None,
    enterprise_ids: Ids | None = None,
    chain_ids: Ids | None = None,
    storage_options: Mapping[str, str] | None = None,
    profile: str | None = None,
) -> pl.DataFrame:
    """Give the rows of a table of `sync_entities` that have changed since, without asking Mews.

    Only files that are not in both versions are read.

    Parameters
    ----------
    entity_type, into, columns, enterprise_ids, chain_ids, storage_options, profile
        As in `sync_entities`.
    since
        A version, or an instant: what the newest state is compared with.

    Returns
    -------
    A frame whose first column ``_change`` is ``inserted``, ``updated`` or ``removed``; then the
    columns of the table, as they are now, and for removed rows as they were last.

    Raises
    ------
    InvalidArgumentError
        If there is no such table.
    TableError
        If the state asked for is not left.

    Examples
    --------
    >>> from mews_frames.testing import FakeClock
    >>> clock = FakeClock()
    >>> with mf.sandbox(rows=4000, clock=clock) as mews, mews.client() as client:
    ...     for day in range(2):
    ...         _ = client.sync_entities("Reservation", progress=False)
    ...         clock.move(86_400)
    ...     changed = client.changes("Reservation", since=0, columns=["Id", "State"])
    >>> changed.columns, sorted(changed["_change"].unique())
    (['_change', 'Id', 'State', '_rescued_data'], ['inserted', 'updated'])
    """
    with _client_for(entity_type, profile) as client:
        return client.changes(
            entity_type,
            since=since,
            into=into,
            columns=columns,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
            storage_options=storage_options,
        )


def exports(*, profile: str | None = None) -> pl.DataFrame:
    """List the exports that this machine knows, newest first, without asking anybody.

    Mews cannot list exports: this list is all there is. It shows ids whole, and which exports are
    made up, those of the profile ``sandbox``.

    Parameters
    ----------
    profile
        Whose cache to look into.

    Returns
    -------
    A frame with the columns ``id``, ``type``, ``status`` (as last seen), ``added``, ``rows``
    and ``bytes`` (in the cache; null if it is not there), ``expires``, ``scope`` and
    ``filters`` (JSON).

    Examples
    --------
    >>> mf.exports(profile="sandbox").columns[:4]
    ['id', 'type', 'status', 'added']
    """
    return known_exports(cache_of(profile))


def entity_types() -> tuple[EntityType, ...]:
    """List what Mews exports, spelled as on the wire.

    Examples
    --------
    >>> mf.entity_types()[:3]
    ('OrderItem', 'Payment', 'Reservation')
    """
    return ENTITY_TYPES


def schema_of(entity_type: EntityType, *, flatten: bool = True) -> pl.Schema:
    """Give the columns of an entity type and their Polars types.

    Parameters
    ----------
    entity_type
        One of `entity_types`.
    flatten
        One column for each leaf; otherwise structs as in Mews.

    Raises
    ------
    InvalidArgumentError
        If Mews does not export such a type.

    Examples
    --------
    >>> schema = mf.schema_of("OrderItem")
    >>> schema["Amount.NetValue"], schema["ConsumedUtc"]
    (Decimal(precision=38, scale=6), Datetime(time_unit='us', time_zone='UTC'))
    """
    return polars_schema(keep(entity_type, None), flatten=flatten)


def describe(entity_type: EntityType) -> pl.DataFrame:
    """Say what the columns of an entity type mean.

    A notebook shows all of it, and not the first rows and words.

    Returns
    -------
    A frame with the columns ``column``, ``type``, ``meaning`` and ``values`` (of enums, as far
    as they are documented: new ones may come). A struct has a row of its own above its columns;
    ``TaxValues[].Code`` is a field of the elements of the list column ``TaxValues``.

    Raises
    ------
    InvalidArgumentError
        If Mews does not export such a type.

    Examples
    --------
    >>> mf.describe("OrderItem").filter(pl.col("column") == "AccountType")["values"].to_list()
    [['Company', 'Customer']]
    """
    return described(entity_type)


def drift(frame_or_export: Any, *, profile: str | None = None) -> pl.DataFrame:
    """List what Mews sent that is not in the schema, most frequent first.

    Parameters
    ----------
    frame_or_export
        A frame of any backend with its column ``_rescued_data``, or an `Export` or the id of
        one; that is loaded if it is not in the cache.
    profile
        Settings to use for an export.

    Returns
    -------
    A frame with the columns ``pointer`` (JSON Pointer; positions in lists as ``*``), ``type``
    (of JSON, or ``enum value`` for one that the docs do not list), ``rows`` and ``example`` (as
    JSON: it may be a guest's).

    Examples
    --------
    >>> orders = mf.load_entities("OrderItem", profile="sandbox")
    >>> mf.drift(orders).height
    0
    """
    from mews_frames._bridges.lazy import lazy_of

    if isinstance(frame_or_export, str | Export):
        export_id = check_export_id(frame_or_export)
        frame_or_export = load_export(export_id, progress=False, profile=profile)
    return drift_in(frame_or_export, lazy_of)


def check(what: Any, *, profile: str | None = None) -> pl.DataFrame:
    """Check what an auditor would: a small table, never an exception about the data.

    Unique ids; fields that Mews' docs require, unless they are deprecated or missing in the docs'
    own examples; gross = net + taxes, to the cent; one currency in what a sum would add up. Of an
    export also: rows within its window, and properties that were asked for and have no rows. Of
    several types together: foreign keys that lead nowhere.

    Parameters
    ----------
    what
        A frame of any backend, flat or nested; an `Export` or the id of one; or an entity type,
        whose export is found or added as by `load_entities`. Or a mapping of any of them by entity
        type, as `load_many` gives it.
    profile
        Settings to use for exports.

    Returns
    -------
    One row for each check: ``entity_type``, ``check``, ``column`` (null if it stands for several
    that are all right), ``rows`` looked at, ``failed`` (rows, or properties), ``example`` (the id
    of a row that failed; for currencies, which).

    Raises
    ------
    InvalidArgumentError
        If it is no frame, or its columns do not say of which entity type it is.

    Examples
    --------
    >>> frames = mf.load_many(["Reservation", "Payment"], profile="sandbox")
    >>> report = mf.check(frames)
    >>> report.filter(pl.col("check") == "unique ids")["failed"].to_list()
    [0, 0]
    >>> "foreign keys of Reservation" in report["check"]
    True
    """
    from mews_frames._bridges.lazy import lazy_of
    from mews_frames._check import check as checked

    def load(named: str | Export) -> tuple[pl.LazyFrame, Export]:
        if named not in ENTITY_TYPES:
            check_export_id(named)
        with Client(profile=profile) as client:
            return client._load_whole(named)  # noqa: SLF001 - public only by way of `check`

    return checked(what, load, lazy_of)


def sandbox(
    *,
    rows: int = 20_000,
    seed: int = 0,
    faults: Iterable[Fault] = (),
    clock: Clock | None = None,
    parts: int = 4,
    duration: float = 3.0,
    records: Mapping[str, Sequence[bytes] | Living] | None = None,
    port: int = 0,
) -> Sandbox:
    """Make a Mews of one's own: made-up hotels behind the documented rules, on loopback.

    Parameters
    ----------
    rows
        How many order items; the other types in proportion.
    seed
        Equal seeds make equal records.
    faults
        What goes wrong: see `mews_frames.testing`.
    clock
        Whose time it follows; the machine's if left out.
    parts
        How many files an export has, where there are rows enough.
    duration
        Seconds from add to Success.
    records
        Instead of made-up rows, by entity type: parts to serve exactly as they are, or
        `mews_frames.testing.Living` records.
    port
        Where it listens; 0 takes a free port.

    Returns
    -------
    A context manager; ``.client()`` gives a `Client`, ``.address`` a real socket,
    ``.client_token`` and ``.access_token`` made-up tokens, ``.requests`` what was sent to it,
    ``.properties`` and ``.names`` what exports do not say of its hotels.

    Raises
    ------
    InvalidArgumentError
        If a number makes no sense, or a key of ``records`` is no entity type.

    Examples
    --------
    >>> with mf.sandbox(rows=1000) as mews, mews.client() as client:
    ...     client.load_entities("OrderItem").select(pl.len()).collect().item()
    1000
    """
    from mews_frames._sandbox import sandbox as make

    return make(
        rows=rows,
        seed=seed,
        faults=faults,
        clock=clock,
        parts=parts,
        duration=duration,
        records=records,
        port=port,
    )


def _client_for(entity_type: EntityType, profile: str | None) -> Client:
    """Open a Client; a slip in what is asked for is told before tokens are missed."""
    load_schema(entity_type)
    return Client(profile=profile)


def cache_of(profile: str | None) -> Cache:
    """Open the cache of a profile, without tokens."""
    layout, clock = Layout(find_cache_dir(profile)), SystemClock()
    return Cache(layout, clock, MewsClock(layout, clock))


class _DefaultCache:
    """The cache that the one-line functions use; its folder is looked up at every use.

    See `mews_frames._cache.cache.Cache`, which `Client.cache` gives for one client.
    """

    def _cache(self) -> Cache:
        return cache_of(None)

    def __repr__(self) -> str:
        return repr(self._cache())

    def _repr_html_(self) -> str:
        """Show in a notebook what lies there."""
        return self._cache()._repr_html_()

    @property
    def path(self) -> Path:
        """The folder, whether it exists or not."""
        return self._cache().path

    def entries(self) -> tuple[CacheEntry, ...]:
        """List the exports in the cache, by id."""
        return self._cache().entries()

    def parts(self, export_id: str) -> tuple[Path, ...]:
        """List the Parquet parts of a cached export, in order: plain files for any tool."""
        return self._cache().parts(export_id)

    def size(self) -> int:
        """Sum up the bytes that the whole folder takes."""
        return self._cache().size()

    def prune(self) -> int:
        """Remove what expired more than a day ago; give the bytes that were freed."""
        return self._cache().prune()

    def clear(self, *, entity_type: EntityType | None = None, export_id: str | None = None) -> int:
        """Remove exports, expired or not: all, of one type, or one; give the bytes freed."""
        return self._cache().clear(entity_type=entity_type, export_id=export_id)

    def verify(self) -> tuple[Damage, ...]:
        """Read every file again and list what is not as it was written."""
        return self._cache().verify()


cache: _DefaultCache = _DefaultCache()
"""The cache of the one-line functions: ``.path .entries() .parts() .size()``, and ``.prune()
.clear() .verify()``."""
