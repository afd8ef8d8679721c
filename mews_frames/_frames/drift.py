"""What Mews sent that its documentation does not know: new fields, other types, new enum values.

A frame does not say of which entity type it is, and it need not: its columns do. Enum columns are
looked up in every entity type that has all the documented columns of the frame; columns that the
analyst added do not count. Of a whole frame that leaves one type. Of a few columns it may leave
several; then a value is new only if none of them lists it, so that nothing is reported wrongly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import RESCUED, flat_columns
from mews_frames._frames.spelling import Number, read_json, to_json
from mews_frames._schemas import ENTITY_TYPES, Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import polars as pl

__all__ = ["drift_of", "telling_columns"]

ENUM_VALUE = "enum value"
"""Stands in the column ``type`` for a value that an enum does not list."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """One line of the list."""

    pointer: str
    type: str
    rows: int
    example: str


def telling_columns(names: Collection[str]) -> list[str]:
    """Choose the columns of a frame that tell of drift: all others need not be read."""
    meant = _meant(names)
    return [
        name
        for name in names
        if name == RESCUED or any(name in known and _has_enum(known[name]) for known in meant)
    ]


def drift_of(frame: pl.LazyFrame) -> pl.DataFrame:
    """List what a frame holds that the schema does not know, most frequent first.

    Parameters
    ----------
    frame
        With the column ``_rescued_data``, flat or nested.

    Returns
    -------
    A frame with the columns ``pointer`` (JSON Pointer; positions in lists as ``*``), ``type`` (of
    JSON, or ``enum value``), ``rows`` (that hold it at least once) and ``example`` (as JSON).
    """
    import polars as pl

    enums = list(_enum_columns(frame))
    # Each column of the answer is one list: they differ in length.
    counts = [enum.counts.implode().alias(str(i)) for i, enum in enumerate(enums)]
    answer = frame.select(pl.col(RESCUED).drop_nulls().implode(), *counts).collect().row(0)
    findings = [*_rescued_findings(answer[0])]
    for enum, counted in zip(enums, answer[1:], strict=True):
        findings += _new_values(enum, counted)
    findings.sort(key=lambda found: (-found.rows, found.pointer, found.type, found.example))
    schema = {"pointer": pl.String, "type": pl.String, "rows": pl.Int64, "example": pl.String}
    return pl.DataFrame(
        [(found.pointer, found.type, found.rows, found.example) for found in findings],
        schema=schema,
        orient="row",
    )


# --------------------------------------------------------------------------- rescued data


def _rescued_findings(rescued: Iterable[str]) -> Iterator[_Finding]:
    rows: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for text in rescued:
        found = {
            (_without_positions(pointer), _json_type(value)): value
            for pointer, value in read_json(text).items()
        }
        rows.update(found.keys())
        for kind in found.keys() - examples.keys():
            examples[kind] = to_json(found[kind])
    for (pointer, json_type), count in rows.items():
        yield _Finding(pointer, json_type, count, examples[pointer, json_type])


def _without_positions(pointer: str) -> str:
    # A key that is a number is taken for a position too: no documented field is one.
    return "/".join("*" if name.isdigit() else name for name in pointer.split("/"))


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Number():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


# --------------------------------------------------------------------------- enums


@dataclass(frozen=True, slots=True)
class _Enum:
    """The values of one enum in a frame: texts, or a list of texts in each row."""

    pointer: str
    known: frozenset[str]
    values: pl.Expr
    is_list: bool = False

    @property
    def counts(self) -> pl.Expr:
        """How many rows hold each value at least once."""
        texts = self.values.list.unique().explode() if self.is_list else self.values
        return texts.drop_nulls().value_counts()


def _enum_columns(frame: pl.LazyFrame) -> Iterator[_Enum]:
    """Find what is an enum in every entity type that may be meant."""
    import polars as pl

    schema = frame.collect_schema()
    found = [
        {
            enum.pointer: enum
            for name, dtype in schema.items()
            if name in known
            for enum in _enums_in(known[name], pl.col(name), dtype, "/" + name.replace(".", "/"))
        }
        for known in _meant(schema.names())
    ]
    for pointer, enum in found[0].items() if found else ():
        if all(pointer in enums for enums in found):
            known = frozenset().union(*(enums[pointer].known for enums in found))
            yield replace(enum, known=known)


def _enums_in(field: Field, values: pl.Expr, dtype: Any, pointer: str) -> Iterator[_Enum]:
    """Find the enums within a column, as far as it still looks as it was loaded."""
    import polars as pl

    if field.type == "enum" and isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        yield _Enum(pointer, frozenset(field.values), values.cast(pl.String))
    elif field.type == "object" and isinstance(dtype, pl.Struct):
        types = dtype.to_schema()
        for inner in field.fields:
            if inner.name in types:
                below = values.struct.field(inner.name)
                yield from _enums_in(inner, below, types[inner.name], f"{pointer}/{inner.name}")
    elif field.items is not None and isinstance(dtype, pl.List):
        for enum in _enums_in(field.items, pl.element(), dtype.inner, f"{pointer}/*"):
            texts = enum.values.explode() if enum.is_list else enum.values
            yield _Enum(enum.pointer, enum.known, values.list.eval(texts), is_list=True)


def _new_values(enum: _Enum, counted: Iterable[dict[str, Any]]) -> Iterator[_Finding]:
    for pair in counted:
        value, count = pair.values()
        if value not in enum.known:
            yield _Finding(enum.pointer, ENUM_VALUE, count, to_json(value))


def _meant(names: Collection[str]) -> list[dict[str, Field]]:
    """Give the columns of each entity type that has all the documented ones among some names."""
    known = [_columns(entity_type) for entity_type in ENTITY_TYPES]
    documented = {name for name in names if any(name in columns for columns in known)}
    return [columns for columns in known if documented <= columns.keys()] if documented else []


@cache
def _columns(entity_type: str) -> dict[str, Field]:
    """Give the columns of an entity type by name: those of a flat and of a nested frame."""
    nested = {field.name: field for field in load_schema(entity_type).fields}
    return nested | {column.name: column.field for column in flat_columns(entity_type)}


def _has_enum(field: Field) -> bool:
    inner = field.fields if field.items is None else (field.items,)
    return field.type == "enum" or any(map(_has_enum, inner))
