"""Recognise folders that a program copies to somebody else's computers: no place for guests' data.

By the names that these programs give their folders and by the files that they leave in them;
nothing is asked of anybody. What is synchronised without a trace (Documents in iCloud) is not seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["synced_by"]

NAMES = {
    "Dropbox": r"dropbox( \(.+\))?",
    "OneDrive": r"onedrive( ?- ?.+)?",
    "iCloud Drive": r"icloud ?drive|mobile documents|com~apple~clouddocs",
    "Google Drive": r"google ?drive|my drive|shareddrives|shared drives",
    "Nextcloud": r"nextcloud\d*",
    "ownCloud": r"owncloud\d*",
    "Box": r"box( sync)?",
    "pCloud": r"pclouddrive|pcloud( drive| sync)?",
    "MEGA": r"mega(sync)?",
    "Proton Drive": r"proton ?drive",
    "a cloud": r"cloudstorage",  # macOS: ~/Library/CloudStorage/<program>
}
MARKS = {
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".stfolder": "Syncthing",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
    ".tmp.driveupload": "Google Drive",
}


def synced_by(path: Path) -> str | None:
    """Say which program synchronises the folder at a path; None if none is recognised.

    Parameters
    ----------
    path
        Absolute; where it leads to counts, too.
    """
    for place in dict.fromkeys([path, path.resolve()]):
        for folder in [place, *place.parents]:
            if program := _by_name(folder.name) or _by_mark(folder):
                return program
    return None


def _by_name(name: str) -> str | None:
    for program, pattern in NAMES.items():
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return program
    return None


def _by_mark(folder: Path) -> str | None:
    for mark, program in MARKS.items():
        try:
            # Dropbox keeps its own settings in ~/.dropbox: a folder, and no mark.
            if (folder / mark).exists() and not (mark == ".dropbox" and (folder / mark).is_dir()):
                return program
        except OSError:
            continue
    return None
