"""The fast path where Mews has added fields: their members are cut out, the rest is read as ever.

When a field is new, every record has it, and no line would be plain any more. What is cut out is
rescued as it is spelled, as the exact path would. Only members of the record itself are cut; what
lies deeper, or is spelled in an unusual way, stays, surprises Arrow, and takes the exact path.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from mews_frames._frames.checks import Surprise, octets_of, plain_lines, positions, without_escapes
from mews_frames._frames.columns import RESCUED, Kept
from mews_frames._frames.fast import decode_fast
from mews_frames._frames.spelling import (
    NotOneObjectError,
    is_storable,
    parse_json,
    read_json,
    read_record,
    to_json,
)
from mews_frames._frames.values import escape
from mews_frames._schemas import load_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["begins_with_unknown", "decode_beside"]

SAMPLES = 8
"""Lines of a block that are looked at for unknown fields. One that is missed is no harm: the
block is split, and looked at again."""


def decode_beside(data: bytes, kept: Kept) -> pa.Table:
    """Decode whole lines that have unknown fields, or raise `Surprise`.

    Parameters
    ----------
    data
        Lines, each ending with a line feed; no byte order mark.
    kept
        The columns of the result; the last one holds what was cut out, unless columns were left
        out: then nobody asked for unknown fields.
    """
    import pyarrow as pa

    data = plain_lines(data)
    ends = positions(octets_of(data), "\n")
    runs = _unknown_runs(data, ends, kept.entity_type)
    try:
        known, rescued = _cut_out(data, ends, runs)
    except Surprise:  # they do not stand side by side in every line: one by one
        names = dict.fromkeys(name for run in runs for name in run)
        singles: list[tuple[str, ...]] = [(name,) for name in names]
        if singles == runs:
            raise
        known, rescued = _cut_out(data, ends, singles)
    table = decode_fast(known, kept)
    if kept.names is not None:
        return table
    return table.set_column(
        table.num_columns - 1, pa.field(RESCUED, pa.string()), pa.array(rescued, pa.string())
    )


def begins_with_unknown(data: bytes, entity_type: str) -> bool:
    """Say whether the first line has an unknown field: then all the others may, too."""
    try:
        record = read_record(data[: data.index(b"\n")])
    except NotOneObjectError:
        return False
    return not record.keys() <= {field.name for field in load_schema(entity_type).fields}


def _unknown_runs(
    data: bytes, ends: npt.NDArray[np.intp], entity_type: str
) -> list[tuple[str, ...]]:
    """List the unknown fields of some lines: together those that stand side by side."""
    known = {field.name for field in load_schema(entity_type).fields}
    runs: dict[tuple[str, ...], None] = {}
    for row in range(0, len(ends), max(1, len(ends) // SAMPLES)):
        start = int(ends[row - 1]) + 1 if row else 0
        try:
            record = read_record(data[start : int(ends[row])])
        except NotOneObjectError:
            raise Surprise("a line that is no object") from None
        for is_known, run in groupby(record, key=known.__contains__):
            if not is_known:
                runs[tuple(run)] = None
    if not runs or not all(is_storable(name) for run in runs for name in run):
        raise Surprise("not for unknown fields")
    return list(runs)


def _cut_out(
    data: bytes, ends: npt.NDArray[np.intp], runs: list[tuple[str, ...]]
) -> tuple[bytes, list[str | None]]:
    """Cut these fields out of all lines; give what is left, and what is rescued of each line."""
    readers = [_Reader(data, run) for run in runs]
    found = sorted((at, i) for i, reader in enumerate(readers) for at in reader.occurrences())
    rows = np.searchsorted(ends, np.array([at for at, _ in found], np.intp)).tolist()
    if len({(row, runs[i][0]) for row, (_, i) in zip(rows, found, strict=True)}) < len(found):
        raise Surprise("a repeated key, or runs that begin alike")
    rescued: list[str | None] = [None] * len(ends)
    pieces, within, cut = [], [], 0
    for (at, i), row in zip(found, rows, strict=True):
        text, stop = readers[i].read(at)
        if at < cut:
            raise Surprise("runs that overlap")
        # What is left must be whole records: right at their braces, a member is the record's own.
        if not data.startswith(b"}\n", stop) and not data.startswith(b"\n{", at - 2):
            within.append(at)
        start, stop = _with_comma(data, at, stop, cut)
        pieces.append(data[cut:start])
        cut = stop
        before = rescued[row]
        rescued[row] = text if before is None else f"{before}, {text}"
    if within:
        _check_depth(data, ends, np.array(within, np.intp))
    left = b"".join([*pieces, data[cut:]])
    return left, [None if text is None else "{" + text + "}" for text in rescued]


def _check_depth(data: bytes, ends: npt.NDArray[np.intp], starts: npt.NDArray[np.intp]) -> None:
    """Make sure that texts begin at `starts`, and that they lie directly in the record."""
    octets = octets_of(without_escapes(data))
    quotes = positions(octets, '"')
    lowered = octets | 0x20  # braces and brackets are the same but for this bit
    opening, closing = (
        found[np.searchsorted(quotes, found) % 2 == 0]
        for found in (np.flatnonzero(lowered == ord("{")), np.flatnonzero(lowered == ord("}")))
    )
    in_line = np.searchsorted(opening, ends) - np.searchsorted(closing, ends)
    deep = np.searchsorted(opening, starts) - np.searchsorted(closing, starts)
    if (
        (np.searchsorted(quotes, ends) % 2).any()
        or (np.searchsorted(quotes, starts) % 2).any()
        or in_line.any()
        or (deep != 1).any()
    ):
        raise Surprise("an unknown field where it cannot be cut out")


COMMA = ord(",")
_ENDS = b'"}]0123456789el'
"""How a value may end: as a text, an object, a list, a number, true, false or null."""
_BEFORE = re.compile(rb'(\{|(?<=["}\]\del]),) ?\Z')
_AFTER = re.compile(rb'[ \t]*(?:(,[ \t]*)(?=")|(?=\}))')


def _with_comma(data: bytes, start: int, stop: int, cut: int) -> tuple[int, int]:
    """Widen a member by a comma: the one before it, or after it if it is the first one left.

    Parameters
    ----------
    data
        The lines.
    start, stop
        Where the member lies.
    cut
        Where the last one that was cut out ended, its comma included.
    """
    if data[start - 1] == COMMA and start != cut and data[start - 2] in _ENDS:
        if data[stop] not in b",}":
            raise Surprise("no comma after an unknown field")
        return start - 1, stop
    after = _AFTER.match(data, stop)
    if after is None:
        raise Surprise("no comma after an unknown field")
    if start == cut:
        return start, after.end()
    before = _BEFORE.search(data[max(0, start - 3) : start])
    if before is None:
        raise Surprise("no comma before an unknown field")
    if before[1] == b"{":
        return start, after.end()
    return start - len(before[0]), stop


_SIMPLE = (
    rb'[ \t]*("[^"\\\x00-\x1f]*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null'
    rb"|\[[^][{}\\\n]*\])"
)
"""A value that can be taken as it is spelled, or a list of such."""


class _Reader:
    """Reads fields that stand side by side, as the exact path would rescue them."""

    def __init__(self, data: bytes, run: tuple[str, ...]) -> None:
        keys = [json.dumps(name, ensure_ascii=False).encode() + b":" for name in run]
        self._data = data
        self._first = keys[0]
        self._run = re.compile(rb",[ \t]*".join(re.escape(key) + _SIMPLE for key in keys))
        self._pointers = [to_json("/" + escape(name)) + ": " for name in run]
        self._texts: dict[bytes, str] = {}  # as spelled, and as rescued

    def occurrences(self) -> Iterator[int]:
        """Say where the first of the fields stands, or seems to."""
        at = self._data.find(self._first)
        while at >= 0:
            yield at
            at = self._data.find(self._first, at + len(self._first))

    def read(self, at: int) -> tuple[str, int]:
        """Give the members that begin somewhere, as rescued, and where they end."""
        try:
            match = self._run.match(self._data, at)
            if match is not None:
                known, texts = self._texts, []
                for pointer, spelled in zip(self._pointers, match.groups(), strict=True):
                    if (text := known.get(spelled)) is None:
                        text = known[spelled] = _rescued(spelled)
                    texts.append(pointer + text)
                return ", ".join(texts), match.end()
            if len(self._pointers) == 1:
                return self._parsed(at)
        except (ValueError, RecursionError):  # no UTF-8, no JSON
            pass
        raise Surprise("unknown fields that cannot be read") from None

    def _parsed(self, at: int) -> tuple[str, int]:
        """Read a value that is nested, or holds an escape."""
        start = at + len(self._first)
        text = self._data[start : self._data.index(b"\n", start)].decode()
        value, stop = parse_json(text, len(text) - len(text.lstrip(" \t")))
        return self._pointers[0] + to_json(value), start + len(text[:stop].encode())


def _rescued(spelled: bytes) -> str:
    text = spelled.decode()
    # A bracket within a text may have ended a list too early: then this is not JSON.
    return to_json(read_json(text)) if text.startswith("[") else text
