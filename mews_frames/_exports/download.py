"""Download one part: whole, in order, across broken connections and links that die."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mews_frames._exports.body import Incoming, Stopped, TryAgain, continues, plain, steadily
from mews_frames._exports.opening import Get, open_link
from mews_frames._retry import LONGEST_PAUSE, read_retry_after, retry_delay
from mews_frames.errors import ConnectionFailedError, DownloadError, IntegrityError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from mews_frames._exports.links import Link, Links
    from mews_frames._models import ExportFile
    from mews_frames.typing import Clock

__all__ = ["Download", "Stopped"]

BUDGET = 6
"""Attempts in a row that may bring nothing; a single byte gained resets it."""

OK, PARTIAL, NOT_SATISFIABLE = 200, 206, 416
REFUSED = {400, 401, 403, 404, 410}
"""What storages answer when a signature has expired: Mews gives new links."""


class Spool(Protocol):
    """What is asked of the place where bytes go (`mews_frames._cache.spool`)."""

    @property
    def position(self) -> int: ...
    def write(self, data: bytes) -> None: ...
    def restart(self) -> None: ...


@dataclass(slots=True)
class _Memory:
    """What attempts leave to the next: the version of the file, and whether ranges work."""

    etag: str | None = None
    ranges: bool = True


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
            Hears how many bytes have come; a negative number if as many will come again.

        Raises
        ------
        IntegrityError
            If the part is not as long as Mews says.
        DownloadError
            If attempt after attempt brings nothing.
        ExportExpiredError
            If Mews has deleted the files meanwhile.
        """
        memory, failures, most = _Memory(), 0, spool.position
        while spool.position < file.size:
            why = self._attempt(file, spool, tell, memory)
            if why is None:
                return
            gained = spool.position > most and not why.slow
            failures, most = 0 if gained else failures + 1, max(most, spool.position)
            if why.short and not gained:
                raise self._short(file, spool.position)
            pause = retry_delay(max(failures, 1), why.pause)
            if failures >= BUDGET or pause > LONGEST_PAUSE:
                raise self._gave_up(file, spool.position, why)
            if why.whole:
                memory.ranges, memory.etag = False, None
            self._sleep(pause)

    def _attempt(
        self, file: ExportFile, spool: Spool, tell: Callable[[int], None], memory: _Memory
    ) -> TryAgain | None:
        """Read one answer to its end; say what was wrong if another one is needed."""
        if self.stop.is_set():
            raise Stopped
        try:
            self._read(file, spool, tell, memory)
        except TryAgain as why:
            return why
        except ConnectionFailedError as error:
            return TryAgain(error.message)
        return None

    def _read(
        self, file: ExportFile, spool: Spool, tell: Callable[[int], None], memory: _Memory
    ) -> None:
        offset = spool.position if memory.ranges else 0
        link = self.links.get(file.number)
        with open_link(
            link.url,
            _headers(offset, memory.etag),
            get=self.get,
            insecure=self.insecure,
            export_id=self.export_id,
        ) as answer:
            self._check_status(answer, link, file, offset)
            etag = answer.headers.get("ETag")
            if answer.status == PARTIAL:
                if memory.etag and etag and etag != memory.etag:
                    raise TryAgain("the file has another ETag than before", whole=True)
            elif spool.position:
                # The range was not wanted, or not honoured: the whole part comes again.
                tell(-spool.position)
                spool.restart()
            memory.etag = etag
            began = spool.position
            chunks = steadily(answer.chunks(), self.clock, self.stop)
            self._pour(plain(answer.headers, chunks), file, spool, tell)
        if spool.position < file.size:
            raise TryAgain("the answer ended early", pause=0.0, short=began == 0)

    def _pour(
        self,
        chunks: Iterator[bytes],
        file: ExportFile,
        spool: Spool,
        tell: Callable[[int], None],
    ) -> None:
        """Write chunks down, the last one only when the body has ended well.

        Until then it may turn out too long, or its checksum wrong; and whoever reads at the
        other end takes the part for whole as soon as it has so many bytes.
        """
        last = b""
        for data in chunks:
            left = file.size - spool.position - len(last) - len(data)
            if left < 0:
                raise self._too_long(file)
            if left == 0:
                last += data
                continue
            spool.write(data)
            tell(len(data))
        if last:
            spool.write(last)
            tell(len(last))

    def _check_status(self, answer: Incoming, link: Link, file: ExportFile, offset: int) -> None:
        status = answer.status
        if status == PARTIAL and offset:
            if not continues(answer.headers, offset, file.size):
                raise TryAgain("the range is not the one that was asked for", whole=True)
        elif status == NOT_SATISFIABLE and offset:
            raise TryAgain("the range was refused (HTTP 416)", whole=True)
        elif status in REFUSED:
            self.links.refused(link)
            raise TryAgain(f"the link was refused (HTTP {status})")
        elif status == 429 or status >= 500 or status == 408:  # noqa: PLR2004 - HTTP
            pause = read_retry_after(answer.headers.get("Retry-After"), self.clock.now())
            raise TryAgain(f"the storage answered HTTP {status}", pause=pause)
        elif status != OK:
            raise DownloadError(
                f"part {file.number} of export {self.export_id} was answered with HTTP {status}",
                hint="storages do not answer so; a proxy may have come between",
                export_id=self.export_id,
                part=file.number,
                status=status,
            )

    def _sleep(self, seconds: float) -> None:
        step = 0.5  # s: a stop is noticed within this time
        while seconds > 0:
            if self.stop.is_set():
                raise Stopped
            self.clock.sleep(min(step, seconds))
            seconds -= step

    # ----------------------------------------------------------------------- errors

    def _gave_up(self, file: ExportFile, position: int, why: TryAgain) -> DownloadError:
        words = f"{why}, and asks to wait {why.pause:.0f} s" if why.pause else str(why)
        return DownloadError(
            f"part {file.number} of export {self.export_id} stopped at {position} of"
            f" {file.size} bytes: {words}",
            hint="the export is kept: the same call goes on with it",
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


def _headers(offset: int, etag: str | None) -> dict[str, str]:
    # Sizes and offsets are about the bytes as they are: compressed ones would not fit them.
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if etag and not etag.startswith("W/"):
            headers["If-Range"] = etag  # RFC 9110, section 13.1.5
    return headers
