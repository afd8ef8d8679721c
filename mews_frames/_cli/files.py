"""Write a frame to a file or to stdout: whole or not at all, and streamed, never held in memory."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mews_frames._bridges.nesting import without_nesting
from mews_frames._bridges.whole import aside
from mews_frames._cli.talk import reader_is_gone
from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = ["FORMATS", "SUFFIXES", "Target", "find_target", "write"]

SUFFIXES = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
}
FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
TEXT = {"csv", "jsonl"}
STDOUT = "-"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What is no text to a terminal, but for tabs and the ends of lines."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a frame goes.

    Attributes
    ----------
    path
        The file; None for stdout.
    format
        One of `FORMATS`.
    """

    path: Path | None
    format: str

    def __str__(self) -> str:
        return "stdout" if self.path is None else str(self.path)


def find_target(out: str, format_: str | None) -> Target:
    """Find out where and how to write, before anything is asked of Mews.

    Raises
    ------
    InvalidArgumentError
        If the format is not known or not said, or nothing can be written there.
    """
    if format_ is not None and format_ not in FORMATS:
        raise InvalidArgumentError(
            f"{format_!r} is not a format that can be written", hint=f"one of {', '.join(FORMATS)}"
        )
    if out == STDOUT:
        return Target(None, _format_of_stdout(format_))
    path = Path(out)
    if path.is_dir():
        raise InvalidArgumentError(f"{out} is a folder", hint="name a file in it")
    if not path.parent.is_dir():
        raise InvalidArgumentError(f"there is no folder {path.parent}", hint="make it first")
    found = format_ or SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise InvalidArgumentError(
            f"the name {path.name!r} does not say in which format to write",
            hint=f"end it in {', '.join(SUFFIXES)}, or add --format {'|'.join(FORMATS)}",
        )
    return Target(path, found)


def _format_of_stdout(format_: str | None) -> str:
    if format_ is None:
        raise InvalidArgumentError(
            "stdout has no suffix that says in which format to write",
            hint=f"add --format {'|'.join(FORMATS)}",
        )
    if format_ not in TEXT and sys.stdout.isatty():
        raise InvalidArgumentError(
            f"{format_} is nothing for a terminal", hint="write it to a file, or into a pipe"
        )
    return format_


def write(frame: pl.LazyFrame, target: Target, entity_type: str) -> None:
    """Write a frame.

    A file is written aside and moved into its place: what stood there stays until the new one is
    whole. Fields of Parquet say what they mean.

    Raises
    ------
    MewsError
        If it cannot be written; no half file stays behind.
    OSError
        If nobody reads stdout any more (`reader_is_gone`).
    """
    from polars.exceptions import PolarsError

    opened = None
    try:
        with _opened(target) as opened:
            _sink(frame, opened, target.format, entity_type)
    except (OSError, PolarsError) as error:
        cause = getattr(opened, "error", None) or error
        if isinstance(cause, BrokenPipeError) or (target.path is None and reader_is_gone(cause)):
            raise cause from None
        raise MewsError(
            f"{target} was not written: {getattr(cause, 'strerror', None) or cause}",
            hint="is there space, may you write there, does another program hold the file?"
            " If so, mews-frames cache verify checks what was read",
        ) from cause


@contextlib.contextmanager
def _opened(target: Target) -> Iterator[Any]:
    if target.path is None:
        is_read_by_eye = target.format in TEXT and sys.stdout.isatty()
        yield _Noting(_ForEyes(sys.stdout.buffer) if is_read_by_eye else sys.stdout.buffer)
        sys.stdout.buffer.flush()
    elif target.path.exists() and not target.path.is_file():
        # A device or a named pipe: a file moved into its place would be the end of it.
        with target.path.open("wb") as file:
            yield _Noting(file)
    else:
        with aside(target.path.resolve()) as path:  # a link stays a link
            yield path


class _ForEyes:
    """Shows control characters as they are spelled: guests' text is not to command a terminal."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode

    def write(self, data: Any) -> int:
        text = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", self._decode(bytes(data)))
        self._file.write(text.encode())
        return len(data)


class _Noting(io.RawIOBase):
    """Passes bytes on, and remembers the error: Polars wraps it until it is not to be known."""

    def __init__(self, file: IO[bytes] | _ForEyes) -> None:
        self._file = file
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise


def _sink(frame: pl.LazyFrame, to: Any, format_: str, entity_type: str) -> None:
    import polars as pl

    match format_:
        case "parquet":
            from mews_frames._frames.meaning import described_schema

            none = frame.head(0).collect().to_arrow(compat_level=pl.CompatLevel.oldest())
            schema = described_schema(none.schema, entity_type)
            frame.sink_parquet(to, arrow_schema=schema, sync_on_close="data")
        case "csv":
            without_nesting(frame).sink_csv(
                to, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ", sync_on_close="data"
            )
        case "jsonl":
            frame.sink_ndjson(to, sync_on_close="data")
        case _:
            # large_string rather than string_view: every Arrow library reads it
            frame.sink_ipc(to, compat_level=pl.CompatLevel.oldest(), sync_on_close="data")
