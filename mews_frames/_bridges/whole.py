"""Files that tools have open: written aside, and swapped in one step when they are whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mews_frames._moving import move_to
from mews_frames.errors import InvalidArgumentError, MewsError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["aside", "swapped", "target_file"]


def target_file(path: str | os.PathLike[str]) -> Path:
    """Check that a file can be written at a path, before any work is done for it.

    Raises
    ------
    InvalidArgumentError
        If it is a folder, or in none.
    """
    target = Path(path).expanduser()
    if target.is_dir():
        raise InvalidArgumentError(f"{target} is a folder", hint="name a file in it")
    if not target.parent.is_dir():
        raise InvalidArgumentError(f"there is no folder {target.parent}", hint="make it first")
    return target.resolve()  # a link stays a link


@contextlib.contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Give a name for a new file; what is written there takes the place of `target` at the end.

    It lies in a folder beside `target` that only this user enters: whoever kept the old file
    private does not show the new one while it is written, nor what tools put beside it.

    Raises
    ------
    OSError
        If it cannot be written or moved; the old file stays as it is.
    """
    folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    folder.mkdir(mode=0o700)
    path = folder / target.name
    try:
        yield path
        if target.exists():
            shutil.copymode(target, path)
        with path.open("r+b") as file:
            os.fsync(file.fileno())
        move_to(path, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # or what went wrong before is told


@contextlib.contextmanager
def swapped(target: Path) -> Iterator[Path]:
    """Do as `aside` does, and say in words what went wrong.

    Whoever has the old file open goes on reading the old one. If anything fails, the old one
    stays where it is.

    Raises
    ------
    MewsError
        If it cannot be written, or Windows does not let go of the old one.
    """
    try:
        with aside(target) as path:
            yield path
    except OSError as error:
        raise MewsError(
            f"{target} was not written: {error.strerror or type(error).__name__}",
            hint="is there space, may you write there? On Windows, close it in the tool that has"
            " it open; what stood there is unchanged",
        ) from error
