"""Open a signed link: over https, through redirects within its host, and to nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urljoin, urlsplit

from mews_frames._exports.body import Incoming
from mews_frames._redact import Secret, without_frames, without_query
from mews_frames.errors import DownloadError

__all__ = ["Get", "open_link"]

REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 3

Get = Callable[[Secret[str], Mapping[str, str]], AbstractContextManager[Incoming]]
"""Opens a URL with just these headers."""


@contextmanager
def open_link(
    url: Secret[str], headers: Mapping[str, str], *, get: Get, insecure: bool, export_id: str
) -> Iterator[Incoming]:
    """Open a link; follow redirects within the same host, and none out of it.

    Parameters
    ----------
    url, headers
        What to ask for.
    get
        Opens each address on the way.
    insecure
        Whether links may be plain http.
    export_id
        For messages.

    Raises
    ------
    DownloadError
        If the link leads to where it must not be followed.
    """
    for _ in range(MOST_REDIRECTS + 1):
        if not _is_safe(url, insecure=insecure):
            raise _bad_link(export_id, f"is not https: {url.use(without_query)!r}")
        with get(url, headers) as answer:
            location = Secret(answer.headers.get("Location") or "")
            if answer.status not in REDIRECTS or not location.reveal():
                yield answer
                return
        target = _within_host(url, location)
        if target is None:
            where = location.use(without_query)
            raise _bad_link(export_id, f"leads to another host, {where!r}")
        url = target
    raise _bad_link(export_id, "leads round in circles")


def _is_safe(url: Secret[str], *, insecure: bool) -> bool:
    """Say whether a connection is one that not everybody can read or change."""
    try:
        scheme = url.use(lambda text: urlsplit(text).scheme)
    except ValueError:
        return False
    return scheme == "https" or (insecure and scheme == "http")


def _within_host(url: Secret[str], location: Secret[str]) -> Secret[str] | None:
    """Say where a redirect leads; None if that is another host, or cannot be read."""
    try:
        return without_frames(lambda: _joined(url.reveal(), location.reveal()))
    except ValueError:
        return None


def _joined(url: str, location: str) -> Secret[str] | None:
    target = urljoin(url, location)
    return Secret(target) if urlsplit(target)[:2] == urlsplit(url)[:2] else None


def _bad_link(export_id: str, what: str) -> DownloadError:
    return DownloadError(
        f"a link of export {export_id} {what}; it was not followed",
        hint="Mews may have changed where its files lie; a newer mews_frames may know",
        export_id=export_id,
    )
