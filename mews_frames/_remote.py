"""Finished exports read from afar: stretches of their parts, links renewed underneath, no disk."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mews_frames._cache.spool import MemorySpool
from mews_frames._closing import Closing
from mews_frames._exports.wait import check_end
from mews_frames._models import Seen
from mews_frames._stopped import Stopped
from mews_frames._words import count_in_words, instant_in_words, size_in_words
from mews_frames.errors import DownloadError, ExportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from mews_frames._connector.connector import Connector
    from mews_frames._connector.http import Http, Incoming
    from mews_frames._exports.download import Download
    from mews_frames._frames.columns import Kept
    from mews_frames._models import Export, ExportFile
    from mews_frames._progress import Teller
    from mews_frames._redact import Secret
    from mews_frames.typing import Clock

__all__ = ["Afar", "Leave", "Remote", "Remotes"]


class Leave:
    """What is done with a finished export whose rows are not to stay: it is left where it is."""

    def held(
        self,
        export_id: str,  # noqa: ARG002 - as `Bring.held`, which knows some
        kept: Kept,  # noqa: ARG002
        tell: Teller | None = None,  # noqa: ARG002
    ) -> Export | None:
        """Give nothing: what the cache may hold of an export is not looked at."""
        return None

    def __call__(self, seen: Seen, kept: Kept, tell: Teller) -> Export:  # noqa: ARG002
        """Say where the rows will be read from."""
        export = seen.export
        size = sum(file.size for file in export.files)
        until = f" until {instant_in_words(export.expires)}" if export.expires else ""
        tell(
            "ready",
            f"{count_in_words(len(export.files), 'part')}, {size_in_words(size)}, to be read at"
            f" Mews as needed{until}; no rows stay on disk",
            export.id,
            parts=len(export.files),
            size=size,
        )
        return export


@dataclass(frozen=True, slots=True)
class Afar:
    """How one account gets to finished exports; nothing is open yet. Threads may share it.

    Attributes
    ----------
    http
        Whose places are gone to, over connections of one's own.
    connect
        Makes a connector over connections: it knows the address and the tokens.
    clock
        Time.
    account
        Digest of who asks whom.
    insecure
        Whether links may be plain http.
    settings
        What is no secret of what finds the account again, in another process.
    """

    http: Http = field(repr=False)
    connect: Callable[[Http], Connector] = field(repr=False)
    clock: Clock = field(repr=False)
    account: str
    insecure: bool
    settings: Mapping[str, Any]

    def open(self) -> Remotes:
        """Get ready; connections are opened by the first request."""
        return Remotes(self)


class Remotes(Closing):
    """The finished exports of one account, over connections that are closed in the end.

    Threads may share it.
    """

    def __init__(self, afar: Afar) -> None:
        self._http = afar.http.another()
        self._connector = afar.connect(self._http)
        self._clock = afar.clock
        self._insecure = afar.insecure
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._known: dict[str, Remote] = {}

    def close(self) -> None:
        """Stop what is being read, and close the connections."""
        self._stop.set()
        self.forget()
        self._http.close()

    def get(self, export_id: str) -> Remote | None:
        """Give a finished export; Mews is asked the first time.

        Returns
        -------
        None if Mews does not know it, or does not show it to this account.

        Raises
        ------
        ExportError
            If it has not ended, or has no files.
        ConnectorError
            If Mews refuses, or does not answer.
        """
        with self._lock:
            if known := self._known.get(export_id):
                return known
            seen = self._connector.look([export_id]).get(export_id)
            if seen is None:
                return None
            check_end(seen.export)
            if seen.export.is_running:
                raise ExportError(
                    f"export {export_id} of {seen.export.entity_type} is still"
                    f" {seen.export.status}; its parts can be read once it has ended",
                    hint=f'mf.load_export("{export_id}") waits for it',
                    export_id=export_id,
                )
            return self._know(seen)

    def expect(self, export: Export) -> None:
        """Take note of an export that was seen before; Mews is asked when a part is read."""
        with self._lock:
            self._know(Seen(export))

    def forget(self) -> None:
        """Ask Mews again, the next time."""
        with self._lock:
            for remote in self._known.values():
                remote.close()
            self._known.clear()

    def _know(self, seen: Seen) -> Remote:
        from mews_frames._exports.download import Download
        from mews_frames._exports.links import Links

        export_id = seen.export.id

        def look() -> Seen | None:
            return self._connector.look([export_id]).get(export_id)

        links = Links(seen, look, self._clock)
        download = Download(
            export_id, self._get, links, self._clock, self._stop, insecure=self._insecure
        )
        remote = self._known[export_id] = Remote(seen.export, download)
        return remote

    def _get(
        self, url: Secret[str], headers: Mapping[str, str]
    ) -> AbstractContextManager[Incoming]:
        if self._stop.is_set():  # or the connections would be opened again
            raise Stopped
        return self._http.get(url, headers)


class Remote:
    """One finished export: its parts can be read in stretches, in any order.

    Attributes
    ----------
    export
        What Mews said of it; its parts and their sizes do not change.
    """

    def __init__(self, export: Export, download: Download) -> None:
        from mews_frames._exports.download import Memory

        self.export = export
        self._download = download
        self._memories = {file.number: Memory() for file in export.files}
        self._lock = threading.Lock()
        self._whole: dict[int, _Whole] = {}

    def serves_ranges(self, number: int) -> bool:
        """Say whether stretches can be read in any order at no extra cost, as far as is known."""
        return self._memories[number].ranges

    def read(self, number: int, start: int, stop: int) -> bytes:
        """Read a stretch of a part.

        Parameters
        ----------
        number
            Of the part, from 1.
        start, stop
            Offsets within the part, in bytes; `stop` is not included.

        Raises
        ------
        DownloadError, IntegrityError
            If it cannot be read, or is not what Mews promised; never fewer bytes than asked for.
        ExportExpiredError
            If Mews has deleted the files.
        """
        file, memory = self.export.files[number - 1], self._memories[number]
        try:
            if not memory.ranges:
                return self._read_through(file, start, stop)
            stretch = _Stretch(start)
            self._download.stretch(file, stop, stretch, memory)
            return bytes(stretch.data)
        except Stopped:
            raise DownloadError(
                f"part {number} of export {self.export.id} was not read to its end: the file"
                " system was closed",
                hint="open another one",
                export_id=self.export.id,
                part=number,
            ) from None

    def _read_through(self, file: ExportFile, start: int, stop: int) -> bytes:
        """Read a part of a storage without ranges: one answer serves whoever reads in order."""
        with self._lock:
            whole = self._whole.get(file.number)
            if whole is None or whole.position > start:
                self._close(file.number)
                whole = self._whole[file.number] = _Whole(self._download, file)
            try:
                data = whole.read(start, stop)
            except BaseException:
                self._close(file.number)
                raise
            if stop == file.size:
                self._close(file.number)
            return data

    def close(self) -> None:
        """Stop downloads that run ahead of readers, and readers that wait for them."""
        for whole in list(self._whole.values()):  # the lock may be held by one who waits
            whole.close()

    def _close(self, number: int) -> None:
        if whole := self._whole.pop(number, None):
            whole.close()


class _Stretch:
    """Keeps the bytes from an offset on, and lets those before it go by."""

    def __init__(self, start: int) -> None:
        self.position = self._start = start
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        """Take bytes; those that came before are there already."""
        known = self._start + len(self.data) - self.position
        self.data += data[max(known, 0) :]
        self.position += len(data)

    def restart(self) -> None:
        """Expect the part from its first byte."""
        self.position = 0


class _Whole:
    """A part from its first byte to its last, as it arrives, a few MB ahead of the reader."""

    def __init__(self, download: Download, file: ExportFile) -> None:
        self.position = 0
        self._rest = b""
        self._spool = MemorySpool(file.size)
        self._chunks: Iterator[bytes] = self._spool.chunks()
        threading.Thread(
            target=self._fetch, args=(download, file), name="mews-download", daemon=True
        ).start()

    def _fetch(self, download: Download, file: ExportFile) -> None:
        try:
            download(file, self._spool, lambda _: None)
        except BaseException as error:  # noqa: BLE001 - the reading end raises it
            self._spool.fail(error)

    def read(self, start: int, stop: int) -> bytes:
        """Give the bytes between two offsets; those before them are gone."""
        data = bytearray()
        while self.position < stop:
            chunk = self._rest or next(self._chunks)
            end = min(len(chunk), stop - self.position)
            data += chunk[max(start - self.position, 0) : end]
            self._rest = chunk[end:]
            self.position += end
        return bytes(data)

    def close(self) -> None:
        """Let the download stop."""
        self._spool.fail(Stopped())
