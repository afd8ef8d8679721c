"""The only module that knows the HTTP library: httpx today, its continuation tomorrow.

It is imported at the first request (docs/decisions/0003): the cache answers without it.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
import zlib
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mews_frames._closing import Closing
from mews_frames._redact import Secret, bare, hide_links_in_logs, without_query
from mews_frames._words import how_to_install
from mews_frames.errors import ConfigurationError, ConnectionFailedError, ServerError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    import httpx

__all__ = ["Answer", "Http", "Incoming", "httpx"]

TIMEOUT = {"connect": 20.0, "read": 60.0, "write": 60.0, "pool": 60.0}
"""Seconds without any byte. An export that is being made is not waited for on the wire."""

NO_PROXY = ("127.0.0.1", "localhost", "[::1]", "*.localhost", "*.invalid")
"""Hosts that no proxy of the environment may come between: they may be asked in plain http
(`mews_frames._settings`), and a proxy would read the tokens."""

PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
"""Variables from which httpx takes proxies; some systems write them in small letters."""

MOST_ANSWERED = 64 << 20
"""Bytes that an answer to a `post` may have. A thousand exports, the most in one getAll, with sixty
links of a kilobyte each would have as many; real answers have some KB."""

ANSWERED_WITHIN = 120.0
"""Seconds after which an answer to a `post` must be whole, however steadily it drips."""

LEAST_PATIENCE = 5.0
"""Seconds that every request is given: who is willing to wait for no export still wants to know."""

T = TypeVar("T")


def __getattr__(name: str) -> Any:
    """Give the HTTP library itself to who makes transports for it."""
    if name != "httpx":
        raise AttributeError(name)
    import httpx

    return httpx


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end. Links may be in it: its body shows itself to nobody."""

    status: int
    headers: Mapping[str, str]
    body: Secret[bytes]


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP answer whose body is still to come.

    Attributes
    ----------
    chunks
        Gives the raw bytes of the body, as they come, not decompressed.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Callable[[], Iterator[bytes]]


class Http(Closing):
    """Connections to Mews and to its file storage, opened at the first request.

    Parameters
    ----------
    transport
        What carries requests; None for the network.
    """

    def __init__(self, transport: httpx.BaseTransport | _Shared | None = None) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._client: httpx.Client | None = None
        self._of_parent: httpx.Client | None = None

    @property
    def is_open(self) -> bool:
        """Whether any request was sent."""
        return self._client is not None

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._leave_to_parent()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def another(self) -> Http:
        """Give connections of one's own to the same places, for what outlives these.

        A transport that was given is shared, and closed by whoever gave it.
        """
        return Http(None if self._transport is None else _Shared(self._transport))

    def post(self, url: str, body: Secret[str], within: float = ANSWERED_WITHIN) -> Answer:
        """Send JSON, and read the answer; redirects are not followed, since tokens are in it.

        Parameters
        ----------
        url
            Where to.
        body
            JSON.
        within
            Seconds for all of it, of a real clock: sockets know no other.

        Raises
        ------
        ConnectionFailedError
            If no whole answer came.
        ServerError
            If it is larger than an answer can be, or packed as nobody asked for.
        """
        shown = without_query(url)
        answer, flaw = _sent(shown, lambda: self._posted(url, body, max(within, LEAST_PATIENCE)))
        if flaw:
            raise ServerError(
                f"{shown} answered {flaw}, as Mews never does",
                hint="what stands between this machine and Mews? a proxy, another server?",
            )
        return answer

    def _posted(self, url: str, body: Secret[str], within: float) -> tuple[Answer, str | None]:
        """Give the answer, and what is wrong with it."""
        import httpx

        limits = {name: min(seconds, within) for name, seconds in TIMEOUT.items()}
        began = time.monotonic()
        with self._open().stream(
            "POST",
            url,
            content=body.reveal(),
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(**limits),
        ) as response:
            packed = bytearray()
            for chunk in cast("httpx.SyncByteStream", response.stream):
                packed += chunk
                if time.monotonic() - began > within:
                    raise httpx.ReadTimeout("the answer does not end")
                if len(packed) > MOST_ANSWERED:
                    break
        data, flaw = _unpacked(bytes(packed), response.headers.get("Content-Encoding", "identity"))
        return Answer(response.status_code, _Headers(response.headers), Secret(data)), flaw

    @contextmanager
    def get(self, url: Secret[str], headers: Mapping[str, str]) -> Iterator[Incoming]:
        """Open a download with these headers and no others: no cookies, no tokens, no names.

        Raises
        ------
        ConnectionFailedError
            If no answer came, or the body breaks off while it is read.
        """
        import httpx

        shown = url.use(without_query)
        response = _sent(
            shown,
            lambda: self._open().send(
                httpx.Request("GET", url.reveal(), headers=dict(headers)), stream=True
            ),
        )

        def chunks() -> Iterator[bytes]:
            body = _body(response)
            while (data := _sent(shown, lambda: next(body, None))) is not None:
                yield data  # also an empty one, which some transports send: it ends nothing

        try:
            yield Incoming(response.status_code, _Headers(response.headers), chunks)
        finally:
            _sent(shown, response.close)

    def _leave_to_parent(self) -> None:
        """Begin anew after a fork: over shared connections, each would get the other's answers.

        What the parent has open is neither used nor closed here, and its lock may be held for ever.
        """
        if self._process == os.getpid():
            return
        self._process, self._lock = os.getpid(), threading.Lock()
        self._of_parent, self._client = self._client, None

    def _open(self) -> httpx.Client:
        import httpx

        self._leave_to_parent()
        with self._lock:
            if self._client is None:
                hide_links_in_logs()
                verify = _trust() if self._transport is None else True
                with _with_proxies():
                    self._client = httpx.Client(
                        transport=cast("httpx.BaseTransport | None", self._transport),
                        mounts=dict.fromkeys(f"all://{host}" for host in NO_PROXY),
                        verify=verify,
                        timeout=httpx.Timeout(**TIMEOUT),
                        follow_redirects=False,
                    )
            return self._client


def _unpacked(data: bytes, encoding: str) -> tuple[bytes, str | None]:
    """Unpack the body of an answer, but not more than an answer can be; say what is wrong."""
    too_much = f"with more than {MOST_ANSWERED >> 20} MB"
    if len(data) > MOST_ANSWERED:
        return b"", too_much
    if encoding.strip().lower() in {"", "identity"} or not data:
        return data, None
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return b"", f"packed as {encoding[:40]!r}"
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, as it says itself
    try:
        plain = unpacker.decompress(data, MOST_ANSWERED)
    except zlib.error:
        return b"", f"with what is no {encoding.strip()}"
    if not unpacker.eof:
        return b"", too_much if unpacker.unconsumed_tail else f"with half a {encoding.strip()}"
    return plain, None


AT_ONCE = 512 * 1024
"""Bytes that are read from a connection at a time, if so many are there."""


def _body(response: httpx.Response) -> Iterator[bytes]:
    """Give the raw bytes of a body, from the connection itself once httpx has read its head.

    httpx takes 64 KB at a time through four copies: a sixth of the time of a load. A body whose
    length is known is followed by nothing that has to be understood. The connection is not used
    again, since httpx waits for the rest of the body; it is closed with the answer.
    """
    # Not iter_raw: transports of users' tests often hand over bodies that are read already.
    chunks = iter(cast("httpx.SyncByteStream", response.stream))
    connection = response.extensions.get("network_stream")
    length = response.headers.get("Content-Length", "")
    if connection is None or not length.isdecimal() or "Transfer-Encoding" in response.headers:
        yield from chunks
        return
    first = next(chunks, b"")  # all that came along with the head
    yield first
    left = int(length) - len(first)
    while left > 0:
        data = _read(connection, min(left, AT_ONCE))
        left -= len(data)
        yield data


def _read(connection: Any, size: int) -> bytes:
    """Read some bytes; say in the words of httpx what went wrong."""
    import httpcore
    import httpx

    try:
        data: bytes = connection.read(size, TIMEOUT["read"])
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error)) from None
    except httpcore.NetworkError as error:
        raise httpx.ReadError(str(error)) from None
    if not data:
        raise httpx.RemoteProtocolError("the connection was closed before the body was whole")
    return data


class _Headers(Mapping[str, str]):
    """The headers of an answer; a redirect stands in them, so viewers see no more than names."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


class _Shared:
    """A transport that somebody else closes: it has what httpx asks of one."""

    def __init__(self, transport: httpx.BaseTransport | _Shared) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Leave it open."""


@contextmanager
def _with_proxies() -> Iterator[None]:
    """Say of proxies that cannot be used where they stand, and not what: a password may be there.

    Raises
    ------
    ConfigurationError
        If one is named that httpx cannot take; nothing was sent.
    """
    import httpx

    try:
        yield
    except ImportError:
        flaw = "is a SOCKS proxy, and the library socksio is not installed"
        hint = how_to_install("socksio")
    except (ValueError, httpx.InvalidURL):
        flaw, hint = "cannot be read", "a proxy is named as in http://proxy.example:8080"
    else:
        return
    named = sorted(name for name in os.environ if name.upper() in PROXIES)
    where = " or ".join(named) or "the system's settings"
    raise ConfigurationError(f"the proxy in {where} {flaw}", hint=hint)


def _trust() -> ssl.SSLContext:
    """Trust whom the machine trusts: company proxies put their certificates there."""
    import ssl

    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _sent(url: str, send: Callable[[], T]) -> T:
    """Do something on the wire, and say in our own words what went wrong.

    Every error is raised outside of the handler and without the frames of httpx, also those that
    are none of httpx: those frames hold the body and the link, and a KeyboardInterrupt brings
    them along like any other.
    """
    import httpx

    failure: BaseException
    try:
        return send()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = _failed(url, error)
    except BaseException as error:  # noqa: BLE001 - it is raised again
        failure = bare(_with_place(error))
    try:
        raise failure
    finally:
        del failure  # a frame that holds its own error keeps both alive


def _with_place(error: BaseException) -> BaseException:
    """Note where an error came from that has no business here: a transport of one's own, say."""
    if not isinstance(error, KeyboardInterrupt | ConfigurationError):
        *_, last = traceback.extract_tb(error.__traceback__)
        error.add_note(f"raised in {last.filename}, line {last.lineno}, in {last.name}")
    return error


def _failed(url: str, error: Exception) -> ConnectionFailedError:
    import httpx

    not_sent = (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.InvalidURL,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    )
    kind, was_sent = type(error).__name__, not isinstance(error, not_sent)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        # The system's own words: a name that does not resolve, a certificate nobody knows.
        what = f"could not be reached ({kind}: {error})"
    elif not was_sent:
        what = f"could not be reached ({kind})"
    elif isinstance(error, httpx.TimeoutException):
        what = f"did not answer in time ({kind})"
    else:
        what = f"broke off the connection ({kind})"
    failure = ConnectionFailedError(
        f"{url} {what}",
        hint="is the network up, and the address right? proxies are taken from HTTPS_PROXY,"
        " certificates from the system",
    )
    failure.was_sent = was_sent
    return failure
