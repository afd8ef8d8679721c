"""Share the options of `load_many` out: each goes to the entity types that take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import keep
from mews_frames._schemas import EntitySchema, load_schema
from mews_frames.errors import InvalidArgumentError, UnknownColumnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mews_frames.typing import EntityType

__all__ = ["Share", "share_options"]


@dataclass(frozen=True, slots=True)
class Share:
    """The options of one entity type."""

    request: dict[str, Any]
    columns: Sequence[str] | None


def share_options(
    entity_types: Sequence[EntityType], *, columns: Sequence[str] | None, **request: Any
) -> dict[EntityType, Share]:
    """Share options out.

    Raises
    ------
    InvalidArgumentError
        For no type at all, a type named twice, or an option that none of the types takes.
    UnknownColumnError
        For a column that none of them has.
    """
    if isinstance(entity_types, str) or not entity_types:
        raise InvalidArgumentError(
            f"load_many takes a list of entity types, not {entity_types!r}",
            hint='mf.load_many(["Reservation", "OrderItem"])',
        )
    if len(set(entity_types)) != len(entity_types):
        raise InvalidArgumentError("an entity type is named twice", hint="name each once")
    schemas = [load_schema(entity_type) for entity_type in entity_types]
    for name, value in request.items():
        if value is not None and not any(_takes(schema, name) for schema in schemas):
            raise InvalidArgumentError(
                f"none of {', '.join(entity_types)} takes {name}", hint=f"leave {name} out"
            )
    kept = _share_columns(entity_types, columns)
    return {
        s.entity_type: Share(
            {name: value for name, value in request.items() if _takes(s, name)},
            kept[s.entity_type],
        )
        for s in schemas
    }


def _takes(schema: EntitySchema, option: str) -> bool:
    match option:
        case "updated" | "posted":
            return schema.filter == option
        case "enterprise_ids":
            return schema.scope == "enterprise"
        case _:
            return schema.scope == "chain"


def _share_columns(
    entity_types: Sequence[EntityType], columns: Sequence[str] | None
) -> dict[EntityType, Sequence[str] | None]:
    if columns is None:
        return dict.fromkeys(entity_types)
    mine: dict[EntityType, list[str]] = {
        t: [n for n in columns if _has(t, n)] for t in entity_types
    }
    for name in columns:
        if not any(name in names for names in mine.values()):
            keep(entity_types[0], [name])  # raises, and lists the nearest names
    for entity_type, names in mine.items():
        if not names:
            raise InvalidArgumentError(
                f"{entity_type} has none of the columns asked for",
                hint="name one of its columns too, or load it by itself",
            )
    return dict(mine)


def _has(entity_type: EntityType, name: str) -> bool:
    try:
        keep(entity_type, [name])
    except UnknownColumnError:
        return False
    return True
