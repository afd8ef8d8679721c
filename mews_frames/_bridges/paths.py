"""The paths of ``mews://``: an export is a folder, its parts are files."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from mews_frames._models import is_uuid
from mews_frames.errors import InvalidArgumentError

__all__ = ["MissingError", "Path", "ReadOnlyError", "part_path", "read_path"]

_PART = re.compile(r"part-([0-9]{5,9})\.jsonl")


class MissingError(InvalidArgumentError, FileNotFoundError):
    """There is no such path; also a FileNotFoundError, which other libraries catch."""


class ReadOnlyError(InvalidArgumentError, io.UnsupportedOperation):
    """Something was to be written or removed at Mews."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path that makes sense.

    Attributes
    ----------
    export_id
        None for the root.
    number
        Of a part, from 1; None for a folder.
    """

    export_id: str | None = None
    number: int | None = None


def part_path(export_id: str, number: int) -> str:
    """Name a part."""
    return f"{export_id}/part-{number:05}.jsonl"


def read_path(path: str) -> Path:
    """Read a path without its protocol.

    Raises
    ------
    MissingError
        If it cannot be the path of anything.
    """
    export_id, _, name = path.strip("/").partition("/")
    if not export_id:
        return Path()
    if not is_uuid(export_id):
        raise MissingError(
            f"{export_id!r} is not the id of an export: it is no UUID",
            hint="mews://<export id>/part-00001.jsonl; mf.exports() lists ids",
        )
    export_id = export_id.lower()
    if not name:
        return Path(export_id)
    found = _PART.fullmatch(name)
    number = int(found[1]) if found else 0
    if part_path(export_id, number) != f"{export_id}/{name}" or number < 1:
        raise MissingError(
            f"{name!r} names no part of export {export_id}",
            hint="parts are named part-00001.jsonl, part-00002.jsonl and so on",
            export_id=export_id,
        )
    return Path(export_id, number)
