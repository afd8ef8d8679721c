"""What a caller asks for: checked before anything is sent, and fingerprinted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from numbers import Real
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mews_frames._exports.window import read_posted, read_updated
from mews_frames._models import Filters, Scope, is_uuid
from mews_frames._schemas import load_schema
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from mews_frames.typing import EntityType, Ids, Seconds

__all__ = [
    "Request",
    "account_digest",
    "fingerprint",
    "make_request",
    "make_scoped",
    "read_seconds",
]

MOST_IDS = 1000
"""Ids in a scope (operations/exports.md)."""


@dataclass(frozen=True, slots=True)
class Request:
    """An export as a caller asks for it.

    Attributes
    ----------
    entity_type
        What to export.
    scope
        Ids sorted, each once; whatever the token reaches if both are None.
    filters
        As asked: an open end stays open.
    """

    entity_type: EntityType
    scope: Scope = Scope()
    filters: Filters = Filters()


def make_request(
    entity_type: str,
    *,
    updated: Any = None,
    posted: Any = None,
    enterprise_ids: Ids | None = None,
    chain_ids: Ids | None = None,
) -> Request:
    """Check what a caller asks for, without asking Mews.

    Raises
    ------
    InvalidArgumentError
        If Mews would refuse it, or if it cannot be what was meant.
    """
    schema = load_schema(entity_type)
    scope = _scope(schema.entity_type, schema.scope, enterprise_ids, chain_ids)
    if schema.filter == "posted":
        if updated is not None:
            raise InvalidArgumentError(
                f"updated does not go with {entity_type}: its records have no update time",
                hint="posted=(first, last) takes posting dates, both included",
            )
        return Request(schema.entity_type, scope, Filters(posted=read_posted(entity_type, posted)))
    if posted is not None:
        raise InvalidArgumentError(
            f"posted goes with LedgerEntry only, not with {entity_type}",
            hint="updated=(start, end) takes update times",
        )
    window = None if updated is None else read_updated(updated)
    return Request(schema.entity_type, scope, Filters(updated=window))


def make_scoped(entity_type: str, *, enterprise_ids: Ids | None, chain_ids: Ids | None) -> Request:
    """Check a scope without a window, for who asks for one window after the other.

    Raises
    ------
    InvalidArgumentError
        As `make_request`.
    """
    schema = load_schema(entity_type)
    return Request(
        schema.entity_type, _scope(schema.entity_type, schema.scope, enterprise_ids, chain_ids)
    )


# --------------------------------------------------------------------------- scope


def _scope(
    entity_type: str,
    kind: str,
    enterprise_ids: Ids | None,
    chain_ids: Ids | None,
) -> Scope:
    if kind == "enterprise" and chain_ids is not None:
        raise InvalidArgumentError(
            f"chain_ids does not go with {entity_type}, which belongs to enterprises",
            hint="enterprise_ids=[...] narrows it",
        )
    if kind == "chain" and enterprise_ids is not None:
        raise InvalidArgumentError(
            f"enterprise_ids does not go with {entity_type}, which belongs to chains",
            hint="chain_ids=[...] narrows it",
        )
    return Scope(_ids("enterprise_ids", enterprise_ids), _ids("chain_ids", chain_ids))


def _ids(name: str, ids: Ids | None) -> tuple[str, ...] | None:
    if ids is None:
        return None
    if isinstance(ids, str):
        raise InvalidArgumentError(
            f"{name} must be a list of ids, not a text", hint=f"{name}=[{ids!r}]"
        )
    if not isinstance(ids, Collection):
        raise InvalidArgumentError(
            f"{name} must be a list of ids, not {ids!r}", hint=f"{name}=[...] holds UUIDs as text"
        )
    texts = [str(value) if isinstance(value, UUID) else value for value in ids]
    if not 1 <= len(texts) <= MOST_IDS:
        raise InvalidArgumentError(
            f"{name} holds {len(texts)} ids; Mews takes 1 to {MOST_IDS}",
            hint="leave it out for everything that the token reaches",
        )
    for value in texts:
        if not is_uuid(value):
            raise InvalidArgumentError(
                f"{value!r} in {name} is not a UUID",
                hint="3fa85f64-5717-4562-b3fc-2c963f66afa6 is one",
            )
    return tuple(sorted({value.lower() for value in texts}))


def read_seconds(name: str, value: Seconds | None) -> float | None:
    """Read a length of time: a timedelta or a number of seconds, not negative.

    Raises
    ------
    InvalidArgumentError
        If it is anything else.
    """
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not seconds >= 0:
        raise InvalidArgumentError(
            f"{name} must be a timedelta or a number of seconds, not {value!r}", hint=f"{name}=3600"
        )
    return float(seconds)


# --------------------------------------------------------------------------- identity


def account_digest(platform_address: str, client_token: str, access_token: str) -> str:
    """Digest who asks whom, so that one token's rows are never served to another."""
    return _digest([platform_address, _digest(client_token), _digest(access_token)])


def fingerprint(account: str, request: Request) -> str:
    """Digest a request as asked: equal requests find each other's exports.

    Nothing about columns or decoding is in it: one export answers them all.
    """
    return _digest(
        [account, request.entity_type, request.scope.to_wire(), request.filters.to_wire()]
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
