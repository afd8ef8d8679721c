"""Frames as files that a BI tool opens by itself, with a dictionary of their columns."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mews_frames._bridges.excel import DICTIONARY, check_size, write_workbook
from mews_frames._bridges.extras import need
from mews_frames._bridges.lazy import lazy_of
from mews_frames._bridges.profiles import TOOLS, fitted, kind_of
from mews_frames._bridges.whole import swapped
from mews_frames._frames.columns import RESCUED, flat_columns
from mews_frames._known import described
from mews_frames._schemas import ENTITY_TYPES
from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from mews_frames.typing import BITool

__all__ = ["to_bi"]

MOST_LETTERS = 31
"""Of the name of an Excel sheet."""

# Names that Windows gives to devices, whatever their suffix, and spaces before it
# (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
DEVICES = {"con", "prn", "aux", "nul", *(d + n for d in ("com", "lpt") for n in "123456789¹²³")}


def to_bi(frames: Any, folder: str | os.PathLike[str], tool: BITool) -> tuple[Path, ...]:
    """Write frames for a tool; see `mews_frames.to_bi`."""
    if tool not in TOOLS:
        raise InvalidArgumentError(
            f"{tool!r} is not a tool that is known here", hint=f"one of {', '.join(TOOLS)}"
        )
    if tool == "excel":
        need("xlsxwriter", "bi")
    named = {name: fitted(lazy_of(frame), tool) for name, frame in _named(frames).items()}
    for name, frame in named.items():
        _check_name(name, tool)
        if sum(name.casefold() == other.casefold() for other in named) > 1:
            raise InvalidArgumentError(
                f"{name!r} is there twice: the names of files have no case on Windows and macOS"
            )
        if tool == "excel":
            check_size(frame, name)
    into = _folder(folder)
    return tuple(path for name, frame in named.items() for path in _write(frame, name, into, tool))


def _write(frame: pl.LazyFrame, name: str, folder: Path, tool: BITool) -> list[Path]:
    dictionary = _dictionary(frame, name, tool)
    if tool == "excel":
        book = folder / f"{name}.xlsx"
        _swap(book, lambda aside: write_workbook(aside, frame, dictionary, name=name))
        return [book]
    rows, words = folder / f"{name}.parquet", folder / f"{name}.dictionary.csv"
    _swap(rows, lambda aside: _write_parquet(frame, aside))
    _swap(words, dictionary.write_csv)
    return [rows, words]


def _write_parquet(frame: pl.LazyFrame, path: Path) -> None:
    # Opened here: given a name, Polars may make the file late, when an error has come and gone.
    with path.open("xb") as file:
        # snappy: the one compression that no reader of Parquet lacks
        frame.sink_parquet(file, compression="snappy")


def _swap(target: Path, write: Callable[[Path], Any]) -> None:
    from polars.exceptions import PolarsError

    with swapped(target) as aside:
        try:
            write(aside)
        except PolarsError as error:
            raise MewsError(
                f"{target} was not written: {str(error).splitlines()[0]}",
                hint="a number that is too large for the tool? cast or round that column first",
            ) from error


# --------------------------------------------------------------------------- what goes in


def _named(frames: Any) -> dict[str, Any]:
    if isinstance(frames, Mapping):
        if not frames:
            raise InvalidArgumentError("there is no frame to write", hint='{"OrderItem": frame}')
        return dict(frames)
    names = fitted(lazy_of(frames), "parquet").collect_schema().names()
    entity_type = _entity_type(names)
    if entity_type is None:
        raise InvalidArgumentError(
            "it does not show which entity type this frame is of, so its file has no name",
            hint='give it one: mf.to_bi({"revenue": frame}, folder)',
        )
    return {entity_type: frames}


def _entity_type(names: list[str]) -> str | None:
    """Find the one entity type that has all these columns; None if none has, or several have."""
    if RESCUED not in names:
        return None  # made of one of ours: that its names are those of a type may be chance
    asked = set(names) - {RESCUED}
    found = [each for each in ENTITY_TYPES if asked <= {c.name for c in flat_columns(each)}]
    return found[0] if len(found) == 1 else None


def _check_name(name: Any, tool: BITool) -> None:
    if (
        not isinstance(name, str)
        or not re.fullmatch(r"\w[\w .-]*", name)
        or name.endswith((" ", "."))
        or name.partition(".")[0].rstrip(" ").lower() in DEVICES
    ):
        raise InvalidArgumentError(
            f"{name!r} is not the name of a file", hint="letters, digits, and - _ . between them"
        )
    # Excel keeps "History" for itself.
    if tool == "excel" and (
        len(name) > MOST_LETTERS or name.lower() in {DICTIONARY.lower(), "history"}
    ):
        raise InvalidArgumentError(
            f"{name!r} cannot be the name of a sheet",
            hint=f"at most {MOST_LETTERS} letters",
        )


def _folder(folder: str | os.PathLike[str]) -> Path:
    if not isinstance(folder, str | os.PathLike):
        raise InvalidArgumentError(
            f"a {type(folder).__name__} is no folder",
            hint="name one; it is made if it is not there",
        )
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidArgumentError(
            f"{path} is no folder, and cannot be made one: {error.strerror}"
        ) from error
    return path.resolve()


def _dictionary(frame: pl.LazyFrame, name: str, tool: BITool) -> pl.DataFrame:
    """Say what the columns of a file mean, in the order of the file."""
    import polars as pl

    schema = frame.collect_schema()
    columns = pl.DataFrame(
        {
            "column": schema.names(),
            "type": [kind_of(kind, tool) for kind in schema.dtypes()],
        },
        schema={"column": pl.String, "type": pl.String},
    )
    entity_type = name if name in ENTITY_TYPES else _entity_type(schema.names())
    if entity_type is None:
        return columns
    words = described(entity_type).select("column", "meaning", pl.col("values").list.join(", "))
    return columns.join(words, on="column", how="left", maintain_order="left")
