"""How a whole file takes the place of another, on Windows too."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["move_to"]

IS_WINDOWS = os.name == "nt"

PAUSES = (0.05, 0.1, 0.15, 0.3, 0.4)
"""Seconds between two tries, a second in all: what scans new files for viruses, or indexes them,
lets go of them in less."""


def move_to(source: Path, target: Path) -> None:
    """Move a file into the place of another in one step.

    Windows refuses that while anything has either of them open: there it is tried for a second.

    Raises
    ------
    PermissionError
        Also if it is still open then; its words say so.
    OSError
        If it cannot be moved for another reason.
    """
    for pause in PAUSES if IS_WINDOWS else ():
        try:
            os.replace(source, target)  # noqa: PTH105 - says what it does
        except PermissionError:
            time.sleep(pause)
        else:
            return
    try:
        os.replace(source, target)  # noqa: PTH105 - says what it does
    except PermissionError as error:
        if not IS_WINDOWS:
            raise
        raise PermissionError(
            errno.EACCES,
            "it may not be replaced, or is open in another program or in a frame that reads it:"
            " close that, or del the frame",
            str(target),
        ) from error
