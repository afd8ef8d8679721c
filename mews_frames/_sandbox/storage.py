"""The storage of the pretend Mews: signed links, ranges, and what spoils a download.

Mews says only that links are signed and live 10 minutes; the rest is what object storages do.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from mews_frames._sandbox.values import (
    CHUNK,
    STORAGE,
    Answer,
    ConnectionCutError,
    ConnectionStalledError,
    Request,
)
from mews_frames.testing import Compress, Corrupt, Drip, Drop, NoRange, Stall, Truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from mews_frames._sandbox.faults import FaultBook
    from mews_frames._sandbox.store import Part

__all__ = ["LINK_LIFE", "Links", "Storage"]

LINK_LIFE = timedelta(minutes=10)  # Mews docs, operations/exports.md: Files
NAME = re.compile(re.escape(STORAGE) + r"([0-9a-f-]{36})-([1-9][0-9]{0,5})\.jsonl")
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
PARAMETERS = ("se", "sp", "once", "sig")
"""Of a link: its end, what it permits, what makes it new, and its signature."""
SLICE = 1.0
"""Seconds of a pause between drips that are slept at once."""


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
        """Give path and query of a link that works until an instant, and is like no other."""
        path, end = f"{STORAGE}{export_id}-{part}.jsonl", until.isoformat()
        once = secrets.token_hex(8)
        signature = self._signature(path, end, once)
        return f"{path}?se={quote(end, safe='')}&sp=r&once={once}&sig={signature}"

    def read(self, request: Request, now: datetime) -> tuple[str, int] | None:
        """Give export id and number of the part, if the link is whole and still works."""
        name = NAME.fullmatch(request.path)
        query = parse_qs(request.query, keep_blank_values=True)
        try:
            (end,), (permission,), (once,), (signature,) = map(query.__getitem__, PARAMETERS)
            until = datetime.fromisoformat(end)
        except (KeyError, ValueError):
            return None
        expected = self._signature(request.path, end, once)
        is_ours = hmac.compare_digest(signature.encode(), expected.encode())
        if name is None or permission != "r" or not is_ours:
            return None
        return (name[1], int(name[2])) if now < until else None

    def _signature(self, *signed: str) -> str:
        return hmac.new(self._secret, "\n".join(signed).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Storage:
    """Hands out parts, whole or a range of them, as far as its faults allow.

    Attributes
    ----------
    faults
        What goes wrong.
    sleep
        Passes the time of a download that drips.
    """

    faults: FaultBook
    sleep: Callable[[float], None]

    def download(self, part: Part, number: int, etag: str, request: Request) -> Answer:
        """Answer a GET of a part."""
        short = self.faults.take(Truncate, lambda fault: fault.part == number)
        size = max(part.size - (short.by if short else 0), 0)
        headers = {"Content-Type": "application/octet-stream", "ETag": etag}
        if self.faults.take(Compress) is not None:
            headers["Content-Encoding"] = "gzip"
            body = _compressed(self._bytes(part, number, 0, size))
            return Answer(200, headers, body, None)
        asked = None
        if self.faults.take(NoRange) is None:
            headers["Accept-Ranges"] = "bytes"
            asked = _range(request.headers, etag, size)
        start, stop = asked or (0, size)
        if asked and start >= size:
            headers["Content-Range"] = f"bytes */{size}"
            return Answer(416, headers)
        body = self._disturbed(self._bytes(part, number, start, stop), stop - start)
        if asked is None:
            return Answer(200, headers, body, stop - start)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return Answer(206, headers, body, stop - start)

    def _bytes(self, part: Part, number: int, start: int, stop: int) -> Iterator[bytes]:
        """Give a stretch of a part, with a wrong byte in it where a fault says so."""
        body = _read(part.path, part.start + start, part.start + stop)
        wrong = self.faults.take(
            Corrupt, lambda fault: fault.part == number and start <= fault.offset < stop
        )
        return body if wrong is None else _corrupted(body, wrong.offset - start, wrong.mask)

    def _disturbed(self, body: Iterator[bytes], length: int) -> Iterator[bytes]:
        """Let a body come slowly, or not to its end, where a fault says so."""
        if (drop := self.faults.take(Drop, lambda fault: fault.after < length)) is not None:
            return _broken(body, drop.after, ConnectionCutError())
        if (stall := self.faults.take(Stall, lambda fault: fault.after < length)) is not None:
            return _broken(body, stall.after, ConnectionStalledError())
        if (drip := self.faults.take(Drip, lambda fault: fault.after < length)) is not None:
            return _dripping(body, drip, self.sleep)
        return body


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
    return max(size - int(last), 0), size


def _read(path: Path, start: int, stop: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(start)
            while start < stop:
                chunk = file.read(min(CHUNK, stop - start))
                if not chunk:
                    raise ConnectionCutError
                start += len(chunk)
                yield chunk
    except OSError:  # another process removed the export under our hands
        raise ConnectionCutError from None


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


def _dripping(
    chunks: Iterable[bytes], drip: Drip, sleep: Callable[[float], None]
) -> Iterator[bytes]:
    size = max(int(drip.rate), 1)
    after = drip.after
    for chunk in chunks:
        at_once, slow = chunk[:after], chunk[after:]
        after -= len(at_once)
        yield at_once
        for start in range(0, len(slow), size):
            pause = size / drip.rate
            while pause > 0:
                sleep(min(pause, SLICE))
                pause -= SLICE
                yield b""  # the door may look up whether anybody is still there
            yield slow[start : start + size]


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)  # 31: the gzip container
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()
