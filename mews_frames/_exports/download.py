"""Download one part: whole, in order, across broken connections and links that die."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from mews_frames._redact import without_query
from mews_frames._retry import LONGEST_PAUSE, read_retry_after, retry_delay
from mews_frames.errors import (
    ConnectionFailedError,
    DownloadError,
    IntegrityError,
)

if TYPE_CHECKING:
    import threading

    from mews_frames._exports.links import Link, Links
    from mews_frames._models import ExportFile
    from mews_frames.typing import Clock

__all__ = ["Download", "Stopped"]

BUDGET = 6
"""Attempts in a row that may bring nothing; a single byte gained resets it."""

PARTIAL = 206
REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 3
SLOWEST = 1024
"""Bytes a second: what is slower for longer than `SLOW_FOR` is cut and asked for again."""
SLOW_FOR = 30.0

INFLATED = 1024 * 1024
"""Bytes that are decompressed in one step, however much a few compressed ones stand for."""


class Stopped(Exception):  # noqa: N818 - no error: the user, or another part, ended it
    """The download was told to stop."""


class Incoming(Protocol):
    """What is asked of an HTTP answer (`mews_frames._connector.http`)."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def chunks(self) -> Callable[[], Iterator[bytes]]: ...


class Spool(Protocol):
    """What is asked of the place where bytes go (`mews_frames._cache.spool`)."""

    @property
    def position(self) -> int: ...
    def write(self, data: bytes) -> None: ...
    def restart(self) -> None: ...


Get = Callable[[str, Mapping[str, str]], AbstractContextManager[Incoming]]


@dataclass(slots=True)
class _Memory:
    """What one attempt leaves to the next: the version of the file, and whether ranges work."""

    etag: str | None = None
    ranges: bool = True


class _TryAgain(Exception):  # noqa: N818 - it never leaves this module
    """An attempt ended early; the next one goes on from where it stopped."""

    def __init__(self, why: str, pause: float | None = None, *, whole: bool = False) -> None:
        super().__init__(why)
        self.pause = pause
        self.whole = whole


@dataclass(frozen=True, slots=True)
class Download:
    """Downloads parts of one export.

    Attributes
    ----------
    export_id
        For messages.
    get
        Opens a URL with just these headers.
    links
        Where URLs come from.
    clock
        For pauses and speed.
    stop
        Set when everything is to end; looked at between chunks.
    insecure
        Whether links may be plain http: only if the platform address is.
    """

    export_id: str
    get: Get
    links: Links
    clock: Clock
    stop: threading.Event
    insecure: bool = False

    def __call__(self, file: ExportFile, spool: Spool, tell: Callable[[int], None]) -> None:
        """Bring a part to `spool`, from where it stands to its last byte.

        Parameters
        ----------
        file
            Number and size of the part.
        spool
            Takes the bytes.
        tell
            Hears how many bytes have come.

        Raises
        ------
        IntegrityError
            If the part is not as long as Mews says.
        DownloadError
            If attempt after attempt brings nothing.
        """
        failures = 0
        memory = _Memory()
        while spool.position < file.size:
            before = spool.position
            why: Exception | None = None
            try:
                self._attempt(file, spool, tell, memory)
            except (_TryAgain, ConnectionFailedError) as error:
                why = error
            failures = 0 if spool.position > before else failures + 1
            if failures >= BUDGET:
                raise self._gave_up(file, spool.position, why)
            if isinstance(why, _TryAgain) and why.whole:
                memory.ranges, memory.etag = False, None
            if why is not None:
                pause = retry_delay(max(failures, 1), getattr(why, "pause", None))
                if pause > LONGEST_PAUSE:
                    raise self._gave_up(file, spool.position, why)
                self._sleep(pause)

    def _attempt(
        self, file: ExportFile, spool: Spool, tell: Callable[[int], None], memory: _Memory
    ) -> None:
        """Read one answer to its end."""
        if spool.position and not memory.ranges:
            spool.restart()
        offset = spool.position
        # Sizes and offsets are about the bytes as they are: compressed ones would not fit them.
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if memory.etag and not memory.etag.startswith("W/"):
                headers["If-Range"] = memory.etag  # RFC 9110, section 13.1.5
        link = self.links.get(file.number)
        with self._open(link.url, headers) as answer:
            self._check_status(answer, link, file, offset)
            etag = answer.headers.get("ETag")
            if answer.status == PARTIAL:
                if memory.etag and etag and etag != memory.etag:
                    raise _TryAgain("the file has another ETag than before", whole=True)
            elif offset:
                spool.restart()  # the range was not honoured: the whole part comes again
            memory.etag = etag
            for data in self._steadily(_plain(answer)):
                if spool.position + len(data) > file.size:
                    raise self._too_long(file)
                spool.write(data)
                tell(len(data))

    @contextmanager
    def _open(self, url: str, headers: Mapping[str, str]) -> Iterator[Incoming]:
        """Open a link; follow redirects within the same host, and none out of it."""
        for _ in range(MOST_REDIRECTS + 1):
            self._check_url(url)
            with self.get(url, headers) as answer:
                location = answer.headers.get("Location")
                if answer.status not in REDIRECTS or not location:
                    yield answer
                    return
            target = urljoin(url, location)
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise DownloadError(
                    f"a link of export {self.export_id} leads to another host,"
                    f" {without_query(target)!r}; it was not followed",
                    export_id=self.export_id,
                )
            url = target
        raise DownloadError(
            f"a link of export {self.export_id} leads round in circles", export_id=self.export_id
        )

    def _check_url(self, url: str) -> None:
        """Refuse to fetch over a connection that anybody can read or change."""
        scheme = urlsplit(url).scheme
        if scheme != "https" and not (self.insecure and scheme == "http"):
            raise DownloadError(
                f"a link of export {self.export_id} is not https: {without_query(url)!r}",
                export_id=self.export_id,
            )

    def _check_status(self, answer: Incoming, link: Link, file: ExportFile, offset: int) -> None:
        status = answer.status
        if status == PARTIAL and offset:
            if not _continues(answer.headers, offset, file.size):
                raise _TryAgain("the range is not the one that was asked for", whole=True)
        elif status == 416:  # noqa: PLR2004
            raise _TryAgain("the range was refused (HTTP 416)", whole=True)
        elif status in {400, 401, 403, 404, 410}:
            # Storage services answer so when a signature has expired: ask Mews for new links.
            self.links.refused(link)
            raise _TryAgain(f"the link was refused (HTTP {status})")
        elif status == 429 or status >= 500 or status == 408:  # noqa: PLR2004
            pause = read_retry_after(answer.headers.get("Retry-After"), self.clock.now())
            raise _TryAgain(f"the storage answered HTTP {status}", pause)
        elif status != 200:  # noqa: PLR2004
            raise DownloadError(
                f"part {file.number} of export {self.export_id} was answered with HTTP {status}",
                export_id=self.export_id,
                part=file.number,
                status=status,
            )

    def _steadily(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass chunks on; stop when told to, and cut a link that only drips."""
        began, gained = self.clock.monotonic(), 0
        for data in chunks:
            if self.stop.is_set():
                raise Stopped
            yield data
            gained += len(data)
            took = self.clock.monotonic() - began
            if took > SLOW_FOR:
                if gained < SLOWEST * took:
                    raise _TryAgain(f"only {gained} bytes came in {took:.0f} s")
                began, gained = self.clock.monotonic(), 0

    def _sleep(self, seconds: float) -> None:
        step = 0.5  # s: a stop is noticed within this time
        while seconds > 0:
            if self.stop.is_set():
                raise Stopped
            self.clock.sleep(min(step, seconds))
            seconds -= step

    def _gave_up(self, file: ExportFile, position: int, why: Exception | None) -> DownloadError:
        if why is None or (isinstance(why, _TryAgain) and why.whole):
            return self._short(file, position)
        return DownloadError(
            f"part {file.number} of export {self.export_id} stopped at {position} of"
            f" {file.size} bytes, and {BUDGET} attempts brought no more:"
            f" {str(why).splitlines()[0]}",
            hint="what has come is kept; the same call goes on from there",
            export_id=self.export_id,
            part=file.number,
        )

    def _short(self, file: ExportFile, position: int) -> IntegrityError:
        return IntegrityError(
            f"part {file.number} of export {self.export_id} ends after {position} bytes;"
            f" Mews promised {file.size}",
            hint="a shorter frame would be wrong; refresh=True asks Mews for a new export",
            export_id=self.export_id,
            part=file.number,
        )

    def _too_long(self, file: ExportFile) -> IntegrityError:
        return IntegrityError(
            f"part {file.number} of export {self.export_id} is longer than the {file.size} bytes"
            " that Mews promised",
            hint="refresh=True asks Mews for a new export",
            export_id=self.export_id,
            part=file.number,
        )


_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def _continues(headers: Mapping[str, str], offset: int, size: int) -> bool:
    """Say whether a partial answer is the rest of the part, in plain bytes."""
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    plain = headers.get("Content-Encoding", "identity").strip().lower() in {"", "identity"}
    return plain and match is not None and (int(match[1]), int(match[3])) == (offset, size)


def _plain(answer: Incoming) -> Iterator[bytes]:
    """Give the bytes of the body; decompress what was compressed though nobody asked."""
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        yield from answer.chunks()
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise DownloadError(f"a part came compressed as {encoding!r}, which cannot be read")
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, as its header says
    try:
        for chunk in answer.chunks():
            waiting = chunk
            while waiting:
                yield inflate.decompress(waiting, INFLATED)
                waiting = inflate.unconsumed_tail
    except zlib.error:
        raise _TryAgain("the compressed body is damaged", whole=True) from None
