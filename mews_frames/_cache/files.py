"""How a file gets into the cache whole, how it is believed again, and how it goes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import secrets
import stat
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mews_frames._moving import move_to
from mews_frames._trust import OPEN_SAFELY, flaw_in, is_link
from mews_frames._words import count_in_words
from mews_frames.errors import CacheError, MewsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "UNREADABLE",
    "is_full",
    "is_orphan",
    "is_scratch",
    "machine",
    "make_private",
    "read_own",
    "read_sealed",
    "reason",
    "remove",
    "remove_all",
    "replace_with",
    "scratch",
    "seal",
    "sense_of",
    "unseal",
    "unusable",
    "write_sealed",
    "write_text",
]

T = TypeVar("T")

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, MewsError)
"""What reading a whole file raises whose contents are not ours: another version wrote it."""


LITTLE = 64 * 1024
"""Bytes that are said to be needed for what is no part: a folder, a record, a manifest."""

BLOCK = 4096
"""Bytes that file systems hand out at a time."""

MORE = 1024
"""Bytes that an export takes in the journal: about 500 as it is added."""


def unusable(path: Path, error: OSError) -> CacheError:
    """Say that a place in the cache cannot be written, and what to do."""
    needed = f"{LITTLE // 1024} KB are needed for it: free some space; " if is_full(error) else ""
    return CacheError(
        f"the cache at {path} cannot be written: {reason(error)}",
        hint=f"{needed}MEWS_FRAMES_CACHE_DIR, or cache_dir= of mf.Client, names another folder",
    )


def is_full(error: OSError) -> bool:
    """Say whether a write failed for want of room: on the disk, in a quota, below a limit."""
    return error.errno in {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def reason(error: OSError) -> str:
    """Say in words why a write failed."""
    if error.errno == errno.EFBIG:
        return "this process may not write files that large (ulimit -f)"
    if error.errno == getattr(errno, "EDQUOT", None):
        return "the quota is used up"
    return "the disk is full" if is_full(error) else error.strerror or type(error).__name__


SCRATCH = re.compile(r".+?(\.(?P<machine>[0-9a-f]{8})-(?P<process>\d+))?\.[0-9a-f]{16}\.tmp")


def is_scratch(path: Path) -> bool:
    """Say whether a file is one of `scratch`, of a run that goes on or that was killed."""
    return SCRATCH.fullmatch(path.name) is not None


def is_orphan(path: Path) -> bool:
    """Say whether a file is one of `scratch` whose process has ended, as far as that is known."""
    name = SCRATCH.fullmatch(path.name)
    if name is None or name["machine"] != machine() or os.name != "posix":
        return False  # of another machine; and to ask Windows would end the process
    try:
        os.kill(int(name["process"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False  # it is somebody else's now
    return False


@cache
def machine() -> str:
    """Name the place where process ids mean something: this machine, or a container on it.

    It is a digest: a name may be a person's.
    """
    space = own = ""
    with contextlib.suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    with contextlib.suppress(OSError, ValueError):  # a name says little: localhost, ubuntu
        own = Path("/etc/machine-id").read_text("ascii").strip()
    return hashlib.sha256(f"{platform.node()} {own} {space}".encode()).hexdigest()[:8]


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """Make a file beside `target` that nobody else uses, and remove what is left there.

    Its name says whose it is, so that what a killed process leaves can go at once.
    """
    once = secrets.token_hex(8)
    path = target.with_name(f"{target.name}.{machine()}-{os.getpid()}.{once}.tmp")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # private from the start
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):  # moved; or what went wrong before is told
            path.unlink()


def replace_with(source: Path, target: Path) -> None:
    """Move a whole file into its place, so that it is there after a power cut, or not at all."""
    if os.name == "posix":
        source.chmod(0o600)
    _sync(source)
    move_to(source, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_sealed(path: Path, data: dict[str, Any], *, again: bool = False) -> None:
    """Write a small JSON file with a checksum in it, whole or not at all.

    Parameters
    ----------
    path
        Where to.
    data
        What.
    again
        Whether it must be possible to write it once more with a little more in it, even if the
        disk fills up meanwhile: then it takes some more room now, and is overwritten in place
        where there is none for a new file. Only a crash in that moment would damage it.

    Raises
    ------
    CacheError
        If it cannot be written.
    """
    text = seal(data)
    if again:  # white space after a JSON value means nothing
        text = text.ljust(-(-(len(text) + MORE) // BLOCK) * BLOCK)
    try:
        write_text(path, text)
    except OSError as error:
        if not (again and is_full(error) and _overwritten(path, seal(data))):
            raise unusable(path, error) from error


def _overwritten(path: Path, text: str) -> bool:
    """Write into a file that is there, if it is large enough; say whether it was."""
    try:
        handle = os.open(path, os.O_WRONLY | OPEN_SAFELY | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "wb", buffering=0) as file:
            size = os.fstat(handle).st_size
            whole = text.encode().ljust(size)
            if len(whole) > size or file.write(whole) != size:
                return False
            os.fsync(handle)
    except OSError:
        return False
    return True


def make_private(path: Path) -> None:
    """Make a folder that only this user can enter, and those above it that are not there.

    Whatever the umask: a folder above that others may write lets them swap ours for theirs.
    """
    try:
        path.mkdir(mode=0o700)
    except FileNotFoundError:
        if path.parent.is_dir() or path.parent == path:
            raise  # a drive that is not there, or a place such as /proc that takes no folders
        make_private(path.parent)
        make_private(path)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        if os.name == "posix":
            path.chmod(0o700)  # the umask may have taken rights that we need


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    with scratch(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")
        replace_with(aside, path)


def read_sealed(path: Path) -> dict[str, Any] | None:
    """Read a file of `write_sealed`; None if it is missing, damaged, or not only ours."""
    try:
        return unseal(read_own(path))
    except OSError:
        return None


def read_own(path: Path) -> bytes:
    """Read a plain file of this user, and nothing else that somebody may have put there.

    Raises
    ------
    OSError
        Also if there is something else.
    """
    handle = os.open(path, os.O_RDONLY | OPEN_SAFELY | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if flaw := flaw_in(os.fstat(handle)):
            raise OSError(flaw)
        return file.read()


def seal(data: dict[str, Any]) -> str:
    """Write JSON data as text with a checksum in it."""
    return json.dumps({**data, "checksum": _checksum(data)}, indent=1)


def unseal(text: bytes) -> dict[str, Any] | None:
    """Read a text of `seal`; None if it is damaged, or something else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(data, dict) and data.pop("checksum", None) == _checksum(data):
        return data
    return None


def sense_of(
    data: dict[str, Any] | None, layout: int, read: Callable[[dict[str, Any]], T]
) -> T | None:
    """Make of what was sealed what it stands for; None if another layout, or nothing, is in it."""
    if data is None or data.get("layout") != layout:
        return None
    try:
        return read(data)
    except UNREADABLE:
        return None


def _checksum(data: dict[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def remove(path: Path) -> int:
    """Remove a file, or a folder with what is in it; follow no link out of it.

    Returns
    -------
    The bytes that were freed.

    Raises
    ------
    CacheError
        As `remove_all`.
    """
    return remove_all([path])


def remove_all(paths: Iterable[Path]) -> int:
    """Remove files, and folders with what is in them; what will not go keeps nothing else back.

    Windows holds on to files that are open, and to the parts under every frame that is.

    Returns
    -------
    The bytes that were freed.

    Raises
    ------
    CacheError
        At the end, if something is left.
    """
    left: list[tuple[Path, OSError]] = []
    freed = sum([_removed(path, left) for path in paths])
    if not left:
        return freed
    (path, error), *others = left
    more = f" (and {count_in_words(len(others), 'other file')})" if others else ""
    raise CacheError(
        f"{path} cannot be removed: {reason(error)}{more}",
        hint="does a program have it open, or does it belong to another user? all else is removed;"
        " the same call tries again",
    ) from error


def _removed(path: Path, left: list[tuple[Path, OSError]]) -> int:
    """Remove what can be removed, note what is left, and say how many bytes that freed."""
    before, freed = len(left), 0
    try:
        seen = path.lstat()
        if not stat.S_ISDIR(seen.st_mode) or is_link(seen):
            path.unlink()  # of a junction, too, which stays where it leads
            return seen.st_size
        freed = sum([_removed(child, left) for child in sorted(path.iterdir())])
        if len(left) == before:
            path.rmdir()
    except FileNotFoundError:
        pass  # somebody else was faster
    except OSError as error:
        left.append((path, error))
    return freed
