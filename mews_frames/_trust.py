"""Which files and folders may be believed: plain ones, of this user, that nobody else can write.

Whoever can write a file that we believe can give the analyst wrong rows, or our tokens another
address. Windows has no mode bits; there a user's folders are private by themselves.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["OPEN_SAFELY", "flaw_at", "flaw_in", "is_link", "others_read"]

OPEN_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags for opening a file whose place somebody else may have prepared: a link is refused, and a
pipe does not keep us waiting for its other end."""

JUNCTION = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT, which `stat` knows on Windows alone."""

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


def flaw_at(path: Path, *, folder: bool = False) -> str | None:
    """Say why what lies at a path is not to be believed; None if it is, or if nothing is there."""
    try:
        return flaw_in(path.lstat(), folder=folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"it cannot be looked at: {error.strerror or type(error).__name__}"


def flaw_in(
    seen: os.stat_result, *, folder: bool = False, owners: tuple[int, ...] = ()
) -> str | None:
    """Say why a file or a folder is not to be believed; None if it is.

    Parameters
    ----------
    seen
        What `os.lstat` or `os.fstat` say of it.
    folder
        Whether it must be a folder; else it must be a plain file.
    owners
        User ids besides this process' own that it may belong to.
    """
    if is_link(seen):
        return "it is a link"
    if not (stat.S_ISDIR if folder else stat.S_ISREG)(seen.st_mode):
        return "it is no folder" if folder else "it is no plain file"
    if os.name != "posix":
        return None
    if seen.st_uid not in {os.geteuid(), *owners}:
        return f"it belongs to another user (uid {seen.st_uid})"
    if seen.st_mode & OTHERS_WRITE:
        return f"other users can write it (mode {stat.S_IMODE(seen.st_mode):04o})"
    return None


def is_link(seen: os.stat_result) -> bool:
    """Say whether something leads elsewhere: a symbolic link, or a junction of Windows.

    Python takes a junction for the folder that it leads to.

    Parameters
    ----------
    seen
        What `os.lstat` says of it.
    """
    return stat.S_ISLNK(seen.st_mode) or getattr(seen, "st_reparse_tag", 0) == JUNCTION


def others_read(seen: os.stat_result) -> bool:
    """Say whether the mode of a file lets users read it who are not its owner."""
    return os.name == "posix" and bool(seen.st_mode & OTHERS_READ)
