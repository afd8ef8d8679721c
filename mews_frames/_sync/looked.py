"""What a look told that found nothing new: a small file beside the rows.

A table that does not change makes no versions, and yet it is known to be complete up to a later
instant. Delta has no place for that but a version, so it lies in a file of its own; a name that
begins with ``_`` is left alone by everybody's vacuum
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md#file-types).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mews_frames._sync.places import Place

__all__ = ["Looked", "read_looked", "write_looked"]

NAME = "_mews_frames_looked.json"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was known of a table when it was last compared with Mews.

    Attributes
    ----------
    table
        Delta's own id of it: another table in the same place is another one.
    version
        The newest version then.
    added, watermark
        As in `mews_frames._sync.state.State`, in microseconds.
    """

    table: str
    version: int
    added: int
    watermark: int


def read_looked(place: Place, table: str, version: int) -> Looked | None:
    """Read what a look told of a table; None if none did that can be believed.

    Parameters
    ----------
    place
        Where the table lies.
    table
        Its id.
    version
        Its newest version. One that is older than what was looked at was put back from elsewhere,
        and lacks rows.
    """
    try:
        said = _read(place)
        numbers = [int(said[name]) for name in ("version", "added", "watermark")]
        looked = Looked(str(said["table"]), *numbers)
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError):  # not there, or damaged
        return None
    return looked if looked.table == table and looked.version <= version else None


def write_looked(place: Place, looked: Looked) -> None:
    """Write what a look told.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    values = {name: getattr(looked, name) for name in Looked.__slots__}
    if place.is_local:
        # By the umask, as deltalake writes the rest: whoever reads the table reads this too.
        aside = Path(place.uri, f"{NAME}.{secrets.token_hex(8)}.tmp")
        try:
            aside.write_text(json.dumps(values) + "\n", "utf-8")
            aside.replace(Path(place.uri, NAME))
        finally:
            aside.unlink(missing_ok=True)
        return
    import polars as pl

    try:
        pl.LazyFrame(values).sink_ndjson(
            f"{place.uri}/{NAME}", storage_options=_options(place), credential_provider=None
        )
    except pl.exceptions.PolarsError as error:
        raise OSError(str(error)) from error


def _read(place: Place) -> Any:
    if place.is_local:
        return json.loads(Path(place.uri, NAME).read_text("utf-8"))
    import polars as pl

    try:
        scan = pl.scan_ndjson(
            f"{place.uri}/{NAME}", storage_options=_options(place), credential_provider=None
        )
        return scan.collect().row(0, named=True)
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from error


def _options(place: Place) -> dict[str, str] | None:
    return None if place.options is None else dict(place.options)
