"""Which rows of the hotels an export asks for: its scope and its filter, asked once a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from mews_frames._sandbox.rows.wire import iso_date

if TYPE_CHECKING:
    from mews_frames._sandbox.checks import Add

__all__ = ["Wanted", "Wants"]

Wants: TypeAlias = Callable[[int], bool]
"""Says whether a row is asked for, by its ``UpdatedUtc`` in seconds since 1970; a ledger entry
by its posting date in days since 1970-01-01."""


class Wanted:
    """What an export asks for.

    Parameters
    ----------
    asked
        Scope and filters.
    """

    def __init__(self, asked: Add) -> None:
        self._asked = asked

    def of(self, owner: str) -> Wants | None:
        """Say which rows of an enterprise or a chain are asked for; ``None``: not a single one."""
        asked = self._asked
        if asked.ids is not None and owner not in asked.ids:
            return None
        if asked.posted is not None:
            return lambda day: asked.takes(owner, None, iso_date(day))
        if asked.updated is not None:
            return lambda updated: asked.takes(owner, updated)
        return _everything


def _everything(_: int) -> bool:
    return True
