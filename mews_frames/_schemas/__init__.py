"""What the records of each entity type hold: one data file per type, and its loader.

The files are made by ``scripts/make_schemas.py``; change the facts there, not here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from mews_frames.errors import InvalidArgumentError
from mews_frames.typing import EntityType

__all__ = ["ENTITY_TYPES", "EntitySchema", "Field", "load_schema", "nearest_type"]

ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)


@dataclass(frozen=True, slots=True)
class Field:
    """One documented field of a record.

    Attributes
    ----------
    name
        As on the wire; empty for the elements of a list.
    type
        ``uuid``, ``string``, ``enum``, ``integer``, ``decimal``, ``degrees``, ``boolean``,
        ``datetime``, ``date``, ``duration``; or ``object`` (see ``fields``), ``array`` (see
        ``items``), ``map`` (text to text).
    meaning
        In our own words.
    nullable
        Whether the docs let it be null. A claim of theirs: any field may come as null.
    values
        Documented values of an ``enum``; others are data too.
    unit
        Of a number, where the docs say one.
    deprecated
        Whether Mews advises against it.
    fields
        Of an ``object``. Where several shapes share one field, the fields of all of them.
    items
        The elements of an ``array``.
    """

    name: str
    type: str
    meaning: str = ""
    nullable: bool = True
    values: tuple[str, ...] = ()
    unit: str = ""
    deprecated: bool = False
    fields: tuple[Field, ...] = ()
    items: Field | None = None

    @property
    def in_words(self) -> str:
        """What it means, its unit, and whether Mews advises against it."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{'deprecated: ' if self.deprecated else ''}{self.meaning}{unit}"


@dataclass(frozen=True, slots=True)
class EntitySchema:
    """The documented fields of one entity type, and how it is asked for.

    Attributes
    ----------
    entity_type
        As on the wire.
    scope
        Which ids narrow its export: ``enterprise`` or ``chain``.
    filter
        Which filter it takes: ``updated`` or ``posted``.
    fields
        In the order of Mews' own schema.
    """

    entity_type: EntityType
    scope: Literal["enterprise", "chain"]
    filter: Literal["updated", "posted"]
    fields: tuple[Field, ...]


def load_schema(entity_type: str) -> EntitySchema:
    """Load the schema of an entity type from its data file.

    Raises
    ------
    InvalidArgumentError
        If Mews does not export such a type; the message names those that it does.
    """
    if entity_type not in ENTITY_TYPES:
        raise InvalidArgumentError(
            f"{entity_type!r} is not an entity type that Mews exports", hint=_advice(entity_type)
        )
    return _loaded(entity_type)


def nearest_type(text: object) -> EntityType | None:
    """Guess which entity type a text means: capitals, plurals and small slips do not matter."""
    import difflib  # only for who made a mistake

    by_letters = {name.lower(): name for name in ENTITY_TYPES}
    near = difflib.get_close_matches(str(text).lower(), by_letters, n=1)
    return by_letters[near[0]] if near else None


def _advice(meant: object) -> str:
    if isinstance(meant, list | tuple | set):
        return f"one at a time; mf.load_many({list(meant)!r}) loads several"
    near = nearest_type(meant)
    guess = f"did you mean {near}? There are " if near else "one of "
    return guess + ", ".join(ENTITY_TYPES) + " (spelled exactly so)"


@cache
def _loaded(entity_type: str) -> EntitySchema:
    text = files(__name__).joinpath(f"{entity_type}.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return EntitySchema(
        entity_type=data["entity_type"],
        scope=data["scope"],
        filter=data["filter"],
        fields=tuple(_field(field) for field in data["fields"]),
    )


def _field(data: dict[str, Any]) -> Field:
    return Field(
        name=data.get("name", ""),
        type=data["type"],
        meaning=data.get("meaning", ""),
        nullable=data.get("nullable", True),
        values=tuple(data.get("values", ())),
        unit=data.get("unit", ""),
        deprecated=data.get("deprecated", False),
        fields=tuple(_field(field) for field in data.get("fields", ())),
        items=_field(data["items"]) if "items" in data else None,
    )
