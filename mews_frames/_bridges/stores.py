"""A shared cache in any place that fsspec reaches: a folder, S3, Azure, Google, SFTP, memory."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mews_frames._redact import without_queries, without_query
from mews_frames._words import how_to_install
from mews_frames.errors import CacheError, ConfigurationError, MewsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["FsspecStore"]

T = TypeVar("T")

OBJECT_STORES = {"abfs", "abfss", "adl", "az", "gcs", "gs", "memory", "s3", "s3a"}
"""Where an object appears whole or not at all, and folders are only names. Elsewhere a file is
written under another name and moved, so that nobody reads half of one."""

LIBRARIES = {"s3": "s3fs", "s3a": "s3fs"}


class FsspecStore:
    """Named bytes below a URL. Nothing is opened before something is asked. Threads may share it.

    Parameters
    ----------
    url
        A folder, or a URL of a file system of fsspec. Its options and credentials are those of
        that file system: environment, files of its own, fsspec's configuration.

    Raises
    ------
    ConfigurationError
        For a URL that cannot be one.
    """

    def __init__(self, url: str) -> None:
        self._lock = threading.Lock()
        self._opened: tuple[Any, str] | None = None
        self._protocol = urlsplit(url).scheme if "://" in url else "file"
        # Processes that a store travels to stand in other folders.
        is_path = "://" not in url and "::" not in url
        self._url = os.path.abspath(os.path.expanduser(url)) if is_path else url  # noqa: PTH100, PTH111 - as fsspec
        if "::" in url:
            raise ConfigurationError(
                f"the shared cache {self} is a chain of file systems",
                hint="name the place itself: a cache in between would serve what is gone",
            )

    def __str__(self) -> str:
        if self._protocol == "file":
            return self._url
        return without_query(self._url)  # user and password may stand before the host

    def __reduce__(self) -> tuple[Any, ...]:
        return FsspecStore, (self._url,)

    def __repr__(self) -> str:
        return f"FsspecStore({str(self)!r})"

    # ----------------------------------------------------------------------- verbs

    def read(self, name: str) -> bytes | None:
        """Give the bytes of a name; None if there is none."""

        def do(fs: Any, root: str) -> bytes | None:
            try:
                data: bytes = fs.cat_file(f"{root}/{name}")
            except FileNotFoundError:
                self._check_place(fs, root)
                return None
            return data

        return self._do("read", do)

    def write(self, name: str, data: bytes) -> None:
        """Put bytes under a name, in place of what was there."""
        self._do("written", lambda fs, root: self._place(fs, root, name, data, fs.pipe_file))

    def put(self, path: Path, name: str) -> None:
        """Put a file under a name."""
        self._do(
            "written",
            lambda fs, root: self._place(
                fs, root, name, str(path), lambda to, local: fs.put_file(local, to)
            ),
        )

    def get(self, name: str, path: Path) -> bool:
        """Copy a name into a file; say whether it was there."""

        def do(fs: Any, root: str) -> bool:
            try:
                fs.get_file(f"{root}/{name}", str(path))
            except FileNotFoundError:
                return False
            return True

        return self._do("read", do)

    def names(self, folder: str) -> list[str]:
        """List the last parts of the names right below a folder."""

        def do(fs: Any, root: str) -> list[str]:
            fs.invalidate_cache()
            try:
                found = fs.ls(f"{root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
            return [str(path).rstrip("/").rpartition("/")[2] for path in found]

        return self._do("read", do)

    def touched(self, folder: str) -> float | None:
        """Say when something below a folder was last written, in seconds since 1970."""

        def do(fs: Any, root: str) -> float | None:
            try:
                times = [fs.modified(path).timestamp() for path in fs.find(f"{root}/{folder}")]
            except (FileNotFoundError, NotImplementedError):
                return None
            return max(times, default=None)

        return self._do("read", do)

    def remove(self, folder: str) -> None:
        """Remove everything below a folder."""

        def do(fs: Any, root: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                fs.rm(f"{root}/{folder}", recursive=True)

        self._do("written", do)

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[Any]:
        """Open a name for reading here and there: Parquet begins at its end."""
        with self._do("read", lambda fs, root: fs.open(f"{root}/{name}", "rb")) as file:
            try:
                yield file
            except MewsError:
                raise
            except Exception as error:  # of the file system, or of a reader that finds it damaged
                raise CacheError(
                    f"{name} in the shared cache at {self} cannot be read: {_words(error)}",
                    hint="is the place reachable? If the file is damaged, refresh=True brings a"
                    " new export",
                ) from error

    # ----------------------------------------------------------------------- inside

    def _place(
        self, fs: Any, root: str, name: str, what: Any, write: Callable[[str, Any], Any]
    ) -> None:
        target = f"{root}/{name}"
        if self._protocol in OBJECT_STORES:
            write(target, what)
            return
        fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        aside = f"{target}.{secrets.token_hex(8)}.tmp"
        try:
            write(aside, what)
            fs.mv(aside, target)
        except BaseException:
            with contextlib.suppress(Exception):
                fs.rm_file(aside)
            raise

    def _check_place(self, fs: Any, root: str) -> None:
        """Tell a bucket that does not exist from one that is empty."""
        bucket = root.partition("/")[0]
        if self._protocol in {"s3", "s3a"} and not fs.exists(bucket):
            raise FileNotFoundError(2, f"there is no bucket {bucket!r}")

    def _do(self, what: str, do: Callable[[Any, str], T]) -> T:
        try:
            return do(*self._open())
        except MewsError:
            raise
        except Exception as error:  # every file system has errors of its own
            raise CacheError(
                f"the shared cache at {self} cannot be {what}: {_words(error)}",
                hint="is it reachable, and do your credentials for it count? Without shared_cache="
                " and MEWS_FRAMES_SHARED_CACHE everything works, on this machine alone",
            ) from error

    def _open(self) -> tuple[Any, str]:
        with self._lock:
            if self._opened is None:
                self._opened = self._opened_now()
            return self._opened

    def _opened_now(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        try:
            # Listings of a minute ago would hide what another machine has just written; and an
            # instance that fsspec has kept, credentials that have changed since.
            fs, root = url_to_fs(self._url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            library = LIBRARIES.get(self._protocol)
            raise ConfigurationError(
                f"the shared cache at {self} needs a library that is not installed: {error}",
                hint=how_to_install(library) if library else "install it with pip",
            ) from error
        except ValueError as error:
            raise ConfigurationError(
                f"the shared cache {self} is no place that fsspec knows: {error}",
                hint="a folder, or a URL such as s3://bucket/mews",
            ) from error
        if self._protocol == "file" and not fs.isdir(root):
            raise ConfigurationError(
                f"there is no folder {self}, where the shared cache should be",
                hint="is the drive there? If it is, make the folder first",
            )
        return fs, str(root).rstrip("/")


def _words(error: Exception) -> str:
    """Say what was wrong, without the URLs in it: they may be signed."""
    text = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {without_queries(text)}" if text else type(error).__name__
