"""Where tables lie: in the user's folder for them, or where the caller says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mews_frames._frames.columns import Kept
from mews_frames._redact import without_query
from mews_frames._sync.files import hive_keys
from mews_frames._trust import flaw_at
from mews_frames.errors import InvalidArgumentError, TableError

if TYPE_CHECKING:
    from mews_frames._sync.identity import Identity

__all__ = ["Place", "find_place"]

LOG = "_delta_log"
"""The folder that makes a table of a folder."""

UNFIT = re.compile(
    r"[\[\]^|\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}" + (r"|\\" if os.name == "posix" else "")
)
"""What deltalake 1.6.6 does not find again, or panics at, in the path of a folder."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table lies.

    Attributes
    ----------
    uri
        A folder, or the URL of an object store.
    options
        What the object store wants to know, such as keys.
    private
        The user's folder of tables that nobody else may look into; None where the caller chose
        the place, and with it who sees it.
    """

    uri: str
    options: Mapping[str, str] | None = field(default=None, repr=False)
    private: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is a folder on this machine."""
        return "://" not in self.uri

    def __str__(self) -> str:
        return self.uri if self.is_local else without_query(self.uri)

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"

    def prepare(self) -> None:
        """Make the folders of a table of the user's, for nobody else to look into.

        Raises
        ------
        TableError
            If they cannot be made.
        """
        if self.private is None:
            return
        self.check()
        try:
            self.private.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.private, Path(self.uri).parent, Path(self.uri)):
                folder.mkdir(mode=0o700, exist_ok=True)
                if os.name == "posix":
                    folder.chmod(0o700)
        except OSError as error:
            raise TableError(
                f"no table can be kept at {self}: {error.strerror or type(error).__name__}",
                hint="into= names another place",
            ) from error

    def check(self) -> None:
        """See that nobody else can have written what lies in the user's folder of tables.

        Raises
        ------
        TableError
            If somebody could.
        """
        if self.private is None:
            return
        for folder in (self.private, Path(self.uri).parent, Path(self.uri)):
            if flaw := flaw_at(folder, folder=True):
                raise TableError(
                    f"the table at {self} is not used, for of {folder} it holds: {flaw}",
                    hint="put the folder right or remove it, or name another place with into=",
                )

    def close_off(self) -> None:
        """Take away from others what a commit wrote: Delta writes by the umask."""
        if self.private is None or os.name != "posix":
            return
        for path in Path(self.uri).rglob("*"):
            wanted = 0o700 if path.is_dir() else 0o600
            if path.exists() and path.stat().st_mode & 0o777 != wanted:
                path.chmod(wanted)


def find_place(
    into: str | os.PathLike[str] | None,
    options: Mapping[str, str] | None,
    *,
    folders: Sequence[Path],
    identity: Identity,
) -> Place:
    """Find out where a table lies.

    Parameters
    ----------
    into
        A folder or a URL, as the caller gave it.
    options
        For the object store.
    folders
        Of tables without a place of the caller's: where a new one goes, then older places, in
        which one may lie already.
    identity
        Whose rows they are.

    Raises
    ------
    InvalidArgumentError
        If it is no place.
    """
    _check_options(options)
    place = _find_place(into, options, folders=folders, identity=identity)
    _check_path(place, identity)
    return place


def _find_place(
    into: str | os.PathLike[str] | None,
    options: Mapping[str, str] | None,
    *,
    folders: Sequence[Path],
    identity: Identity,
) -> Place:
    if into is None:
        name = "-".join(filter(None, (identity.entity_type, identity.digest)))
        tables = [(folder / identity.account[:16] / name, folder) for folder in folders]
        there = (each for each in tables if (each[0] / LOG).exists())
        path, folder = next(there, tables[0])
        return Place(str(path), None, folder)
    text: object = os.fspath(into) if hasattr(into, "__fspath__") else into
    if not isinstance(text, str) or not text:
        raise InvalidArgumentError(
            f"into must be a folder or a URL, not {into!r}", hint='into="s3://bucket/orders"'
        )
    if "://" in text and not text.startswith("file://"):
        return Place(text.rstrip("/"), dict(options) if options else None)
    path = Path(_path_of(text) if "://" in text else text)
    return Place(str(path.expanduser().absolute()))


def _check_options(options: object) -> None:
    if options is None or (
        isinstance(options, Mapping)
        and all(isinstance(each, str) for pair in options.items() for each in pair)
    ):
        return
    raise InvalidArgumentError(  # without the values: they are keys to the store
        "storage_options must be a mapping from text to text",
        hint='storage_options={"AWS_REGION": "eu-central-1"}',
    )


def _path_of(url: str) -> str:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return url2pathname(urlsplit(url).path)


def _check_path(place: Place, identity: Identity) -> None:
    """Refuse a path at which rows would be written and not found again.

    Raises
    ------
    InvalidArgumentError
        If it is one.
    """
    if place.is_local and (unfit := UNFIT.search(place.uri)):
        raise InvalidArgumentError(
            f"deltalake finds no table again in a folder with {unfit[0]!r} in its path: {place}",
            hint="into= names another place",
        )
    keys = hive_keys(str(place))
    columns = {column.name for column in Kept(identity.entity_type).columns}
    for key in keys:
        if key in columns or key.startswith("_") or keys.count(key) > 1:
            raise InvalidArgumentError(
                f"Polars would read {key!r} as a column, from a folder in the path: {place}",
                hint="into= names another place",
            )
