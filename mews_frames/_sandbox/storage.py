"""The storage of the pretend Mews: signed links, ranges, and what spoils a download.

Mews says only that links are signed and live 10 minutes; the rest is what object storages do.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from mews_frames._sandbox.faults import (
    Compress,
    Corrupt,
    Drop,
    FaultBook,
    NoRange,
    Stall,
    Truncate,
)
from mews_frames._sandbox.values import (
    CHUNK,
    STORAGE,
    Answer,
    ConnectionCutError,
    ConnectionStalledError,
    Request,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mews_frames._sandbox.store import Part

__all__ = ["LINK_LIFE", "Links", "download"]

LINK_LIFE = timedelta(minutes=10)  # Mews docs, operations/exports.md: Files
NAME = re.compile(re.escape(STORAGE) + r"([0-9a-f-]{36})-([1-9][0-9]{0,5})\.jsonl")
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Links:
    """Makes signed links, and reads them back.

    Parameters
    ----------
    secret
        What the signatures are made with. The same for all processes that share a store.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, export_id: str, part: int, until: datetime) -> str:
        """Give path and query of a link that works until an instant."""
        path, end = f"{STORAGE}{export_id}-{part}.jsonl", until.isoformat()
        return f"{path}?se={quote(end, safe='')}&sp=r&sig={self._signature(path, end)}"

    def read(self, request: Request, now: datetime) -> tuple[str, int] | None:
        """Give export id and number of the part, if the link is whole and still works."""
        name = NAME.fullmatch(request.path)
        query = parse_qs(request.query, keep_blank_values=True)
        try:
            (end,), (permission,), (signature,) = query["se"], query["sp"], query["sig"]
            until = datetime.fromisoformat(end)
        except (KeyError, ValueError):
            return None
        expected = self._signature(request.path, end)
        if name is None or permission != "r" or not hmac.compare_digest(signature, expected):
            return None
        return (name[1], int(name[2])) if now < until else None

    def _signature(self, path: str, end: str) -> str:
        return hmac.new(self._secret, f"{path}\n{end}".encode(), hashlib.sha256).hexdigest()


def download(part: Part, number: int, etag: str, request: Request, faults: FaultBook) -> Answer:
    """Answer a GET of a part, whole or a range of it."""
    short = faults.take(Truncate, lambda fault: fault.part == number)
    size = max(part.size - (short.by if short else 0), 0)
    headers = {"Content-Type": "application/octet-stream", "ETag": etag}
    pressed = faults.take(Compress)
    if pressed is None and faults.take(NoRange) is None:
        headers["Accept-Ranges"] = "bytes"
        asked = _range(request.headers, etag, size)
    else:
        asked = None
    start, stop = asked or (0, size)
    if asked and start >= size:
        headers["Content-Range"] = f"bytes */{size}"
        return Answer(416, headers)
    body = _read(part.path, part.start + start, part.start + stop)
    wrong = faults.take(Corrupt, lambda fault: fault.part == number)
    if wrong is not None:
        body = _corrupted(body, wrong.offset - start, wrong.mask)
    if pressed is not None:
        headers["Content-Encoding"] = "gzip"
        return Answer(200, headers, _compressed(body), None)
    length = stop - start
    if (drop := faults.take(Drop, lambda fault: fault.after < length)) is not None:
        body = _broken(body, drop.after, ConnectionCutError())
    elif (stall := faults.take(Stall, lambda fault: fault.after < length)) is not None:
        body = _broken(body, stall.after, ConnectionStalledError())
    if asked is None:
        return Answer(200, headers, body, length)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Answer(206, headers, body, length)


def _range(headers: Mapping[str, str], etag: str, size: int) -> tuple[int, int] | None:
    """Read the ``Range`` header: start included, stop excluded; ``None`` for the whole part.

    RFC 9110, section 14.2: what cannot be read is ignored, and so is a range whose ``If-Range``
    names another version. Several ranges at once are ignored too, which the RFC allows.
    """
    found = RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if first:
        stop = min(int(last) + 1, size) if last else size
        return None if last and int(last) < int(first) else (int(first), stop)
    if not last:
        return None
    return (max(size - int(last), 0), size) if int(last) else (size, size)


def _read(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            chunk = file.read(min(CHUNK, stop - start))
            if not chunk:
                raise ConnectionCutError  # the file went away under our hands
            start += len(chunk)
            yield chunk


def _corrupted(chunks: Iterable[bytes], offset: int, mask: int) -> Iterator[bytes]:
    for chunk in chunks:
        if 0 <= offset < len(chunk):
            changed = bytearray(chunk)
            changed[offset] ^= mask
            yield bytes(changed)
        else:
            yield chunk
        offset -= len(chunk)


def _broken(chunks: Iterable[bytes], after: int, end: Exception) -> Iterator[bytes]:
    for chunk in chunks:
        if len(chunk) > after:
            if after:
                yield chunk[:after]
            raise end
        after -= len(chunk)
        yield chunk


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)  # 31: the gzip container
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()
