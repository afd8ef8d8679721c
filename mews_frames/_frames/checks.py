"""What Arrow's JSON reader would take in silence, looked for in the bytes before it reads them.

Each check was made for something that was seen to happen: docs/decisions/0005. They look at a
block as a whole, with numpy, and cost a tenth of what the reading costs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Surprise", "count_lines", "count_texts", "plain_lines"]


class Surprise(Exception):  # noqa: N818 - it is no error: the exact path takes over
    """A block holds something that the fast path does not vouch for."""


_BLANK_LINES = re.compile(rb"\n(?:[ \t]*\n)+")


def plain_lines(data: bytes) -> bytes:
    """Take out carriage returns at line ends, and blank lines."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    ends = _positions(data, "\n")
    if len(ends) and (ends[0] == 0 or (np.diff(ends) == 1).any()):
        data = _BLANK_LINES.sub(b"\n", data).lstrip(b"\n")
    return data


def count_lines(data: bytes) -> int:
    """Count the lines, each of which must begin with ``{`` and end with ``}``.

    Together with as many records as lines, that means one record on each line: a record that
    ran over a line end would have to begin its second line with something else.
    """
    octets = _octets(data)
    ends = _positions(data, "\n")
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
    after = octets[_positions(data[:-1], "}") + 1]
    if np.isin(after, list(b" \t\rn")).any():
        raise Surprise("something after an object")
    try:
        if not data.isascii():
            data.decode("utf-8")  # Arrow does not look
    except UnicodeDecodeError:
        raise Surprise("invalid UTF-8") from None
    return len(ends)


def count_texts(data: bytes) -> int:
    """Count the texts that are not keys: quoted numbers too, which Arrow takes for numbers.

    Escapes aside, quotation marks open and close by turns, and one that closes a key has a colon
    behind it. Outside of texts, an ``e-`` is a negative exponent, and refused: on
    ``0e-999999999`` pyarrow 26 crashes the process, and it reads ``10.0e-60`` as 0.
    """
    if b"\\" in data:
        data = data.replace(b"\\\\", b"..").replace(b'\\"', b"..")
    octets = _octets(data)
    quotes = _positions(data, '"')
    if len(quotes) % 2:
        raise Surprise("a quotation mark without another")
    exponents = np.flatnonzero((octets[:-1] | 0x20 == ord("e")) & (octets[1:] == ord("-")))
    if (np.searchsorted(quotes, exponents) % 2 == 0).any():
        raise Surprise("a negative exponent")
    closing = quotes[1::2]
    keys = np.count_nonzero(octets[closing + 1] == ord(":"))
    return len(closing) - int(keys)


def _octets(data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


def _positions(data: bytes, character: str) -> npt.NDArray[np.intp]:
    return np.flatnonzero(_octets(data) == ord(character))
