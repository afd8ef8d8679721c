"""The fast path: ``compiled.c`` reads lines into buffers, which become Arrow's arrays here.

The library is built with the package where there is a C compiler (``hatch_build.py``). Where there
is none, `is_there` says so, and `mews_frames._frames.fast` is what is fast: docs/decisions/0016.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mews_frames._frames import layout
from mews_frames._frames.checks import Surprise, check_finite, check_utf8, octets_of
from mews_frames._frames.columns import RESCUED, Kept, flat_columns
from mews_frames._frames.layout import Kind, Layout, Node

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["LIBRARY", "Odd", "decode_compiled", "is_there"]

LIBRARY = Path(__file__).with_name("compiled.bin")
"""Where the build leaves it. Not called as libraries are: Python would take that for a module."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A line that was not taken: which row it is, and where in the block it begins."""

    row: int
    start: int


def is_there() -> bool:
    """Say whether the library has been built, of these sources, and for a machine like this."""
    return _library() is not None


@cache
def _library() -> ctypes.CDLL | None:
    if sys.byteorder != "little":  # as decimals are written
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
        built_of = ctypes.c_char.in_dll(library, "digest")
    except (OSError, ValueError):
        return None
    if ctypes.string_at(ctypes.addressof(built_of)) != _digest():
        return None
    library.read_lines.restype = ctypes.c_int64
    library.read_lines.argtypes = [ctypes.c_void_p]
    library.gather.restype = None
    library.gather.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
    return library


def _digest() -> bytes:
    return hashlib.sha256(Path(__file__).with_suffix(".c").read_bytes()).hexdigest().encode()


MOST_OCTETS = 2**31 - 1
"""Of a block: the places of texts have 31 bits."""


def decode_compiled(data: bytes, kept: Kept) -> tuple[pa.Table, list[Odd]]:
    """Decode whole lines into flat columns; say which lines are left to the exact path.

    Parameters
    ----------
    data
        Lines, each ending with a line feed; no byte order mark.
    kept
        The columns of the result.

    Returns
    -------
    A row for each line that is not blank, all null if it is odd; and the odd ones.

    Raises
    ------
    Surprise
        If the block as a whole is not for it: no UTF-8, lists of countless items, or numbers too
        large for a double.
    """
    import pyarrow as pa

    if len(data) > MOST_OCTETS:
        raise Surprise("a very long block")
    if not data.isascii():
        check_utf8(data)
    fields = layout.layout_of(kept.entity_type)
    reading = _Reading(data, fields)
    arrays = [
        reading.array(leaf)
        for leaf, column in zip(fields.leaves, flat_columns(kept.entity_type), strict=True)
        if kept.has(column.name)
    ]
    rescued = reading.rescued() if kept.names is None else pa.nulls(reading.rows, pa.string())
    names = [column.name for column in kept.columns]
    return pa.table([*arrays, rescued], names=[*names, RESCUED]), reading.odd


class _Scratch(threading.local):
    """Memory that a thread reads one block after the other into: fresh pages cost time."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def zeros(self, size: int) -> npt.NDArray[np.uint8]:
        """Give so many octets, all zero; those that were given before are the same."""
        if len(self._memory) < size:
            self._memory = np.empty(size, np.uint8)
        memory = self._memory[:size]
        memory.fill(0)
        return memory


_scratch = _Scratch()

ALIGNED = 64
"""Bytes, as Arrow likes its buffers."""


class _Reading:
    """A block that has been read: its buffers, and the arrays that are made of them."""

    def __init__(self, data: bytes, fields: Layout) -> None:
        library = _library()
        assert library is not None, "nobody asked is_there()"  # noqa: S101 - for the type checker
        self._library = library
        self._octets = octets_of(data)  # C looks at them there
        self._written = np.empty(len(data) if b"\\" in data else 0, np.uint8)
        self._rescued = np.empty(2 * len(data), np.uint8)
        while not self._read(fields):
            pass

    def _read(self, layout_: Layout) -> bool:
        """Let C read. If a list had no room left, see that it will have, and give False."""
        self._place_buffers(layout_)
        fields, start = self._fields, self._octets.ctypes.data
        odd = np.empty((int(fields["capacity"][layout.RECORD]), 2), np.int64)
        self._reader = layout.Reader(
            lines=start,
            end=start + len(self._octets),
            at=start,
            fields=fields.ctypes.data,
            field_count=len(fields),
            lists=layout_.lists.ctypes.data,
            list_count=len(layout_.lists),
            written=layout.Buffer.over(self._written),
            rescued=layout.Buffer.over(self._rescued),
            odd=odd.ctypes.data,
            full=-1,
        )
        self.rows = self._library.read_lines(ctypes.byref(self._reader))
        if self.rows < 0:
            full = self._reader.full
            if layout_.room[full] >= layout.MOST_ROOM:
                raise Surprise("a list of countless items")
            layout_.room[full] *= 2
            return False
        self.odd = [Odd(*map(int, each)) for each in odd[: self._reader.odd_count]]
        self._used = fields["used"].tolist()
        return True

    def _place_buffers(self, layout_: Layout) -> None:
        """Lay the buffers of all fields into one, values first, then the bits of what is valid."""
        fields = self._fields = layout_.fields.copy()
        fields["capacity"] = layout_.room
        rows = fields["capacity"][fields["scope"]]
        sizes = np.concatenate([rows * fields["width"], (rows + 7) // 8])
        sizes += -sizes % ALIGNED
        starts = np.cumsum(sizes) - sizes
        memory = _scratch.zeros(int(sizes.sum()) + ALIGNED)
        starts += -memory.ctypes.data % ALIGNED
        fields["values"], fields["valid"] = (memory.ctypes.data + starts).reshape(2, -1)
        self._values, self._valid = starts.reshape(2, -1).tolist()
        self._widths = fields["width"].tolist()
        self._memory = memory

    def _valid_of(self, node: Node) -> Any:
        start = self._valid[node.index]
        return _buffer(self._memory[start : start + (self._used[node.scope] + 7) // 8].copy())

    def _values_of(self, node: Node) -> npt.NDArray[np.uint8]:
        start = self._values[node.index]
        return self._memory[start : start + self._used[node.scope] * self._widths[node.index]]

    def array(self, node: Node) -> Any:
        """Give the array of a field."""
        import pyarrow as pa

        rows, values = self._used[node.scope], self._values_of(node)
        buffers: list[Any] = [self._valid_of(node)]
        children: list[Any] = [self.array(child) for child in node.children]
        final = node.final
        match node.kind:
            case Kind.TEXT | Kind.NUMBER:
                buffers += self._texts(values.view(layout.SPAN))
                final = pa.string()
            case Kind.BOOLEAN:
                buffers.append(_buffer(np.packbits(values, bitorder="little")))
            case Kind.LIST:
                buffers.append(_buffer(_offsets(values.view(np.int32))))
            case Kind.MAP:
                buffers.append(_buffer(_offsets(values.view(np.int32))))
                entries = self._used[node.index]
                children = [
                    pa.Array.from_buffers(final.value_type, entries, [None], children=children)
                ]
            case Kind.OBJECT:
                pass
            case _:
                buffers.append(_buffer(values.copy()))
        array = pa.Array.from_buffers(final, rows, buffers, children=children)
        if node.kind == Kind.NUMBER:
            array = array.cast(node.final)
            check_finite(array)
        return array

    def _texts(self, spans: npt.NDArray[Any]) -> list[pa.Buffer]:
        offsets = _offsets(spans["length"])
        texts = np.empty(int(offsets[-1]), np.uint8)
        self._library.gather(
            ctypes.byref(self._reader), spans.ctypes.data, len(spans), texts.ctypes.data
        )
        return [_buffer(offsets), _buffer(texts)]

    def rescued(self) -> Any:
        """Give the array of rescued data: C has laid it one behind the other."""
        import pyarrow as pa

        used = self._reader.rescued.used
        if not used:
            return pa.nulls(self.rows, pa.string())
        node = Node(layout.RESCUED, Kind.LIST, layout.RECORD, pa.string())
        offsets = _offsets(self._values_of(node).view(np.int32))
        texts = self._rescued[:used].copy()  # it was made for many more
        buffers = [self._valid_of(node), _buffer(offsets), _buffer(texts)]
        return pa.Array.from_buffers(pa.string(), self.rows, buffers)


def _offsets(lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _buffer(array: Any) -> Any:
    import pyarrow as pa

    return pa.py_buffer(array)
