"""Whose rows a table holds: written into it when it is made, compared at every use."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mews_frames._frames.columns import Kept
from mews_frames._models import Scope
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from mews_frames._exports.request import Request

__all__ = ["Identity", "digest_of"]

LAYOUT = 1
KEYS = ("Id", "UpdatedUtc", "CreatedUtc", "PostingDate")
"""Kept whatever is asked for: what tells one record, and an older state, from another."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose rows a table holds.

    Attributes
    ----------
    entity_type, scope
        As asked for.
    account
        Digest of platform address and both tokens. Two properties have two.
    columns
        What is kept; None for everything.
    """

    entity_type: str
    scope: Scope
    account: str
    columns: tuple[str, ...] | None = None

    @classmethod
    def of(cls, request: Request, kept: Kept, account: str) -> Identity:
        """Say whose rows a request asks for; keys are kept besides what was asked for."""
        if kept.names is not None:
            every = Kept(kept.entity_type)
            kept = kept.union(Kept(kept.entity_type, tuple(k for k in KEYS if _has(every, k))))
        return cls(request.entity_type, request.scope, account, kept.names)

    @property
    def kept(self) -> Kept:
        """The columns that the table holds."""
        return Kept(self.entity_type, self.columns)

    @property
    def digest(self) -> str:
        """A name for what the scope narrows; empty if it narrows nothing."""
        wire = self.scope.to_wire()
        return digest_of(self.scope) if wire else ""

    def to_text(self) -> str:
        """Write it as the description of a table."""
        return json.dumps(
            {
                "mews_frames": LAYOUT,
                "entity_type": self.entity_type,
                "scope": self.scope.to_wire(),
                "account": self.account,
                "columns": None if self.columns is None else list(self.columns),
            }
        )

    @classmethod
    def from_text(cls, text: str | None) -> Identity | None:
        """Read it; None if a table is not one of ours."""
        try:
            data = json.loads(text or "")
            if data["mews_frames"] != LAYOUT:
                return None
            columns = data["columns"]
            return cls(
                data["entity_type"],
                Scope.from_wire(data["scope"]),
                data["account"],
                None if columns is None else tuple(columns),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def check(self, found: Identity | None, where: str) -> Identity:
        """Compare with what is written in a table, and give that.

        Raises
        ------
        InvalidArgumentError
            If the table holds other rows, or fewer columns than are asked for.
        """
        if found is None:
            raise InvalidArgumentError(
                f"the table at {where} was not made by mews_frames",
                hint="into= names another place",
            )
        for name, ours, theirs in (
            ("entity type", self.entity_type, found.entity_type),
            ("scope", _words(self.scope), _words(found.scope)),
            ("account", self.account[:8], found.account[:8]),
        ):
            if ours != theirs:
                raise InvalidArgumentError(
                    f"the table at {where} is of another {name}: {theirs}, not {ours}",
                    hint="into= names another place; a table holds what one token and one scope"
                    " reach, and nothing else",
                )
        if self.columns is not None and not found.kept.covers(self.kept):
            raise InvalidArgumentError(
                f"the table at {where} was made with fewer columns than are asked for",
                hint=f"it holds {', '.join(found.columns or ())}; into= names another place",
            )
        return found


def digest_of(scope: Scope) -> str:
    """Digest the enterprises or chains of a scope, in whatever order they come."""
    wire = {kind: sorted(map(str.lower, ids)) for kind, ids in scope.to_wire().items()}
    return hashlib.sha256(json.dumps(wire, sort_keys=True).encode()).hexdigest()[:16]


def _words(scope: Scope) -> str:
    wire = scope.to_wire()
    return json.dumps(wire) if wire else "everything that the token reaches"


def _has(every: Kept, name: str) -> bool:
    return any(column.name == name for column in every.columns)
