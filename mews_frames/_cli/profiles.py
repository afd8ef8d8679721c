"""Write one profile into the profile file; the others, and their comments, stay as they are."""

from __future__ import annotations

import json
import os
import re
import secrets
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mews_frames._moving import move_to
from mews_frames.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["check_name", "check_place", "with_profile", "write_private"]

NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What TOML takes as a key without quotes."""


def check_name(name: str, *, taken: str) -> None:
    """Refuse a name that a profile cannot have.

    Raises
    ------
    InvalidArgumentError
        Also for the name that is taken: the sandbox's.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidArgumentError(
            f"a profile cannot be called {name!r}", hint="letters, digits, - and _"
        )
    if name == taken:
        raise InvalidArgumentError(
            f"the profile {taken!r} always exists and needs no tokens", hint="choose another name"
        )


def check_place(path: Path) -> None:
    """Refuse a place that leads elsewhere: tokens would land where nobody expects them.

    People link their settings into folders that they publish.

    Raises
    ------
    ConfigurationError
        If the file or its folder is a link, or either is something else.
    """
    for place in (path.parent, path):
        if place.is_symlink():
            raise ConfigurationError(
                f"{place} is a link; tokens are not written through links",
                hint="replace it by a plain file in a plain folder, or set MEWS_CLIENT_TOKEN and"
                " MEWS_ACCESS_TOKEN instead",
            )
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path} is no file")


def with_profile(text: str, name: str, values: Mapping[str, str]) -> str:
    """Put a profile into the text of a profile file, instead of the one of that name.

    What else that profile holds is kept.

    Raises
    ------
    ConfigurationError
        If the text is no TOML, or is laid out in a way that cannot be changed safely.
    """
    before = _parsed(text)
    profiles = before.get("profiles", {})
    merged = {**profiles.get(name, {}), **values}
    changed = _replaced(text, name, merged)
    # Seen as TOML, exactly this profile has changed; else somebody's tokens might be lost.
    if _parsed(changed) != {**before, "profiles": {**profiles, name: merged}}:
        raise ConfigurationError(
            f"profile {name!r} stands in the profile file in a form that cannot be changed safely",
            hint=f"write it as a table [profiles.{name}] with plain lines, or by hand",
        )
    return changed


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Not its words: they may quote a line, and the line may hold a token.
        raise ConfigurationError(
            "the profile file is not TOML, so nothing was written",
            hint="correct it, or move it away",
        ) from None


def _replaced(text: str, name: str, values: Mapping[str, Any]) -> str:
    lines = text.splitlines(keepends=True)
    header = re.compile(
        rf"\s*\[\s*profiles\s*\.\s*(?:{name}|\"{name}\"|'{name}')\s*\]\s*(?:#.*\s*)?"
    )
    start = next((i for i, line in enumerate(lines) if header.fullmatch(line)), len(lines))
    tables = (i for i in range(start + 1, len(lines)) if lines[i].lstrip().startswith("["))
    end = next(tables, len(lines))
    while end > start + 1 and end < len(lines) and not lines[end - 1].split("#")[0].strip():
        end -= 1  # what is said above the next table is about that one
    rest = lines[end:]
    above = "".join(lines[:start])
    gap = "\n" if above and not above.endswith("\n\n") else ""
    # A JSON text is a TOML text, but for characters that no setting holds; the check sees those.
    table = [
        f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}\n"
        for key, value in values.items()
    ]
    return "".join(
        [
            above,
            gap,
            f"[profiles.{name}]\n",
            *table,
            "\n" if rest and rest[0].strip() else "",
            *rest,
        ],
    )


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, all private: whoever can write one can swap the next."""
    if not folder.exists():
        _make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in a folder that only its owner can enter.

    Written aside, then moved: it is there whole or not at all. Windows has no such modes; there
    a user's folder is private by itself.

    Raises
    ------
    ConfigurationError
        If it cannot be written.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _make_folders(path.parent)
        if os.name == "posix":
            path.parent.chmod(0o700)  # mkdir's mode is cut by the umask
        # Private from its first moment, and nobody else's file: O_EXCL follows no link.
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        move_to(aside, path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or type(error).__name__}"
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink()
