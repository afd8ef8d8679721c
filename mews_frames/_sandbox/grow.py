"""Simple rows for any entity type, grown from its schema: right types, real ids, no story."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mews_frames._sandbox.hotel import NOTE, Group, made_id
from mews_frames._schemas import Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mews_frames._sandbox.checks import Add

__all__ = ["grown"]

BATCH = 200
"""Rows of a chunk."""

SPAN = 3 * 365 * 86_400
"""Seconds that the rows go back."""

SHARES = {
    "Payment": 5,
    "Bill": 5,
    "Customer": 6,
    "AvailabilityAdjustment": 100,
    "Company": 200,
    "ResourceBlock": 200,
    "AvailabilityBlock": 500,
    "LedgerEntry": 1,
}
"""One row for so many order items."""

SIMPLE: Mapping[str, Callable[[random.Random], Any]] = {
    "uuid": lambda draw: made_id(0, "something", draw.randrange(1_000_000)),
    "integer": lambda draw: draw.randrange(1, 1000),
    "decimal": lambda draw: draw.randrange(1, 100_000) / 100,
    "degrees": lambda draw: draw.randrange(-80_000_000, 80_000_000) / 1_000_000,
    "boolean": lambda draw: draw.choice((False, True)),
    "duration": lambda draw: f"P0M{draw.randrange(1, 31)}DT0H0M0S",
}


def grown(group: Group, as_of: int, asked: Add) -> Iterator[bytes]:
    """Make the rows of an entity type: chunks of whole lines, filtered as was asked.

    Parameters
    ----------
    group
        Whose ids are used.
    as_of
        Seconds since 1970: everything happened before.
    asked
        Type, scope and filters.
    """
    schema = load_schema(asked.entity_type)
    batch = []
    for number in range(_count(group, asked.entity_type)):
        draw = random.Random(f"{group.seed}/{asked.entity_type}/{number}")  # noqa: S311 - made-up rows
        place = group.properties[number % len(group.properties)]
        changed = as_of - 1 - draw.randrange(SPAN)
        created = changed - draw.randrange(SPAN // 10)
        posted = datetime.fromtimestamp(changed, UTC).date().isoformat()
        owner = place.chain_id if schema.scope == "chain" else place.id
        if not asked.takes(owner, None if schema.filter == "posted" else changed, posted):
            continue
        known = {
            "Id": made_id(group.seed, asked.entity_type, number),
            "EnterpriseId": place.id,
            "ChainId": place.chain_id,
            "ServiceId": place.service_id,
            "AccountId": made_id(group.seed, "Customer", draw.randrange(group.customers)),
            "AccountType": "Customer",
            "RateId": draw.choice(place.rates),
            "BusinessSegmentId": draw.choice(place.segments),
            "ResourceCategoryId": draw.choice(place.categories),
            "AssignedResourceId": group.rooms[draw.randrange(len(group.rooms))][1],
            "AvailabilityBlockId": made_id(group.seed, "AvailabilityBlock", number // 5),
            "CreatorProfileId": place.profiles[0],
            "UpdaterProfileId": place.profiles[1],
            "CreatedUtc": _instant(created),
            "UpdatedUtc": _instant(changed),
            "PostingDate": posted,
        }
        record = {
            field.name: known[field.name] if field.name in known else _value(field, draw, as_of)
            for field in schema.fields
        }
        batch.append(json.dumps(record, separators=(",", ":")) + "\n")
        if len(batch) == BATCH:
            yield "".join(batch).encode("ascii")
            batch.clear()
    yield "".join(batch).encode("ascii")


def _count(group: Group, entity_type: str) -> int:
    match entity_type:
        case "Customer":
            return group.customers
        case "Company":
            return group.companies
    return max(group.rows // SHARES[entity_type], 3)


def _value(field: Field, draw: random.Random, as_of: int) -> Any:  # noqa: PLR0911 - a table
    if field.nullable and draw.random() < (0.8 if field.deprecated else 0.3):
        return None
    match field.type:
        case "enum":
            return draw.choice(field.values)
        case "datetime":
            return _instant(as_of - draw.randrange(SPAN))
        case "date":
            return _instant(as_of - draw.randrange(SPAN))[:10]
        case "object":
            return _object(field, draw, as_of)
        case "array":
            item = field.items or Field("", "string")
            values = [_value(item, draw, as_of) for _ in range(draw.randrange(3))]
            return [value for value in values if value is not None]
        case "map":
            return {"en-US": _text(field.name, draw)}
    simple = SIMPLE.get(field.type)
    return _text(field.name, draw) if simple is None else simple(draw)


def _object(field: Field, draw: random.Random, as_of: int) -> dict[str, Any]:
    made = {child.name: _value(child, draw, as_of) for child in field.fields}
    # Mews docs, guidelines/serialization.md: the discriminator names the branch that is filled.
    if made.get("Discriminator") in made:
        chosen = made["Discriminator"]
        made = {
            name: value if name in ("Discriminator", chosen) else None
            for name, value in made.items()
        }
    return made


def _text(name: str, draw: random.Random) -> str:
    number = draw.randrange(1000)
    if "Email" in name:
        return f"made-up-{number}@example.invalid"
    if "Url" in name:
        return f"https://made-up-{number}.example.invalid"
    if name == "Currency":
        return draw.choice(("EUR", "GBP", "USD"))
    if name == "Notes":
        return NOTE
    return f"Made-up {name or 'text'} {number}"


def _instant(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
