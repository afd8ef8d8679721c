"""``mews://``: the parts of finished exports as a read-only fsspec file system.

Registered by an entry point: ``fsspec``, pandas, Dask and others open
``mews://<export id>/part-00001.jsonl`` by itself.
"""

from __future__ import annotations

import hashlib
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from mews_frames._bridges.ahead import FIRST, ReadAhead
from mews_frames._bridges.paths import MissingError, ReadOnlyError, part_path, read_path
from mews_frames._client import Client
from mews_frames.errors import ExportError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mews_frames._models import Export
    from mews_frames._remote import Afar, Remote

__all__ = ["MewsFileSystem"]

SIDE_BY_SIDE = 4
"""Ranges that are read at the same time."""


class MewsFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The parts of finished exports, read from Mews as they are needed. Threads may share it.

    Making one sends nothing. Settings that are not given are looked for as `mews_frames.Client`
    does. Links are renewed underneath. Tokens are in no pickle, repr or cache of instances: a
    file system that was pickled finds them again in the settings where it is opened.

    Parameters
    ----------
    client
        A Client whose account to use, instead of settings.
    **settings
        As for `mews_frames.Client`: ``profile``, ``client_token``, ``access_token``,
        ``platform_address``, ``client_name``, ``transport``, ``clock``.

    Examples
    --------
    >>> import pandas as pd
    >>> export = mf.start_export("Payment", profile="sandbox")
    >>> _ = mf.load_export(export.id, profile="sandbox", cache=False)  # waits for its end
    >>> path = f"mews://{export.id}/part-00001.jsonl"
    >>> pd.read_json(path, lines=True, nrows=50, storage_options={"profile": "sandbox"}).shape[0]
    50
    """

    protocol = "mews"
    root_marker = ""
    # fsspec would keep every instance for ever, and take those of two accounts for equal.
    cachable = False

    def __init__(
        self, *, client: Client | None = None, afar: Afar | None = None, **settings: Any
    ) -> None:
        fsspec_options = {
            name: settings.pop(name) for name in list(settings) if name in _FSSPEC_OPTIONS
        }
        super().__init__(**fsspec_options)
        if afar is None:
            client = _client(settings) if client is None else client
            if not isinstance(client, Client):
                raise InvalidArgumentError(
                    f"client must be a mews_frames.Client, not a {type(client).__name__}"
                )
            afar = client._afar  # noqa: SLF001 - one of our own; no part of what users see
        self._afar = afar
        self._remotes = afar.open()
        weakref.finalize(self, self._remotes.close)

    def __repr__(self) -> str:
        return f"MewsFileSystem({self._afar.settings['platform_address']!r})"

    def close(self) -> None:
        """Close the connections, if any are open. They close, too, when nobody uses it any more."""
        self._remotes.close()

    # ----------------------------------------------------------------------- secrets

    @property
    def storage_options(self) -> dict[str, Any]:
        """What makes another one of the same account, where the settings hold its tokens.

        fsspec pickles these, and writes them as JSON.
        """
        return {name: value for name, value in self._afar.settings.items() if value is not None}

    @storage_options.setter
    def storage_options(self, options: dict[str, Any]) -> None:
        """Forget what fsspec would remember: the tokens are in it."""

    @property
    def _fs_token(self) -> str:
        text = f"{type(self).__qualname__}\n{self._afar.account}"
        return hashlib.sha256(text.encode()).hexdigest()

    # ----------------------------------------------------------------------- what there is

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002 - of fsspec
        """List the parts of an export."""
        where = read_path(self._strip_protocol(path))
        if where.export_id is None:
            raise InvalidArgumentError(
                "mews:// cannot be listed: Mews has no operation that lists exports",
                hint="mf.exports() lists those that this machine knows",
            )
        if where.number is not None:
            found = [self.info(path)]
        else:
            files = self._remote(where.export_id).export.files
            found = [_file_info(where.export_id, number, size) for number, size in files]
        return found if detail else [entry["name"] for entry in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Describe an export or a part: name, size in bytes, type."""
        where = read_path(self._strip_protocol(path))
        if where.export_id is None:
            return {"name": "", "size": 0, "type": "directory"}
        export = self._remote(where.export_id).export
        if where.number is None:
            return {"name": export.id, "size": 0, "type": "directory"}
        if where.number > len(export.files):
            raise MissingError(
                f"export {export.id} of {export.entity_type} has {len(export.files)} parts; there"
                f" is no part {where.number}",
                hint=f'fs.ls("mews://{export.id}") lists them',
                export_id=export.id,
                part=where.number,
            )
        return _file_info(export.id, where.number, export.files[where.number - 1].size)

    def exists(self, path: str, **_: Any) -> bool:
        """Say whether there is something to read; that Mews does not answer is an error."""
        try:
            self.info(path)
        except (MissingError, ExportError):
            return False
        return True

    def invalidate_cache(self, path: str | None = None) -> None:  # noqa: ARG002 - of fsspec
        """Ask Mews again, the next time."""
        self._remotes.forget()

    def expect(self, export: Export) -> None:
        """Take note of an export that was seen before; Mews is asked when a part is read."""
        self._remotes.expect(export)

    # ----------------------------------------------------------------------- what is in it

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Read a part, or the bytes between two offsets; negative ones count from its end."""
        remote, number, size = self._part(path)
        first, stop, _step = slice(start, end).indices(size)
        return remote.read(number, first, stop) if first < stop else b""

    def cat_ranges(
        self,
        paths: Sequence[str],
        starts: int | Sequence[int | None] | None,
        ends: int | Sequence[int | None] | None,
        max_gap: int | None = None,  # noqa: ARG002 - of fsspec; ranges are not merged
        on_error: str = "return",
        **_: Any,
    ) -> list[Any]:
        """Read several ranges side by side."""
        ranges = (paths, _for_each(starts, paths), _for_each(ends, paths))

        def read(path: str, start: int | None, end: int | None) -> bytes | Exception:
            try:
                return self.cat_file(path, start, end)
            except Exception as error:
                if on_error == "return":
                    return error
                raise

        with ThreadPoolExecutor(SIDE_BY_SIDE, "mews-range") as pool:
            return list(pool.map(read, *ranges))

    def serves_ranges(self, path: str) -> bool:
        """Say whether a part can be read in any order at no extra cost, as far as is known."""
        remote, number, _size = self._part(path)
        return remote.serves_ranges(number)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: ARG002, FBT001, FBT002 - of fsspec
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> MewsFile:
        if mode != "rb":
            self._refuse()
        options.pop("size", None)  # Mews knows better
        cache_type = options.pop("cache_type", None) or ReadAhead.name
        *_, size = self._part(path)
        return MewsFile(
            self,
            path,
            block_size=block_size or FIRST,
            cache_type=cache_type,
            cache_options=cache_options,
            size=size,
            **options,
        )

    def _part(self, path: str) -> tuple[Remote, int, int]:
        info = self.info(path)
        where = read_path(info["name"])
        if where.export_id is None or where.number is None:
            raise InvalidArgumentError(
                f"mews://{info['name']} is a folder: only parts can be read",
                hint=f"such as mews://{part_path(where.export_id or '<export id>', 1)}",
                export_id=where.export_id,
            )
        return self._remote(where.export_id), where.number, info["size"]

    def _remote(self, export_id: str) -> Remote:
        remote = self._remotes.get(export_id)
        if remote is None:
            raise MissingError(
                f"Mews does not know an export {export_id}, or does not show it to this token",
                hint="mf.exports() lists those that this machine knows",
                export_id=export_id,
            )
        return remote

    # ----------------------------------------------------------------------- what cannot be done

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise ReadOnlyError(
            "mews:// is read-only: exports cannot be written, moved or removed",
            hint="Mews deletes them by itself, about a week after they were made",
        )

    mkdir = makedirs = rmdir = touch = pipe = pipe_file = put = put_file = _refuse
    cp_file = copy = mv = rm = rm_file = _rm = start_transaction = _refuse

    def sign(self, path: str, expiration: int = 100, **_: Any) -> NoReturn:  # noqa: ARG002 - of fsspec
        """Refuse to give a signed link away: whoever has it can read the part."""
        raise InvalidArgumentError(
            "mews:// gives no signed links away", hint="open the part, and read it"
        )


class MewsFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A part that is read in blocks, as they are needed."""

    DEFAULT_BLOCK_SIZE = FIRST

    def _fetch_range(self, start: int, end: int) -> bytes:
        data: bytes = self.fs.cat_file(self.path, start=start, end=end)
        return data


_FSSPEC_OPTIONS = {
    "asynchronous",
    "listings_expiry_time",
    "loop",
    "max_paths",
    "skip_instance_cache",
    "use_listings_cache",
}


def _client(settings: dict[str, Any]) -> Client:
    try:
        return Client(**settings)
    except TypeError:
        unknown = ", ".join(sorted(settings))  # names only: values may be tokens
    raise InvalidArgumentError(
        f"the options of mews:// are those of mf.Client, and client; given were {unknown}"
    )


def _for_each(value: Any, paths: Sequence[str]) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        return [value] * len(paths)
    if len(value) != len(paths):
        raise InvalidArgumentError(
            f"{len(paths)} paths go with as many starts and ends, not with {len(value)}"
        )
    return value


def _file_info(export_id: str, number: int, size: int) -> dict[str, Any]:
    return {"name": part_path(export_id, number), "size": size, "type": "file"}
