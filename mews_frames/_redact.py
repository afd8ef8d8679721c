"""Keep secrets out of sight: tokens in values, signatures in links and logs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Secret", "hide_links_in_logs", "without_query"]


class Secret:
    """A text that shows itself only to the line that sends it.

    It has no useful repr, does not pickle, and is not a `str`, so that no traceback viewer,
    which shows the values of variables, can show it.
    """

    __slots__ = ("__reveal",)

    def __init__(self, text: str) -> None:
        # A closure, since viewers of variables list attributes, but do not call them.
        self.__reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Give the text."""
        return self.__reveal()

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "tokens are not pickled; open a Client where the work is done, or hand over the frame"
        )


def without_query(url: str) -> str:
    """Give an address without its query, where signatures stand, and without credentials."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable)"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path


_QUERY = re.compile(r"\?[^\s'\"<>]+")


class _HideLinks(logging.Filter):
    """Cuts queries out of what httpx logs: it writes whole addresses at INFO."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "?" in message:
            record.msg, record.args = _QUERY.sub("?...", message), ()
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
    ):
        logging.getLogger(name).addFilter(_FILTER)
