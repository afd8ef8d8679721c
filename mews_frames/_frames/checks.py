"""What Arrow's JSON reader would take in silence, looked for in the bytes before it reads them.

Each check was made for something that was seen to happen: docs/decisions/0005. They look at a
block as a whole, with numpy, in as few passes as can be (docs/decisions/0010).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Surprise",
    "check_finite",
    "check_utf8",
    "count_lines",
    "count_texts",
    "octets_of",
    "plain_lines",
]


WINDOW = 1024 * 1024
"""Bytes looked at together: what numpy makes of them stays in the caches."""


class Surprise(Exception):  # noqa: N818 - it is no error: the exact path takes over
    """A block holds something that the fast path does not vouch for."""


_BLANK_LINES = re.compile(rb"\n(?:[ \t]*\n)+")


def plain_lines(data: bytes) -> bytes:
    """Take out carriage returns at line ends, and blank lines."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    ends = positions(octets_of(data), "\n")
    if len(ends) and (ends[0] == 0 or (np.diff(ends) == 1).any()):
        data = _BLANK_LINES.sub(b"\n", data).lstrip(b"\n")
    return data


def count_lines(data: bytes) -> int:
    """Count the lines, each of which must begin with ``{`` and end with ``}``.

    Together with as many records as lines, that means one record on each line: a record that
    ran over a line end would have to begin its second line with something else.
    """
    octets = octets_of(data)
    ends = positions(octets, "\n")
    if not (
        len(ends)
        and ends[0] > 0
        and ends[-1] == len(octets) - 1
        and octets[0] == ord("{")
        and (octets[ends - 1] == ord("}")).all()
        and (octets[ends[:-1] + 1] == ord("{")).all()
    ):
        raise Surprise("a line that is not plainly an object")
    # On ``{}null{}``, pyarrow 26 crashes the process.
    if _BAD_AFTER_OBJECT[octets[positions(octets[:-1], "}") + 1]].any():
        raise Surprise("something after an object")
    if not data.isascii():
        check_utf8(data)  # Arrow's reader does not look
    return len(ends)


def check_utf8(data: bytes) -> None:
    """Refuse what is no UTF-8. Arrow's cast looks eight times faster than Python decodes."""
    import pyarrow as pa

    span = pa.py_buffer(np.array([0, len(data)], np.int64).tobytes())
    one = pa.Array.from_buffers(pa.large_binary(), 1, [None, span, pa.py_buffer(data)])
    try:
        one.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise Surprise("invalid UTF-8") from None


def check_finite(doubles: Any) -> None:
    """Refuse numbers too large for a double: Arrow reads them as infinite, as JSON has none."""
    import pyarrow.compute as pc

    if pc.all(pc.is_finite(doubles)).as_py() is False:  # None if there are none
        raise Surprise("a number too large for a double")


def count_texts(data: bytes) -> int:
    """Count the texts that are not keys: quoted numbers too, which Arrow takes for numbers.

    Escapes aside, quotation marks open and close by turns, and one that closes a key has a colon
    behind it. Outside of texts, an ``e-`` is a negative exponent, and refused: on
    ``0e-999999999`` pyarrow 26 crashes the process, and it reads ``10.0e-60`` as 0. Since it
    takes quoted decimals, it does so on a text that is such a number as well.
    """
    data = without_escapes(data)
    if b"\\u00" in data and _ESCAPED_EXPONENT.search(data):
        raise Surprise("an escape that a quoted exponent could hide behind")
    octets = octets_of(data)
    quotes = keys = 0
    in_doubt = False
    for start in range(0, len(octets), WINDOW):
        window = octets[start : start + WINDOW + 1]
        is_quote = window[:-1] == ord('"')
        quotes += int(np.count_nonzero(is_quote))
        closing = np.flatnonzero(is_quote & (window[1:] == ord(":"))) + start
        keys += len(closing)
        in_doubt |= bool(_BEFORE_TEXT[octets[closing - 1]].any())
        in_doubt |= _may_hold_exponent(octets, start)
    if quotes % 2:
        raise Surprise("a quotation mark without another")
    # Where the quotation marks stand is only asked in doubt: it costs more than all the rest.
    return quotes // 2 - (_keys(octets) if in_doubt else keys)


def _keys(octets: npt.NDArray[np.uint8]) -> int:
    """Count the keys, and look for negative exponents, where one text may look like either."""
    quotes = positions(octets, '"')
    exponents = np.flatnonzero((octets[:-1] | 0x20 == ord("e")) & (octets[1:] == ord("-")))
    if (np.searchsorted(quotes, exponents) % 2 == 0).any():
        raise Surprise("a negative exponent")
    return int(np.count_nonzero(octets[quotes[1::2] + 1] == ord(":")))


def _table(characters: bytes) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table


_BEFORE_TEXT = _table(b"{[,: \t\r\n")
_DIGIT = _table(b"0123456789")
_BAD_AFTER_OBJECT = _table(b" \t\rn")
_AFTER_NUMBER = _table(b",}] \t\r\n")
LONG_EXPONENT = 32
"""Digits of an exponent that are looked at before it counts as one."""


def _may_hold_exponent(octets: npt.NDArray[np.uint8], start: int) -> bool:
    """Say whether a window may hold a negative exponent: ``e-``, digits, the end of a number.

    Ids are full of ``e-``, but what follows their digits ends no number. Some end with digits:
    where a text does, what stands before the ``e-`` tells a number from an id.
    """
    window, last = octets[start : start + WINDOW + 1], len(octets) - 1
    found = np.flatnonzero((window[1:] == ord("-")) & (window[:-1] | 0x20 == ord("e"))) + start
    after = found + 2
    for _ in range(LONG_EXPONENT):
        if not len(after):
            return False
        octet = octets[np.minimum(after, last)]
        if _AFTER_NUMBER[octet].any():
            return True
        _check_quoted(octets, found[octet == ord('"')])
        is_digit = _DIGIT[octet]
        found, after = found[is_digit], after[is_digit] + 1
    raise Surprise("a very long exponent")


LONG_NUMBER = 200
"""Characters before an exponent that are looked at; more of them, all of a number, are strange."""
_ONLY_NUMBER = re.compile(rb'(?:^|")[-+.0-9]*$')
# An escaped plus alone is common: .NET writes telephone numbers so.
_ESCAPED_EXPONENT = re.compile(rb"\\u00(?:3[0-9]|[46]5|2[dDeE]|2[bB][-.0-9]*[eE])")


def _check_quoted(octets: npt.NDArray[np.uint8], found: npt.NDArray[np.intp]) -> None:
    """Refuse a text that is a number with a negative exponent, at these places of ``e-``."""
    for place in found:
        before = octets[max(0, int(place) - LONG_NUMBER) : place].tobytes()
        if _ONLY_NUMBER.search(before):
            raise Surprise("a quoted number with a negative exponent")


def without_escapes(data: bytes) -> bytes:
    """Take escaped quotation marks out, so that those left open and close texts by turns."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"..").replace(b'\\"', b"..")
    return data


def octets_of(data: bytes) -> npt.NDArray[np.uint8]:
    """See bytes as numbers, without a copy."""
    return np.frombuffer(data, np.uint8)


def positions(octets: npt.NDArray[np.uint8], character: str) -> npt.NDArray[np.intp]:
    """List where a character stands."""
    return np.concatenate(
        [
            np.flatnonzero(octets[start : start + WINDOW] == ord(character)) + start
            for start in range(0, len(octets), WINDOW)
        ]
        or [np.empty(0, np.intp)]
    )
