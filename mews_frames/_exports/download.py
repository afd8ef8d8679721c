"""Download a part, or a stretch of it: in order, across broken connections and dying links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mews_frames._exports.body import (
    Incoming,
    TryAgain,
    checked,
    continues,
    plain,
    says_its_end,
    steadily,
)
from mews_frames._exports.opening import Get, open_link
from mews_frames._retry import LONGEST_PAUSE, read_http_date, read_retry_after, retry_delay
from mews_frames._stopped import OtherBytes, Stopped
from mews_frames.errors import ConnectionFailedError, DownloadError, IntegrityError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from mews_frames._exports.links import Link, Links
    from mews_frames._models import ExportFile
    from mews_frames.typing import Clock

__all__ = ["Download", "Memory"]

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
class Memory:
    """What attempts leave to the next, and one stretch of a part to the others.

    Attributes
    ----------
    etag
        The version of the file.
    ranges
        Whether ranges work.
    pinned
        Whether only this version will do, since bytes of it were handed out already.
    """

    etag: str | None = None
    ranges: bool = True
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be brought, whereto, and who hears of it."""

    file: ExportFile
    stop: int
    spool: Spool
    tell: Callable[[int], None]
    memory: Memory

    @property
    def asked(self) -> tuple[int, int | None] | None:
        """The range to ask for, its stop left open at the end of the part; None for all of it."""
        stop = self.stop if self.stop < self.file.size else None
        if not self.memory.ranges or (self.spool.position == 0 and stop is None):
            return None
        return self.spool.position, stop


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
        self._bring(_Task(file, file.size, spool, tell, Memory()))

    def stretch(self, file: ExportFile, stop: int, spool: Spool, memory: Memory) -> None:
        """Bring a part to `spool`, from where it stands to an offset, and not much more.

        Parameters
        ----------
        file
            Number and size of the part.
        stop
            Offset of the first byte that is not wanted.
        spool
            Takes the bytes; if ranges do not work, those before its position once more.
        memory
            Shared by all stretches of the part, so that they are of one version.

        Raises
        ------
        IntegrityError
            If the part is not as long as Mews says, or not the one that it was before.
        DownloadError
            If attempt after attempt brings nothing.
        ExportExpiredError
            If Mews has deleted the files meanwhile.
        """
        memory.pinned = True
        self._bring(_Task(file, stop, spool, lambda _: None, memory))

    def _bring(self, task: _Task) -> None:
        file, spool, memory = task.file, task.spool, task.memory
        failures, most, refused = 0, spool.position, False
        while spool.position < task.stop:
            why = self._attempt(task)
            if why is None:
                return
            gained = spool.position > most and not why.slow
            failures, most = 0 if gained else failures + 1, max(most, spool.position)
            if why.damaged:
                raise self._wrong_checksum(file)
            if why.short and not gained:
                raise self._short(file, spool.position)
            # A fresh link is tried at once: it would only grow old.
            is_fresh, refused = why.refused and not refused, why.refused
            pause = 0.0 if is_fresh else retry_delay(max(failures, 1), why.pause)
            if failures >= BUDGET or pause > LONGEST_PAUSE:
                raise self._gave_up(file, spool.position, why)
            if why.whole:
                memory.ranges = False
                memory.etag = memory.etag if memory.pinned else None
            self._sleep(pause)

    def _attempt(self, task: _Task) -> TryAgain | None:
        """Read one answer to its end; say what was wrong if another one is needed."""
        if self.stop.is_set():
            raise Stopped
        # Mews is asked for links with patience of its own: where that ends, this does too.
        link = self.links.get(task.file.number)
        why = self._trouble(task, link)
        if why is not None and why.refused:
            self.links.refused(link)
        return why

    def _trouble(self, task: _Task, link: Link) -> TryAgain | None:
        try:
            self._read(task, link)
        except TryAgain as why:
            return why
        except ConnectionFailedError as error:
            return TryAgain(error.message)
        return None

    def _read(self, task: _Task, link: Link) -> None:
        spool, asked = task.spool, task.asked
        with open_link(
            link.url,
            _headers(asked, task.memory.etag),
            get=self.get,
            insecure=self.insecure,
            export_id=self.export_id,
        ) as answer:
            self._check_status(answer, task.file, asked)
            self._check_version(answer, task)
            if answer.status == OK:
                self._begin_again(task, asked)
            began = spool.position
            chunks = steadily(answer.chunks(), self.clock, self.stop)
            if answer.status == OK:
                chunks = checked(answer.headers, chunks, task.file.size)
            try:
                self._pour(plain(answer.headers, chunks), task)
            except OtherBytes:
                raise self._other_bytes(task.file) from None
        if spool.position < task.stop:
            short = answer.status == OK and began == 0 and says_its_end(answer.headers)
            raise TryAgain("the answer ended early", pause=0.0, short=short)

    def _begin_again(self, task: _Task, asked: tuple[int, int | None] | None) -> None:
        """Get ready for the whole part: the range was not wanted, or not honoured."""
        if asked and task.memory.pinned:
            task.memory.ranges = False
        if task.spool.position:
            task.tell(-task.spool.position)
            task.spool.restart()

    def _pour(self, chunks: Iterator[bytes], task: _Task) -> None:
        """Write chunks down, the last one only when the body has ended well.

        Until then it may turn out too long, or its checksum wrong; and whoever reads at the
        other end takes the part for whole as soon as it has so many bytes. Of a body that goes
        on after what was asked for, no more is read than that.
        """
        spool, last = task.spool, b""
        for data in chunks:
            left = task.stop - spool.position - len(last) - len(data)
            if left < 0:
                if task.stop == task.file.size:
                    raise self._too_long(task.file)
                last += data[:left]
                break
            if left == 0:
                last += data
                continue
            spool.write(data)
            task.tell(len(data))
        if last:
            spool.write(last)
            task.tell(len(last))

    def _check_version(self, answer: Incoming, task: _Task) -> None:
        memory, etag = task.memory, answer.headers.get("ETag")
        if memory.etag and etag and etag != memory.etag:
            if memory.pinned:
                raise self._changed(task.file)
            if answer.status == PARTIAL:
                raise TryAgain("the file has another ETag than before", whole=True)
        memory.etag = etag or (memory.etag if memory.pinned else None)

    def _check_status(
        self, answer: Incoming, file: ExportFile, asked: tuple[int, int | None] | None
    ) -> None:
        status = answer.status
        if status == PARTIAL and asked:
            if not continues(answer.headers, asked[0], file.size):
                raise TryAgain("the range is not the one that was asked for", whole=True)
        elif status == NOT_SATISFIABLE and asked:
            raise TryAgain("the range was refused (HTTP 416)", whole=True)
        elif status in REFUSED:
            raise TryAgain(f"the link was refused (HTTP {status})", refused=True)
        elif status == 429 or status >= 500 or status == 408:  # noqa: PLR2004 - HTTP
            now = read_http_date(answer.headers.get("Date")) or self.clock.now()
            pause = read_retry_after(answer.headers.get("Retry-After"), now)
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

    def _damaged(self, file: ExportFile, what: str, hint: str) -> IntegrityError:
        return IntegrityError(
            f"part {file.number} of export {self.export_id} {what}",
            hint=hint,
            export_id=self.export_id,
            part=file.number,
        )

    def _short(self, file: ExportFile, position: int) -> IntegrityError:
        return self._damaged(
            file,
            f"ends after {position} bytes; Mews promised {file.size}",
            "a shorter frame would be wrong; refresh=True asks Mews for a new export",
        )

    def _too_long(self, file: ExportFile) -> IntegrityError:
        return self._damaged(
            file,
            f"is longer than the {file.size} bytes that Mews promised",
            "refresh=True asks Mews for a new export",
        )

    def _changed(self, file: ExportFile) -> IntegrityError:
        return self._damaged(file, "changed while it was read", "read it again")

    def _other_bytes(self, file: ExportFile) -> IntegrityError:
        return self._damaged(
            file, "was sent again with other bytes in it", "the same call fetches it anew"
        )

    def _wrong_checksum(self, file: ExportFile) -> IntegrityError:
        return self._damaged(
            file,
            "does not have the MD5 digest that the storage gave for it",
            "it was damaged at the storage or on the way; the same call fetches it anew",
        )


def _headers(asked: tuple[int, int | None] | None, etag: str | None) -> dict[str, str]:
    # Sizes and offsets are about the bytes as they are: compressed ones would not fit them.
    headers = {"Accept-Encoding": "identity"}
    if asked:
        start, stop = asked
        headers["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if etag and not etag.startswith("W/"):
            headers["If-Range"] = etag  # RFC 9110, section 13.1.5
    return headers
