"""The door without sockets: an HTTP transport that asks the pretend Mews in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mews_frames._connector.http import httpx
from mews_frames._sandbox.rules import Mews
from mews_frames._sandbox.stored import Recipe
from mews_frames._sandbox.values import ConnectionCutError, ConnectionStalledError, Request
from mews_frames.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mews_frames.typing import Clock

__all__ = ["SandboxTransport", "profile_transport"]


class SandboxTransport(httpx.BaseTransport):
    """Carries requests to a pretend Mews, and its answers back, as a network would.

    Bodies come in chunks. A connection that a fault cuts raises what httpx raises for a socket
    that the other side closed. A stall lasts, by the clock, as long as the client's own read
    timeout, and raises it.

    Parameters
    ----------
    mews
        Who answers.
    clock
        Passes the time of stalls.
    """

    def __init__(self, mews: Mews, clock: Clock) -> None:
        self._mews = mews
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        asked = Request(
            method=request.method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(),
        )
        try:
            answer = self._mews.answer(asked)
        except ConnectionCutError:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from None
        headers = dict(answer.headers)
        if answer.length is not None:
            headers["Content-Length"] = str(answer.length)
        body = [answer.body] if isinstance(answer.body, bytes) else answer.body
        if request.method == "HEAD":
            body = []
        stream = _Body(body, request, self._clock)
        return httpx.Response(answer.status, headers=headers, stream=stream)

    def close(self) -> None:
        """Stop what the pretend Mews is doing."""
        self._mews.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, chunks: Iterable[bytes], request: httpx.Request, clock: Clock) -> None:
        self._chunks = chunks
        self._request = request
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except ConnectionCutError:
            # The words of httpcore, for a body that ends before Content-Length.
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body",
                request=self._request,
            ) from None
        except ConnectionStalledError:
            patience = self._request.extensions.get("timeout", {}).get("read")
            # A client without read timeout would wait for ever; 60 s stand for that.
            self._clock.sleep(60.0 if patience is None else patience)
            raise httpx.ReadTimeout("The read operation timed out", request=self._request) from None

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()


def profile_transport(
    folder: Path, *, address: str, client_token: str, access_token: str, clock: Clock
) -> SandboxTransport:
    """Open the pretend Mews of the profile ``sandbox``, without a socket.

    Parameters
    ----------
    folder
        Where its exports live. Processes that share it see the same exports.
    address
        What its links begin with.
    client_token, access_token
        The only ones that it knows.
    clock
        All of its time.

    Raises
    ------
    CacheError
        If the folder cannot be made, or if others can write it.
    """
    try:
        mews = Mews(
            folder,
            address=address.rstrip("/"),
            client_token=client_token,
            access_token=access_token,
            clock=clock,
            recipe=Recipe(),
        )
    except OSError as error:
        raise CacheError(
            f"the sandbox cannot use {folder}: {error.strerror or error}",
            hint="it lives beside the cache; MEWS_FRAMES_CACHE_DIR names another place",
        ) from error
    return SandboxTransport(mews, clock)
