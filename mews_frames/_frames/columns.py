"""The columns of a frame: flat leaves of a schema, and which of them a caller keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from mews_frames._frames.types import arrow_type, polars_type
from mews_frames._schemas import Field, load_schema
from mews_frames.errors import InvalidArgumentError, UnknownColumnError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    import pyarrow as pa

__all__ = [
    "RESCUED",
    "Column",
    "Kept",
    "arrow_schema",
    "check_names",
    "flat_columns",
    "keep",
    "polars_schema",
]

RESCUED = "_rescued_data"
"""Name of the last column. The idea and the name are Databricks'."""


@dataclass(frozen=True, slots=True)
class Column:
    """One flat column: a leaf of the schema, or a whole list or map.

    Attributes
    ----------
    name
        Names from the record down to the leaf, joined by ``.``.
    path
        The same names, apart.
    field
        What the schema says of the leaf.
    """

    name: str
    path: tuple[str, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Kept:
    """What a caller keeps of an entity type.

    Attributes
    ----------
    entity_type
        Whose columns these are.
    names
        Leaves and whole fields as asked for, sorted; ``None`` keeps everything, unknown
        fields too.
    """

    entity_type: str
    names: tuple[str, ...] | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The kept flat columns, in schema order."""
        return tuple(c for c in flat_columns(self.entity_type) if self.has(c.name))

    def has(self, name: str) -> bool:
        """Say whether a flat column is kept."""
        return self.names is None or any(_within(name, kept) for kept in self.names)

    def covers(self, other: Kept) -> bool:
        """Say whether everything that `other` keeps is kept here too."""
        if self.names is None:
            return True
        return other.names is not None and all(self.has(name) for name in other.names)

    def union(self, other: Kept) -> Kept:
        """Keep what either keeps."""
        if self.names is None or other.names is None:
            return Kept(self.entity_type)
        return Kept(self.entity_type, _without_parts({*self.names, *other.names}))

    def keeps_rescued(self, pointer: str) -> bool:
        """Say whether a rescued value belongs to a kept column.

        It does if it lies inside a kept field, or if a kept leaf lies inside of it (an
        ``Amount`` that came as a list belongs to ``Amount.NetValue``).
        """
        if self.names is None:
            return True
        path = pointer.split("/")[1:]
        return any(_either_within(path, kept.split(".")) for kept in self.names)


def _within(name: str, parent: str) -> bool:
    return name == parent or name.startswith(parent + ".")


def _either_within(path: list[str], other: list[str]) -> bool:
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]


def _without_parts(names: set[str]) -> tuple[str, ...]:
    """Leave out the names that lie within another one."""
    return tuple(sorted(n for n in names if not any(n != m and _within(n, m) for m in names)))


@cache
def flat_columns(entity_type: str) -> tuple[Column, ...]:
    """List the flat columns of an entity type, in the order of Mews' own schema."""
    return tuple(_leaves(load_schema(entity_type).fields, ()))


def _leaves(
    fields: tuple[Field, ...], above: tuple[str, ...], *, deprecated: bool = False
) -> Iterator[Column]:
    """Walk through a schema; what is deprecated deprecates what it holds."""
    for field in fields:
        path, old = (*above, field.name), deprecated or field.deprecated
        if field.type == "object":
            yield from _leaves(field.fields, path, deprecated=old)
        else:
            yield Column(".".join(path), path, replace(field, deprecated=old))


def keep(entity_type: str, names: Sequence[str] | None) -> Kept:
    """Make sense of a ``columns`` argument: leaves, or whole fields.

    Raises
    ------
    UnknownColumnError
        For a name that the entity type does not have; the nearest ones are listed.
    """
    if names is None:
        load_schema(entity_type)
        return Kept(entity_type)
    check_names(names)
    wanted = set(names) - {RESCUED}
    known = {
        ".".join(c.path[: i + 1]) for c in flat_columns(entity_type) for i in range(len(c.path))
    }
    if unknown := sorted(wanted - known):
        raise UnknownColumnError(
            f"{entity_type} has no column {', '.join(map(repr, unknown))}",
            hint="; ".join(_nearest(name, known) for name in unknown)
            + f"; mf.schema_of({entity_type!r}) lists all",
        )
    if not wanted:
        raise InvalidArgumentError("columns is empty", hint="name at least one, or leave it out")
    return Kept(entity_type, _without_parts(wanted))


def check_names(names: object) -> None:
    """Refuse a ``columns`` argument that is no list of names."""
    if (
        isinstance(names, str)
        or not isinstance(names, Collection)  # a generator, which could be looked through once
        or not all(isinstance(name, str) for name in names)
    ):
        meant = names if isinstance(names, str) else "Id"
        raise InvalidArgumentError(
            f"columns must be a list of names, not {names!r}", hint=f"columns=[{meant!r}]"
        )


def _nearest(name: str, known: set[str]) -> str:
    import difflib

    lower = {k.lower(): k for k in sorted(known)}
    near = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)
    return (
        f"near {name!r}: {', '.join(lower[n] for n in near)}" if near else f"none is near {name!r}"
    )


# --------------------------------------------------------------------------- schemas


def arrow_schema(kept: Kept) -> pa.Schema:
    """Give the Arrow schema of the parts in the cache: kept flat columns, then the rescued data."""
    import pyarrow as pa

    columns = [pa.field(c.name, arrow_type(c.field)) for c in kept.columns]
    return pa.schema([*columns, pa.field(RESCUED, pa.string())])


def polars_schema(kept: Kept, *, flatten: bool, money: str = "decimal") -> pl.Schema:
    """Give the Polars schema of a frame."""
    import polars as pl

    columns = (
        {c.name: polars_type(c.field, money) for c in kept.columns}
        if flatten
        else {
            f.name: polars_type(f, money)
            for f in nested_fields(load_schema(kept.entity_type).fields, kept)
        }
    )
    return pl.Schema({**columns, RESCUED: pl.String()})


def nested_fields(fields: tuple[Field, ...], kept: Kept, above: str = "") -> Iterator[Field]:
    """List the fields that hold a kept column, structs cut down to what is kept of them."""
    for field in fields:
        name = above + field.name
        if field.type == "object":
            if inner := tuple(nested_fields(field.fields, kept, name + ".")):
                yield replace(field, fields=inner)
        elif kept.has(name):
            yield field
