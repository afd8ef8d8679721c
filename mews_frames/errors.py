"""Every error that mews_frames raises, in one tree.

::

    MewsError
    ├── ConfigurationError            a setting is missing or unusable
    ├── InvalidArgumentError          a call that cannot be right (also a ValueError)
    │   └── UnknownColumnError        a column that the entity type does not have
    ├── ConnectorError                Mews, or the way to it
    │   ├── AuthenticationError       401
    │   ├── RequestRejectedError      other 4xx
    │   │   └── ExportAlreadyRunningError
    │   ├── RateLimitedError          429, and patience ran out
    │   ├── ServerError               5xx, 408, 3xx, answers that cannot be understood
    │   └── ConnectionFailedError     no answer at all
    ├── ExportError                   one export
    │   ├── ExportFailedError
    │   ├── ExportExpiredError
    │   └── ExportTimeoutError        (also a TimeoutError)
    ├── DownloadError                 one part of an export
    │   └── IntegrityError            its size is not the promised one
    ├── DecodeError                   one line of a part
    ├── CacheError                    the cache folder
    └── TableError                    a table that grows, of `mews_frames.sync_entities`
"""

from __future__ import annotations

__all__ = [
    "AuthenticationError",
    "CacheError",
    "ConfigurationError",
    "ConnectionFailedError",
    "ConnectorError",
    "DecodeError",
    "DownloadError",
    "ExportAlreadyRunningError",
    "ExportError",
    "ExportExpiredError",
    "ExportFailedError",
    "ExportTimeoutError",
    "IntegrityError",
    "InvalidArgumentError",
    "MewsError",
    "RateLimitedError",
    "RequestRejectedError",
    "ServerError",
    "TableError",
    "UnknownColumnError",
]


class MewsError(Exception):
    """Anything that mews_frames reports: catch this to catch all of it.

    Parameters
    ----------
    message
        What happened, to what, with which value.
    hint
        What to do next; shown after the message.
    status
        HTTP status of the answer, where there was one.
    request_id
        The ``Request-Id`` of that answer: Mews' support asks for it.
    export_id
        The export concerned.
    part
        Number of the part concerned, from 1.
    line
        Number of the line within the part, from 1.
    offset
        Offset of that line from the start of the part, in bytes.
    retry_after
        Seconds that Mews asked to wait before the next request.
    """

    def __init__(
        self,
        message: str = "",
        *,
        hint: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        export_id: str | None = None,
        part: int | None = None,
        line: int | None = None,
        offset: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.request_id = request_id
        self.export_id = export_id
        self.part = part
        self.line = line
        self.offset = offset
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class ConfigurationError(MewsError):
    """A setting is missing or cannot be used; the message lists every place looked at."""


class InvalidArgumentError(MewsError, ValueError):
    """A call that cannot be right; nothing was sent to Mews where that could be known before."""


class UnknownColumnError(InvalidArgumentError):
    """A name in ``columns`` that the entity type does not have; the nearest names are listed."""


class ConnectorError(MewsError):
    """Mews, or the way to it, did not give what was asked for."""


class AuthenticationError(ConnectorError):
    """Mews answered 401: a wrong token, or no permission for exports."""


class RequestRejectedError(ConnectorError):
    """Mews refused the request itself (a 4xx status other than 401, 408 and 429)."""


class ExportAlreadyRunningError(RequestRejectedError):
    """Mews runs another export of this entity type, and allows one at a time."""


class RateLimitedError(ConnectorError):
    """Mews answered 429 for longer than patience lasts."""


class ServerError(ConnectorError):
    """Mews failed (5xx, 408), redirected, or answered with something that is no answer."""


class ConnectionFailedError(ConnectorError):
    """No answer came: no network, a name that does not resolve, a broken connection.

    Attributes
    ----------
    was_sent
        Whether the request may have reached the other side all the same.
    """

    was_sent: bool = True


class ExportError(MewsError):
    """One export did not become a frame."""


class ExportFailedError(ExportError):
    """Mews could not make the export; it says no reason. It is never added again by itself."""


class ExportExpiredError(ExportError):
    """The export's files are gone from Mews, and the cache does not hold them."""


class ExportTimeoutError(ExportError, TimeoutError):
    """The export was not ready within ``timeout``; it goes on at Mews."""


class DownloadError(MewsError):
    """A part could not be downloaded."""


class IntegrityError(DownloadError):
    """A part is not as long as Mews says it is; it is never taken for whole."""


class DecodeError(MewsError):
    """A line of a part is not one JSON object; a frame without it would be wrong."""


class CacheError(MewsError):
    """The cache folder cannot be used, or what lies in it is damaged."""


class TableError(MewsError):
    """A table that grows cannot be read or written; it is as it was before."""
