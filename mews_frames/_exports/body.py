"""The body of a download: plain bytes, steadily, or a reason to try again."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import TYPE_CHECKING, Protocol

from mews_frames._stopped import Stopped

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from mews_frames.typing import Clock

__all__ = ["Incoming", "TryAgain", "checked", "continues", "plain", "says_its_end", "steadily"]

SLOWEST = 1024
"""Bytes a second: what is slower for longer than `SLOW_FOR` is cut and asked for again."""

SLOW_FOR = 30.0
"""Seconds of waiting for bytes."""

INFLATED = 1024 * 1024
"""Bytes that are decompressed in one step, however much a few compressed ones stand for."""


MD5_BYTES = 16


class Incoming(Protocol):
    """What is asked of an HTTP answer (`mews_frames._connector.http`)."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def chunks(self) -> Callable[[], Iterator[bytes]]: ...


class TryAgain(Exception):  # noqa: N818 - it never leaves `mews_frames._exports.download`
    """An attempt ended early; the next one goes on from where it stopped.

    Attributes
    ----------
    pause
        Seconds that the storage asked for.
    whole
        Whether only the whole part can be asked for from now on.
    slow
        Whether bytes came, but too slowly to go on like that.
    short
        Whether the storage says that the part, sent from its first byte, has no more bytes.
    refused
        Whether the link was refused; Mews has given another one since.
    damaged
        Whether what came is not what the storage says that it is.
    """

    def __init__(
        self,
        why: str,
        *,
        pause: float | None = None,
        whole: bool = False,
        slow: bool = False,
        short: bool = False,
        refused: bool = False,
        damaged: bool = False,
    ) -> None:
        super().__init__(why)
        self.pause = pause
        self.whole = whole
        self.slow = slow
        self.short = short
        self.refused = refused
        self.damaged = damaged


_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)


def continues(headers: Mapping[str, str], offset: int, size: int) -> bool:
    """Say whether a partial answer is the rest of a part, in plain bytes."""
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    return (
        _encoding(headers) == "identity"
        and match is not None
        and (int(match[1]), int(match[3])) == (offset, size)
    )


def says_its_end(headers: Mapping[str, str]) -> bool:
    """Say whether a body tells where it ends; else its end and a broken connection look alike."""
    return "Content-Length" in headers or "Transfer-Encoding" in headers


def _encoding(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Encoding", "").strip().lower() or "identity"


def steadily(chunks: Iterator[bytes], clock: Clock, stop: threading.Event) -> Iterator[bytes]:
    """Pass chunks on; stop when told to, and cut a link that only drips.

    Only the time that is spent waiting for chunks counts, not what is done with them.
    """
    waited, gained = 0.0, 0
    since = clock.monotonic()
    for data in chunks:
        waited += clock.monotonic() - since
        gained += len(data)
        if stop.is_set():
            raise Stopped
        yield data
        if waited > SLOW_FOR:
            if gained < SLOWEST * waited:
                raise TryAgain(f"only {gained} bytes came in {waited:.0f} s", slow=True)
            waited, gained = 0.0, 0
        since = clock.monotonic()


def checked(headers: Mapping[str, str], chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Pass the body of a whole part on; fail at its end if it has not the digest of its headers.

    ``Content-MD5`` (RFC 1864) is what Azure's storage sends with files whose digest it knows.
    Without the header, and for bodies of another size, which others find, nothing is computed.

    Parameters
    ----------
    headers, chunks
        Of an answer 200.
    size
        Bytes of the part.
    """
    digest = _md5(headers)
    if digest is None or _encoding(headers) != "identity":
        yield from chunks
        return
    # 2 s a gigabyte; usedforsecurity: some machines forbid it for that, and this is none.
    found, length = hashlib.md5(usedforsecurity=False), 0
    for data in chunks:
        found.update(data)
        length += len(data)
        yield data
    if length == size and found.digest() != digest:
        raise TryAgain("its checksum is wrong", damaged=True)


def _md5(headers: Mapping[str, str]) -> bytes | None:
    """Read ``Content-MD5``; None if it is not there, or is no such digest."""
    try:
        digest = base64.b64decode(headers.get("Content-MD5", ""), validate=True)
    except ValueError:
        return None
    return digest if len(digest) == MD5_BYTES else None


def plain(headers: Mapping[str, str], chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Give the bytes as they are; decompress what was compressed though nobody asked."""
    encoding = _encoding(headers)
    if encoding == "identity":
        yield from chunks
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise TryAgain(f"it came compressed as {encoding!r}, which cannot be read", whole=True)
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, as its header says
    try:
        for chunk in chunks:
            yield from _inflated(inflate, chunk)
    except zlib.error:
        raise TryAgain("the compressed body is damaged", whole=True) from None
    if not inflate.eof:
        raise TryAgain("the compressed body is cut short", whole=True)


def _inflated(inflate: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    while chunk:
        if data := inflate.decompress(chunk, INFLATED):
            yield data
        chunk = inflate.unconsumed_tail
