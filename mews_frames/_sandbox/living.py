"""Living records as lines of JSON: as of when an export was added, filtered as was asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mews_frames._models import instant_text
from mews_frames._schemas import load_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mews_frames._sandbox.stored import Stored
    from mews_frames.testing import Living

__all__ = ["living_lines"]


def living_lines(living: Living, stored: Stored) -> Iterator[bytes]:
    """Write the records that belong to an export."""
    asked = stored.asked
    known = {field.name for field in load_schema(asked.entity_type).fields}
    for record in living.shown(stored.added):
        owner = record.get("EnterpriseId") or record.get("ChainId") or ""
        updated = int(record["UpdatedUtc"].timestamp())
        if asked.takes(owner, updated, str(record.get("PostingDate", ""))):
            yield _line({name: value for name, value in record.items() if name in known})


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, default=_text).encode() + b"\n"


def _text(value: datetime) -> str:
    return instant_text(value.astimezone(UTC))
