"""Client: opens the network, the clock and the disk, checks arguments, and runs the pipe."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

from mews_frames._bring import Bring
from mews_frames._cache.cache import Cache
from mews_frames._cache.journal import Journal
from mews_frames._cache.layout import Layout
from mews_frames._cache.mews_clock import MewsClock
from mews_frames._clock import SystemClock
from mews_frames._closing import Closing
from mews_frames._connector.connector import Connector, Credentials
from mews_frames._connector.http import Http
from mews_frames._exports.request import (
    Request,
    account_digest,
    make_request,
    make_scoped,
    read_seconds,
)
from mews_frames._exports.wait import Patience
from mews_frames._frames.columns import Kept, keep
from mews_frames._frames.reader import check_backend, default_money, to_backend
from mews_frames._known import check_export_id, known_exports
from mews_frames._many import share_options
from mews_frames._pieces import check_one_piece, load_pieces
from mews_frames._pipe import Pipe, Wanted
from mews_frames._progress import Teller
from mews_frames._redact import Secret, without_frames
from mews_frames._remote import Afar, Leave
from mews_frames._schemas import ENTITY_TYPES
from mews_frames._settings import Settings, find_settings, tables_dirs
from mews_frames._words import with_profile
from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import httpx
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from mews_frames._cache.manifest import Manifest
    from mews_frames._models import Export
    from mews_frames._shared import Lot, Shared
    from mews_frames._sync import Growing
    from mews_frames.typing import (
        AsOf,
        Backend,
        Clock,
        EntityType,
        Ids,
        Money,
        Posted,
        Progress,
        ProgressEvent,
        Seconds,
        Updated,
    )

__all__ = ["Client", "LoadExportOptions", "LoadOptions"]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What frames are to look like."""

    backend: Backend
    money: Money
    flatten: bool = field(kw_only=True)


class LoadExportOptions(TypedDict, total=False):
    """What `Client.load_export` takes besides an id and a backend."""

    columns: Sequence[str] | None
    flatten: bool
    money: Money | None
    cache: bool
    timeout: Seconds | None
    progress: Progress


class LoadOptions(LoadExportOptions, total=False):
    """What `Client.load_entities` takes besides an entity type and a backend."""

    updated: Updated | None
    posted: Posted | None
    enterprise_ids: Ids | None
    chain_ids: Ids | None
    max_age: Seconds | None
    refresh: bool


class Client(Closing):
    """One account at Mews, its cache, and the way between them. Threads may share it.

    Making a Client sends nothing and opens no connection; those of its calls that find their
    answer in the cache do not either. Every setting that is not given is looked for in the
    environment, then in the profile, then there is a default.

    Parameters
    ----------
    client_token
        Names the application at Mews. Else ``MEWS_CLIENT_TOKEN``.
    access_token
        Names the property or the portfolio. Else ``MEWS_ACCESS_TOKEN``.
    platform_address
        Scheme and host. Else ``MEWS_PLATFORM_ADDRESS``, else ``https://api.mews.com``.
    client_name
        Name and version that Mews sees. Else ``MEWS_FRAMES_CLIENT_NAME``, else this library's.
    cache_dir
        Folder of the cache. Else ``MEWS_FRAMES_CACHE_DIR``, else the system's place for caches.
    shared_cache
        A second level behind it, which a team shares: a folder, or any URL that fsspec knows
        (``s3://bucket/mews``). Else ``MEWS_FRAMES_SHARED_CACHE``, else none. Exports that
        anybody with the same tokens has added are not added again, and parts that anybody has
        brought there are fetched from there. Whoever can write there is trusted.
    profile
        A table ``[profiles.<name>]`` of the profile file. Else ``MEWS_FRAMES_PROFILE``, else
        ``default``. ``sandbox`` always exists.
    transport
        What carries HTTP requests; the network if left out.
    clock
        Where time comes from; the machine if left out.

    Raises
    ------
    ConfigurationError
        If a setting is missing or unusable; the message names every place looked at.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with mf.sandbox(rows=100, duration=0) as mews, TemporaryDirectory() as folder:
    ...     with mf.Client(mews.client_token, mews.access_token,
    ...                    platform_address=mews.address, cache_dir=folder) as client:
    ...         client.load_entities("OrderItem", backend="pandas", columns=["Id"]).shape
    (100, 2)
    """

    def __init__(
        self,
        client_token: str | None = None,
        access_token: str | None = None,
        *,
        platform_address: str | None = None,
        client_name: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        shared_cache: str | os.PathLike[str] | None = None,
        profile: str | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        given = Secret((client_token, access_token))
        del client_token, access_token  # viewers of tracebacks show what a frame holds
        settings = given.use(
            lambda tokens: find_settings(
                client_token=tokens[0],
                access_token=tokens[1],
                platform_address=platform_address,
                client_name=client_name,
                cache_dir=cache_dir,
                profile=profile,
                shared_cache=shared_cache,
            )
        )
        self._clock = clock or SystemClock()
        self._address = settings.platform_address
        self._profile = settings.profile
        self._http = Http(transport or _sandbox_transport(settings, self._clock))
        credentials = Credentials(
            settings.client_token, settings.access_token, settings.client_name
        )
        account = self._account = without_frames(
            lambda: account_digest(
                settings.platform_address,
                settings.client_token.reveal(),
                settings.access_token.reveal(),
            )
        )
        address, clock = settings.platform_address, self._clock
        insecure = address.startswith("http:")
        layout = self._layout = Layout(settings.cache_dir)
        mews_clock = MewsClock(layout, clock)
        cache = self._cache = Cache(layout, clock, mews_clock)
        self._connector = Connector(self._http, address, credentials, clock, mews_clock)
        shared = self._shared = _shared(settings, self._connector)
        self._bring = Bring(
            self._http,
            self._connector,
            layout,
            cache,
            clock,
            account,
            insecure=insecure,
            shared=shared,
        )
        self._pipe = Pipe(self._connector, layout, self._bring, account, shared)
        self._afar = Afar(
            self._http,
            lambda http: Connector(http, address, credentials, clock, mews_clock),
            clock,
            account,
            insecure,
            {"profile": settings.profile, "platform_address": address},
        )
        self._lazy_pipe = Pipe(self._connector, layout, Leave(), account, shared)

    def __repr__(self) -> str:
        if "_cache" not in vars(self):  # its settings were refused: a traceback asks all the same
            return "Client(...)"
        return f"Client({self._address!r}, cache at {str(self._cache.path)!r})"

    def _repr_html_(self) -> str:
        """Show in a notebook whom it asks, and where it keeps what it gets."""
        from mews_frames._display.card import client_page

        return client_page(self._address, self._cache)

    def close(self) -> None:
        """Close connections, if any are open. Frames that were loaded stay readable."""
        self._http.close()

    @property
    def cache(self) -> Cache:
        """The cache of this client."""
        return self._cache

    # ----------------------------------------------------------------------- one type

    @overload
    def load_entities(
        self,
        entity_type: EntityType,
        *,
        backend: Literal["polars"] = "polars",
        **options: Unpack[LoadOptions],
    ) -> pl.LazyFrame: ...
    @overload
    def load_entities(
        self,
        entity_type: EntityType,
        *,
        backend: Literal["pandas"],
        **options: Unpack[LoadOptions],
    ) -> pd.DataFrame: ...
    @overload
    def load_entities(
        self,
        entity_type: EntityType,
        *,
        backend: Literal["pyarrow"],
        **options: Unpack[LoadOptions],
    ) -> pa.Table: ...
    @overload
    def load_entities(
        self,
        entity_type: EntityType,
        *,
        backend: Backend,
        **options: Unpack[LoadOptions],
    ) -> Any: ...
    def load_entities(
        self,
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
    ) -> Any:
        """Load an entity type as one frame; see `mews_frames.load_entities`."""
        check_backend(backend, money)
        request = make_request(
            entity_type,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
        )
        shape = _Shape(backend, money or default_money(backend), flatten=flatten)
        with self._telling(progress) as teller:
            wanted = self._wanted(request, columns, max_age, teller, refresh=refresh)
            return self._load({entity_type: wanted}, timeout, shape, cache=cache)[entity_type]

    def start_export(
        self,
        entity_type: EntityType,
        *,
        updated: Updated | None = None,
        posted: Posted | None = None,
        enterprise_ids: Ids | None = None,
        chain_ids: Ids | None = None,
        max_age: Seconds | None = None,
        refresh: bool = False,
        progress: Progress = False,
    ) -> Export:
        """Find the export of a request, else add it, and return; see `mews_frames.start_export`."""
        request = make_request(
            entity_type,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
        )
        check_one_piece(request, self._connector)
        with self._telling(progress) as teller:
            wanted = self._wanted(request, None, max_age, teller, refresh=refresh)
            started = self._pipe.start(wanted, self._patience(None), at_once=True).export
            return replace(started, profile=self._profile)

    @overload
    def load_export(
        self,
        export_id: str,
        *,
        backend: Literal["polars"] = "polars",
        **options: Unpack[LoadExportOptions],
    ) -> pl.LazyFrame: ...
    @overload
    def load_export(
        self, export_id: str, *, backend: Literal["pandas"], **options: Unpack[LoadExportOptions]
    ) -> pd.DataFrame: ...
    @overload
    def load_export(
        self, export_id: str, *, backend: Literal["pyarrow"], **options: Unpack[LoadExportOptions]
    ) -> pa.Table: ...
    @overload
    def load_export(
        self, export_id: str, *, backend: Backend, **options: Unpack[LoadExportOptions]
    ) -> Any: ...
    def load_export(
        self,
        export_id: str,
        *,
        backend: Backend = "polars",
        columns: Sequence[str] | None = None,
        flatten: bool = True,
        money: Money | None = None,
        cache: bool = True,
        timeout: Seconds | None = None,
        progress: Progress = None,
    ) -> Any:
        """Wait for an export and load it; see `mews_frames.load_export`."""
        check_backend(backend, money)
        export_id = check_export_id(export_id)
        shape = _Shape(backend, money or default_money(backend), flatten=flatten)
        with self._telling(progress) as teller:
            asking = (export_id, columns, self._patience(timeout), teller)
            pipe, frame = self._way(shape, cache=cache)
            found = pipe.load_by_id(*asking)
            export: Export = getattr(found, "export", found)  # what is left at Mews is one
            return frame((found,), keep(export.entity_type, columns), shape)

    # ----------------------------------------------------------------------- several

    @overload
    def load_many(
        self,
        entity_types: Iterable[EntityType],
        *,
        backend: Literal["polars"] = "polars",
        **options: Unpack[LoadOptions],
    ) -> dict[str, pl.LazyFrame]: ...
    @overload
    def load_many(
        self,
        entity_types: Iterable[EntityType],
        *,
        backend: Literal["pandas"],
        **options: Unpack[LoadOptions],
    ) -> dict[str, pd.DataFrame]: ...
    @overload
    def load_many(
        self,
        entity_types: Iterable[EntityType],
        *,
        backend: Literal["pyarrow"],
        **options: Unpack[LoadOptions],
    ) -> dict[str, pa.Table]: ...
    @overload
    def load_many(
        self,
        entity_types: Iterable[EntityType],
        *,
        backend: Backend,
        **options: Unpack[LoadOptions],
    ) -> dict[str, Any]: ...
    def load_many(
        self,
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
    ) -> Any:
        """Load several entity types side by side; see `mews_frames.load_many`."""
        check_backend(backend, money)
        options = share_options(
            entity_types,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
            columns=columns,
        )
        requests = {name: make_request(name, **mine.request) for name, mine in options.items()}
        shape = _Shape(backend, money or default_money(backend), flatten=flatten)
        with self._telling(progress) as teller:
            wanted: dict[str, Wanted] = {
                name: self._wanted(request, options[name].columns, max_age, teller, refresh=refresh)
                for name, request in requests.items()
            }
            return self._load(wanted, timeout, shape, cache=cache)

    # ----------------------------------------------------------------------- tables that grow

    def sync_entities(
        self,
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
    ) -> pl.LazyFrame:
        """Bring a table up to date and scan it; see `mews_frames.sync_entities`."""
        from mews_frames._sync import Asking

        table = self._table(entity_type, into, columns, enterprise_ids, chain_ids, storage_options)
        lap, patience = read_seconds("overlap", overlap), self._patience(timeout)
        if as_of is None:
            asked = (self._pipe, self._bring, self._connector, table.request, patience)
            with self._telling(progress) as teller:
                ask = Asking(*asked, teller(entity_type).without_refresh())
                table.sync(ask, lap, reconcile=reconcile)
        elif reconcile:
            raise InvalidArgumentError(
                "as_of reads an earlier state, reconcile makes a new one", hint="leave one out"
            )
        return table.read(as_of=as_of, deleted=deleted)

    def changes(
        self,
        entity_type: EntityType,
        *,
        since: AsOf,
        into: str | os.PathLike[str] | None = None,
        columns: Sequence[str] | None = None,
        enterprise_ids: Ids | None = None,
        chain_ids: Ids | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """Give the rows of a table that have changed since; see `mews_frames.changes`."""
        table = self._table(entity_type, into, columns, enterprise_ids, chain_ids, storage_options)
        with _naming(self._profile):
            return table.changes(since)

    def _table(
        self,
        entity_type: EntityType,
        into: str | os.PathLike[str] | None,
        columns: Sequence[str] | None,
        enterprise_ids: Ids | None,
        chain_ids: Ids | None,
        storage_options: Mapping[str, str] | None,
    ) -> Growing:
        from mews_frames._sync import Growing

        request = make_scoped(entity_type, enterprise_ids=enterprise_ids, chain_ids=chain_ids)
        asked = keep(entity_type, columns)
        folders = tables_dirs(self._cache.path)
        return Growing.of(request, asked, self._account, into, storage_options, folders=folders)

    # ----------------------------------------------------------------------- knowledge

    def plan(
        self,
        entity_type: EntityType,
        *,
        updated: Updated | None = None,
        posted: Posted | None = None,
        enterprise_ids: Ids | None = None,
        chain_ids: Ids | None = None,
        columns: Sequence[str] | None = None,
        max_age: Seconds | None = None,
        refresh: bool = False,
    ) -> pl.DataFrame:
        """Say what the same call of `load_entities` would do, without doing or sending anything.

        It goes by what this machine remembers: what a shared cache or Mews would say is not
        asked. The time counts as Mews last told it.

        Parameters
        ----------
        entity_type, updated, posted, enterprise_ids, chain_ids, columns, max_age, refresh
            As in `mews_frames.load_entities`.

        Returns
        -------
        A row for each export that is needed, oldest window first: ``piece``; what the load
        ``does`` (``read`` it from the cache, ``download`` one that is finished, ``attach`` to one
        that is running, ``add`` a new one); ``id``, ``added`` and ``rows`` as far as there are
        any; ``usual_seconds``, the longest time that such exports took here of late; ``scope`` and
        ``filters`` as JSON.

        Raises
        ------
        InvalidArgumentError
            As `mews_frames.load_entities`.

        Examples
        --------
        >>> with mf.sandbox(rows=100) as mews, mews.client() as client:
        ...     before = client.plan("OrderItem")["does"].item()
        ...     orders = client.load_entities("OrderItem", progress=False)
        ...     before, client.plan("OrderItem")["does"].item(), len(mews.requests) > 0
        ('add', 'read', True)
        """
        from mews_frames._plan import plan_of

        request = make_request(
            entity_type,
            updated=updated,
            posted=posted,
            enterprise_ids=enterprise_ids,
            chain_ids=chain_ids,
        )
        nobody = Teller(None, entity_type, self._clock)
        wanted = self._wanted(request, columns, max_age, lambda _: nobody, refresh=refresh)
        return plan_of(wanted, self._layout, self._bring, self._account, self._connector.now())

    def exports(self) -> pl.DataFrame:
        """List what this machine knows of exports; see `mews_frames.exports`."""
        return known_exports(self._cache)

    def check(self, what: Any) -> pl.DataFrame:
        """Check what an auditor would; see `mews_frames.check`."""
        from mews_frames._bridges.lazy import lazy_of
        from mews_frames._check import check

        return check(what, self._load_whole, lazy_of)

    def _load_whole(self, named: str | Export) -> tuple[pl.LazyFrame, Export]:
        """Load an entity type or an export, and say what was asked of Mews for it."""
        if isinstance(named, str) and named in ENTITY_TYPES:
            named = self.start_export(named)
        export_id = check_export_id(named)
        frame = self.load_export(export_id)
        with self._telling(progress=False) as teller:  # it is in the cache by now
            manifest = self._pipe.load_by_id(export_id, None, self._patience(0), teller)
        return frame, manifest.export

    # ----------------------------------------------------------------------- inside

    def _patience(self, timeout: Seconds | None) -> Patience:
        return Patience(read_seconds("timeout", timeout), self._clock)

    @contextmanager
    def _telling(self, progress: Progress) -> Iterator[Callable[[str], Teller]]:
        """Tell of one call: to what shows it, to a callable, or to nobody."""
        profile = self._profile
        listening = _listening(progress, self._cache.path, self._clock, profile)
        with listening as listen, _naming(profile):
            yield lambda entity_type: Teller(listen, entity_type, self._clock, profile)

    def _wanted(
        self,
        request: Request,
        columns: Sequence[str] | None,
        max_age: Seconds | None,
        teller: Callable[[str], Teller],
        *,
        refresh: bool,
    ) -> Wanted:
        return Wanted(
            request,
            keep(request.entity_type, columns),
            teller(request.entity_type),
            max_age=read_seconds("max_age", max_age),
            refresh=refresh,
        )

    def _load(
        self,
        wanted: Mapping[str, Wanted],
        timeout: Seconds | None,
        shape: _Shape,
        *,
        cache: bool,
    ) -> dict[str, Any]:
        pipe, frame = self._way(shape, cache=cache)
        brought = load_pieces(wanted, pipe, self._connector, self._patience(timeout))
        return {name: frame(brought[name], one.kept, shape) for name, one in wanted.items()}

    def _way(self, shape: _Shape, *, cache: bool) -> tuple[Pipe[Any], Callable[..., Any]]:
        """Choose who brings exports, and who makes frames of them then."""
        if not cache:
            if shape.backend == "dask":
                raise InvalidArgumentError(
                    'backend="dask" reads Parquet parts, and cache=False leaves none',
                    hint="leave cache=False out; columns= keeps off the disk what may not be there",
                )
            return self._lazy_pipe, self._lazy_frame
        if shape.backend != "dask":
            return self._pipe, self._frame
        from mews_frames._bridges.cluster import BringOnCluster, active_cluster
        from mews_frames._bridges.extras import need

        need("dask.dataframe", "dask")  # before anything is asked of Mews
        cluster = active_cluster()
        if cluster is None or self._shared is None:
            return self._pipe, self._dask_frame
        bring = BringOnCluster(
            cluster,
            self._shared,
            self._connector,
            Journal(self._layout),
            self._clock,
            self._account,
            insecure=self._address.startswith("http:"),
        )
        pipe = Pipe(self._connector, self._layout, bring, self._account, self._shared)
        return pipe, self._cluster_frame

    def _dask_frame(self, manifests: Sequence[Manifest], kept: Kept, shape: _Shape) -> Any:
        from mews_frames._bridges.daskframe import frame_in_cache

        return frame_in_cache(
            manifests, kept, self._bring, flatten=shape.flatten, money=shape.money
        )

    def _cluster_frame(self, lots: Sequence[Lot], kept: Kept, shape: _Shape) -> Any:
        from mews_frames._bridges.daskframe import frame_in_store

        store: Any = self._shared and self._shared.store
        return frame_in_store(lots, kept, store, flatten=shape.flatten, money=shape.money)

    def _frame(self, manifests: Sequence[Manifest], kept: Kept, shape: _Shape) -> Any:
        frame = self._bring.scan(manifests, kept, flatten=shape.flatten, money=shape.money)
        return to_backend(frame, shape.backend, kept.entity_type)

    def _lazy_frame(self, exports: Sequence[Export], kept: Kept, shape: _Shape) -> Any:
        from mews_frames._bridges.lazily import scan_afar

        frame = scan_afar(exports, kept, self._afar, flatten=shape.flatten, money=shape.money)
        return to_backend(frame, shape.backend, kept.entity_type)


def _listening(
    progress: Progress, cache: Path, clock: Clock, profile: str | None
) -> AbstractContextManager[Callable[[ProgressEvent], None] | None]:
    if progress is None:
        from mews_frames._display.progress import automatic

        return automatic(cache, clock, profile)
    if progress is False:
        return nullcontext()
    if not callable(progress):
        raise InvalidArgumentError(
            f"progress must be None, False or a callable, not {progress!r}",
            hint="progress=print shows every event",
        )
    return nullcontext(progress)


@contextmanager
def _naming(profile: str | None) -> Iterator[None]:
    """Name the profile where an error, or what an interruption has to say, advises a call."""
    try:
        yield
    except MewsError as error:
        if error.hint is not None:
            error.hint = with_profile(error.hint, profile)
        raise
    except KeyboardInterrupt as interrupt:
        said = getattr(interrupt, "__notes__", [])
        said[:] = [with_profile(note, profile) for note in said]
        raise


def _shared(settings: Settings, connector: Connector) -> Shared | None:
    if settings.shared_cache is None:
        return None
    from mews_frames._bridges.stores import FsspecStore
    from mews_frames._shared import Shared

    return Shared(FsspecStore(settings.shared_cache), connector)


def _sandbox_transport(settings: Settings, clock: Clock) -> httpx.BaseTransport | None:
    if not settings.is_sandbox:
        return None
    from mews_frames._sandbox import profile_transport

    folder = settings.cache_dir.with_name(settings.cache_dir.name + "-sandbox")
    return profile_transport(
        folder,
        address=settings.platform_address,
        client_token=settings.client_token.reveal(),
        access_token=settings.access_token.reveal(),
        clock=clock,
    )
