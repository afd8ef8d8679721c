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
from mews_frames._frames.parquet import ROWS_PER_GROUP
from mews_frames._frames.spelling import Number, read_json, to_json
from mews_frames._schemas import ENTITY_TYPES, Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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

    rescued, enums = _Rescued(), [_NewValues(enum) for enum in _enum_columns(frame)]
    # What is new may be different in every row, and all of it need not fit into memory.
    for batch in frame.collect_batches(chunk_size=ROWS_PER_GROUP, maintain_order=True):
        rescued.add(batch[RESCUED])
        for enum in enums:
            enum.add(batch)
    findings = [*rescued.findings(), *(new for enum in enums for new in enum.findings())]
    findings.sort(key=lambda found: (-found.rows, found.pointer, found.type, found.example))
    schema = {"pointer": pl.String, "type": pl.String, "rows": pl.Int64, "example": pl.String}
    return pl.DataFrame(
        [(found.pointer, found.type, found.rows, found.example) for found in findings],
        schema=schema,
        orient="row",
    )


# --------------------------------------------------------------------------- rescued data


class _Rescued:
    """Counts the rows that hold a pointer and a type; keeps the first example of each."""

    def __init__(self) -> None:
        self._rows: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], str] = {}

    def add(self, rescued: pl.Series) -> None:
        """Read each text once: where a field is new, many rows say the same of it."""
        texts = rescued.drop_nulls().rename("text").to_frame()
        for text, rows in texts.group_by("text", maintain_order=True).len().iter_rows():
            found = {
                (_without_positions(pointer), _json_type(value)): value
                for pointer, value in read_json(text).items()
            }
            for kind, value in found.items():
                self._rows[kind] += rows
                if kind not in self._examples:
                    self._examples[kind] = to_json(value)

    def findings(self) -> Iterator[_Finding]:
        for kind, rows in self._rows.items():
            yield _Finding(*kind, rows, self._examples[kind])


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


class _NewValues:
    """Counts the rows that hold a value which an enum does not list."""

    def __init__(self, enum: _Enum) -> None:
        self._enum = enum
        self._rows: Counter[str] = Counter()

    def add(self, batch: pl.DataFrame) -> None:
        for pair in batch.select(self._enum.counts).to_series():
            value, rows = pair.values()
            if value not in self._enum.known:
                self._rows[value] += rows

    def findings(self) -> Iterator[_Finding]:
        for value, rows in self._rows.items():
            yield _Finding(self._enum.pointer, ENUM_VALUE, rows, to_json(value))


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
