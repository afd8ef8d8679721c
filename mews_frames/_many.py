"""Share the options of `load_many` out: each goes to the entity types that take it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import check_names, keep
from mews_frames._schemas import EntitySchema, load_schema
from mews_frames.errors import InvalidArgumentError, UnknownColumnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mews_frames.typing import EntityType

__all__ = ["Share", "check_types", "share_options"]


@dataclass(frozen=True, slots=True)
class Share:
    """The options of one entity type."""

    request: dict[str, Any]
    columns: Sequence[str] | None


def check_types(entity_types: Any) -> tuple[EntityType, ...]:
    """Check the entity types that are to be loaded together, whatever holds them.

    Raises
    ------
    InvalidArgumentError
        For no type at all, for one that Mews does not export, or for one named twice.
    """
    is_several = isinstance(entity_types, Iterable) and not isinstance(entity_types, str)
    names = tuple(entity_types) if is_several else ()
    if not names:
        raise InvalidArgumentError(
            f"load_many takes a list of entity types, not {entity_types!r}",
            hint='mf.load_many(["Reservation", "OrderItem"])',
        )
    for name in names:
        load_schema(name)
    if len(set(names)) != len(names):
        raise InvalidArgumentError("an entity type is named twice", hint="name each once")
    return names


def share_options(
    entity_types: Iterable[EntityType], *, columns: Sequence[str] | None, **request: Any
) -> dict[EntityType, Share]:
    """Share options out.

    Raises
    ------
    InvalidArgumentError
        As `check_types`; and for an option that none of the types takes.
    UnknownColumnError
        For a column that none of them has.
    """
    names = check_types(entity_types)
    schemas = [load_schema(name) for name in names]
    for name, value in request.items():
        if value is not None and not any(_takes(schema, name) for schema in schemas):
            raise InvalidArgumentError(
                f"none of {', '.join(names)} takes {name}", hint=f"leave {name} out"
            )
    kept = _share_columns(names, columns)
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
    check_names(columns)
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
