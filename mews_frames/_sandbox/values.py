"""What goes between the pretend Mews and its two doors: requests, answers, broken connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CHUNK",
    "LARGEST_BODY",
    "PATHS",
    "STORAGE",
    "Answer",
    "ConnectionCutError",
    "ConnectionStalledError",
    "Operation",
    "Received",
    "Request",
    "operation_of",
]

CHUNK = 256 * 1024
"""Bytes of a body handed over at once."""

LARGEST_BODY = 1024 * 1024
"""Bytes of a request body. Mews refuses too large ones with 413 and does not say what that is."""

Operation: TypeAlias = Literal["add", "getAll", "download", "other"]
"""What a request is for, by its path."""

PATHS: Mapping[str, Operation] = {
    "/api/connector/v1/exports/add": "add",
    "/api/connector/v1/exports/getAll": "getAll",
}
"""The two operations. Mews docs, guidelines/requests.md: case counts, so does a slash too many."""

STORAGE = "/storage/exports/"
"""Where signed links lead. Mews says nothing about it; clients must not rely on it."""


class ConnectionCutError(Exception):
    """Not an answer: the connection ends here, as if somebody pulled the plug."""


class ConnectionStalledError(Exception):
    """Not an answer: the connection stays open and nothing comes any more."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, whichever door it came through.

    Attributes
    ----------
    method
        ``POST``, ``GET`` and so on.
    path
        Without the query, percent signs as sent.
    query
        What stands after the question mark, as sent; may be empty.
    headers
        Names in lower case.
    body
        May be empty. Left out of ``repr``, as are headers and query: tokens and signatures,
        even if made-up ones, are shown nowhere.
    """

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def operation(self) -> Operation:
        """What it is for."""
        return operation_of(self.path)


def operation_of(path: str) -> Operation:
    """Say what a request to this path is for."""
    return "download" if path.startswith(STORAGE) else PATHS.get(path, "other")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    Attributes
    ----------
    status
        The HTTP status.
    headers
        Without ``Content-Length``: see ``length``.
    body
        Bytes at once, or in chunks. Going through the chunks may raise `ConnectionCutError` or
        `ConnectionStalledError`, where a fault says so.
    length
        Bytes of the body as announced; ``None``: not announced (``Transfer-Encoding: chunked``).
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    length: int | None = 0


@dataclass(frozen=True, slots=True)
class Received:
    """One request as a test wants to see it afterwards.

    Attributes
    ----------
    method, path
        As received; the query, which holds the signature of a link, is not kept.
    headers
        Names in lower case.
    body
        The JSON object of the body without its tokens; ``None`` where there was none.
    status
        HTTP status of the answer, also of one that a fault kept from arriving.
    sent
        Bytes of the answer's body handed to the door so far.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    status: int
    sent: int = 0

    @property
    def operation(self) -> Operation:
        """What it was for: ``add``, ``getAll``, ``download``, ``other``."""
        return operation_of(self.path)
