"""Keep secrets out of sight: tokens in values, signatures in links and logs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Secret",
    "bare",
    "hide_links_in_logs",
    "without_frames",
    "without_queries",
    "without_query",
]

E = TypeVar("E", bound=BaseException)
T = TypeVar("T")
V = TypeVar("V")


class Secret(Generic[V]):
    """A token, a signed link, or a text that holds one: it shows itself to nobody.

    It has no useful repr, does not pickle, and is not a `str`, so that no traceback viewer,
    which shows the values of variables, can show it.
    """

    __slots__ = ("__reveal",)

    def __init__(self, value: V) -> None:
        # A closure, since viewers of variables list attributes, but do not call them.
        self.__reveal: Callable[[], V] = lambda: value

    def reveal(self) -> V:
        """Give what is in it, to a line whose frames nobody will see (`without_frames`)."""
        return self.__reveal()

    def use(self, do: Callable[[V], T]) -> T:
        """Do something with it; should that fail, or be interrupted, no frame that held it shows.

        Parameters
        ----------
        do
            Gets what is in it.
        """
        return without_frames(lambda: do(self.__reveal()))

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "tokens and links are not pickled; open a Client where the work is done, or hand over"
            " the frame"
        )


def without_frames(do: Callable[[], T]) -> T:
    """Do something that handles secrets, and cut the frames off whatever it raises.

    Frames hold variables, and rich, IPython and debuggers show them. A KeyboardInterrupt, too,
    comes with the frames that it fell into.
    """
    try:
        return do()
    except BaseException as error:  # noqa: BLE001 - it is raised again
        failure = bare(error)
    try:
        raise failure  # out of the handler, or it would know itself as its context
    finally:
        del failure  # a frame that holds its own error keeps both alive


def bare(error: E) -> E:
    """Take everything off an error that leads to frames: its own, and those behind it."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def without_query(url: str) -> str:
    """Give an address without its query, where signatures stand, and without credentials.

    A password in which somebody left / or ? or # as it is ends at the last @ all the same; where
    the @ may as well belong to a query, nothing but the scheme is shown.
    """
    start = _START.match(url)
    rest = url[start.end() :] if start else url
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    if _CREDENTIALS.match(rest):
        before, at, place = place.rpartition("@")
        if "@" in rest[len(before + at + place) :]:
            place = "..."
        elif "/" in before:
            place = f"...@{place}"
    return f"{start[0] if start else ''}{place}"


_START = re.compile(r"(?:[A-Za-z][\w+.-]*:)?//")
_CREDENTIALS = re.compile(r"[^/]*[:@].*@|[^/]*@", re.DOTALL)
_LINK = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"<>]+")
_QUERY = re.compile(r"\?[^\s'\"<>]+")


def without_queries(text: str) -> str:
    """Cut queries, fragments and credentials out of a text that may hold links."""
    return _QUERY.sub("?...", _LINK.sub(_cut, text))


def _cut(link: re.Match[str]) -> str:
    _, mark, more = re.split(r"([?#]|$)", link[0], maxsplit=1)
    return without_query(link[0]) + (f"{mark}..." if more else mark)


class _HideLinks(logging.Filter):
    """Cuts secrets out of what httpx logs: it writes whole addresses at INFO."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "?" in message or "://" in message:
            record.msg, record.args = without_queries(message), ()
        return True


_FILTER = _HideLinks()


def hide_links_in_logs() -> None:
    """Put the filter on the loggers of the HTTP library; doing it twice does nothing more."""
    for name in (
        "httpx",
        "httpcore.connection",
        "httpcore.http11",
        "httpcore.http2",
        "httpcore.proxy",
        "httpcore.socks",
    ):
        logging.getLogger(name).addFilter(_FILTER)
