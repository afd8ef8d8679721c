"""The fields of an entity type as the compiled reader sees them: one flat list, children together.

What is said here to C is declared there, too: ``compiled.c`` has the same structures.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mews_frames._frames.types import arrow_type
from mews_frames._schemas import Field, load_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

__all__ = [
    "MOST_ROOM",
    "RECORD",
    "RESCUED",
    "SPAN",
    "Buffer",
    "Kind",
    "Layout",
    "Node",
    "Reader",
    "layout_of",
]


class Kind:
    """What C does with a field: the same numbers stand in its ``enum``."""

    OBJECT, LIST, MAP, TEXT, NUMBER, INTEGER, DECIMAL, BOOLEAN, DATETIME, DATE = range(10)


KINDS = {
    "object": Kind.OBJECT,
    "map": Kind.MAP,
    "degrees": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "boolean": Kind.BOOLEAN,
    "datetime": Kind.DATETIME,
    "date": Kind.DATE,
}
"""Of types in a schema; all others are text, arrays aside."""

WIDTHS = {
    Kind.OBJECT: 0,
    Kind.LIST: 4,  # how many items
    Kind.MAP: 4,
    Kind.TEXT: 8,  # a span
    Kind.NUMBER: 8,
    Kind.INTEGER: 8,
    Kind.DECIMAL: 16,
    Kind.BOOLEAN: 1,
    Kind.DATETIME: 8,
    Kind.DATE: 4,
}
"""Bytes of a value."""

SPAN = np.dtype([("start", "u4"), ("length", "i4")])
"""Where a text lies."""

FIELD = np.dtype(
    [
        ("key", "u8"),
        *((name, "i4") for name in ("key_length", "kind", "inner", "inner_count")),
        *((name, "i4") for name in ("scope", "width")),
        *((name, "u8") for name in ("values", "valid")),
        *((name, "i8") for name in ("used", "before", "capacity")),
    ]
)

FIRST_ROOM = 4_096
"""Items that there is room for, in each list of a block; more when they have been seen."""

MOST_ROOM = 2**18
"""More items of one list in a block are damage, or hostile; more lines are very short ones."""

RECORD, RESCUED = 0, 1
"""The first fields: the record itself, and what is rescued of it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A field, and where it stands in the list of them.

    Attributes
    ----------
    index
        Position in the list.
    kind
        Of `Kind`.
    scope
        Index of the list or map that it lies in; 0 if in none. The field has a row for each
        item of it, or for each line.
    final
        The Arrow type of its array.
    children
        Of an object, list or map.
    """

    index: int
    kind: int
    scope: int
    final: Any
    children: tuple[Node, ...] = ()


class Layout:
    """All fields of an entity type.

    Attributes
    ----------
    fields
        An array of `FIELD`, without buffers.
    leaves
        The flat columns, in the order of `flat_columns`.
    lists
        Indices of lists and maps.
    room
        Items to make room for, by field. It grows where a block has more: threads that share it
        may lose a step of that, which is taken again.
    """

    def __init__(self, entity_type: str) -> None:
        self._keys = [b"", b""]
        self._rows = [(Kind.OBJECT, 0, 0, 0, 0), (Kind.LIST, 0, 0, 0, WIDTHS[Kind.LIST])]
        record = Field("", "object", fields=load_schema(entity_type).fields)
        self.leaves = tuple(_leaves(self._node(record, RECORD, RECORD)))
        self.fields = np.zeros(len(self._rows), FIELD)
        for name, column in zip(
            ("kind", "inner", "inner_count", "scope", "width"),
            np.array(self._rows).T,
            strict=True,
        ):
            self.fields[name] = column
        self._key_octets = np.frombuffer(b"".join(self._keys), np.uint8)  # C looks at them there
        lengths = np.array([len(key) for key in self._keys])
        self.fields["key_length"] = lengths
        self.fields["key"] = self._key_octets.ctypes.data + np.cumsum(lengths) - lengths
        is_list = np.isin(self.fields["kind"], (Kind.LIST, Kind.MAP))
        is_list[RESCUED] = False
        self.lists = np.flatnonzero(is_list).astype(np.int32)
        self.room = np.full(len(self.fields), FIRST_ROOM)

    def _node(self, field: Field, index: int, scope: int) -> Node:
        """Put the children of a field side by side, and what lies below them after that."""
        inside = _inside(field)
        kind = Kind.LIST if field.items is not None else KINDS.get(field.type, Kind.TEXT)
        first = len(self._rows)
        self._rows[index] = (kind, first, len(inside), scope, WIDTHS[kind])
        self._rows += [(0,) * 5] * len(inside)
        self._keys += [f'"{child.name}":'.encode() for child in inside]
        below = index if kind in {Kind.LIST, Kind.MAP} else scope
        children = [self._node(child, first + i, below) for i, child in enumerate(inside)]
        return Node(index, kind, scope, arrow_type(field), tuple(children))


def _inside(field: Field) -> tuple[Field, ...]:
    if field.items is not None:
        return (field.items,)
    if field.type == "map":
        return (Field("key", "string"), Field("value", "string"))
    return field.fields


def _leaves(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.kind == Kind.OBJECT:
            yield from _leaves(child)
        else:
            yield child


layout_of = cache(Layout)


class Buffer(ctypes.Structure):
    """Octets that C may fill."""

    _fields_ = (
        ("octets", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("used", "before", "capacity")),
    )

    @classmethod
    def over(cls, array: npt.NDArray[np.uint8]) -> Buffer:
        """Let C fill an array, which must be kept meanwhile."""
        return cls(array.ctypes.data, 0, 0, len(array))


class Reader(ctypes.Structure):
    """What C is told, and what it tells."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("lines", "end", "at", "fields")),
        *(("field_count", ctypes.c_int64), ("lists", ctypes.c_void_p)),
        *(("list_count", ctypes.c_int64), ("written", Buffer), ("rescued", Buffer)),
        *(("odd", ctypes.c_void_p), ("odd_count", ctypes.c_int64), ("full", ctypes.c_int64)),
    )
