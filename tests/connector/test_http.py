"""The wire: what is sent, what is shown of it, and what goes wrong on it."""

import contextlib
import gzip
import logging
import socket
import ssl
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from support.tracebacks import shown

import mews_frames as mf
from mews_frames._connector import http as wire
from mews_frames._connector.http import Http
from mews_frames._redact import Secret
from mews_frames.errors import ConfigurationError, ConnectionFailedError, ServerError

CANARY = "CANARY-7c1f"
URL = f"https://mews.example/api?sig={CANARY}"


def answering(handler):
    return Http(httpx.MockTransport(handler))


def failing(error):
    def handle(request):
        raise error

    return answering(handle)


def failure(http, send):
    with http, pytest.raises(ConnectionFailedError) as caught:
        send(http)
    return caught.value


def post(http):
    return http.post(URL, Secret(f'{{"AccessToken": "{CANARY}"}}'))


def get(http):
    with http.get(Secret(URL), {}) as answer:
        return b"".join(answer.chunks())


class Breaking(httpx.SyncByteStream):
    def __iter__(self):
        yield b"some"
        raise httpx.ReadError("reset")


def breaking(request):
    return httpx.Response(200, stream=Breaking())


def test_a_body_is_sent_as_json():
    def handle(request):
        assert request.headers["Content-Type"] == "application/json"
        assert request.method == "POST"
        return httpx.Response(200, content=request.content)

    assert CANARY.encode() in post(answering(handle)).body.reveal()


@pytest.mark.parametrize(
    ("error", "says", "was_sent"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), "Name or service", False),
        (httpx.ConnectTimeout(""), "could not be reached", False),
        (httpx.PoolTimeout(""), "could not be reached", False),
        (httpx.ProxyError("407"), "could not be reached", False),
        (httpx.ReadTimeout(""), "did not answer in time", True),
        (httpx.WriteTimeout(""), "did not answer in time", True),
        (httpx.ReadError(""), "broke off", True),
        (httpx.RemoteProtocolError(""), "broke off", True),
    ],
)
@pytest.mark.parametrize("send", [post, get])
def test_a_failure_says_whether_anything_was_sent(send, error, says, was_sent):
    failed = failure(failing(error), send)
    assert says in failed.message
    assert "mews.example/api" in failed.message
    assert type(error).__name__ in failed.message
    assert failed.was_sent is was_sent


def test_a_body_that_breaks_off_is_a_failure():
    assert "broke off" in failure(answering(breaking), get).message


@pytest.mark.parametrize(
    ("http", "send"),
    [
        (failing(httpx.ConnectError("refused")), post),
        (failing(httpx.ReadTimeout("late")), post),
        (failing(httpx.ReadTimeout("late")), get),
        (answering(breaking), get),
    ],
)
def test_a_failure_holds_nothing_of_httpx(http, send):
    """Its frames hold the request, and with it body and tokens."""
    failed = failure(http, send)
    assert failed.__cause__ is None
    assert failed.__context__ is None


BODY = Secret(f'{{"AccessToken": "{CANARY}"}}')
LINK = Secret(URL)


def post_away(http):
    return http.post("https://mews.example", BODY)


def get_secretly(http):
    with http.get(LINK, {}) as answer:
        return b"".join(answer.chunks())


def closing_badly(error):
    class Stream(httpx.SyncByteStream):
        def __iter__(self):
            yield b"all"

        def close(self):
            raise error

    return answering(lambda _: httpx.Response(200, stream=Stream()))


def breaking_with(error):
    class Stream(httpx.SyncByteStream):
        def __iter__(self):
            yield b"some"
            raise error

    return answering(lambda _: httpx.Response(200, stream=Stream()))


TROUBLE = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("late"),
    httpx.InvalidURL("what is that"),
    KeyboardInterrupt(),
    SystemExit(1),
    MemoryError(),
    RuntimeError("a transport of somebody's own"),
]


@pytest.mark.parametrize("error", TROUBLE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("make", "send"),
    [
        (failing, post_away),
        (failing, get_secretly),
        (breaking_with, post_away),
        (breaking_with, get_secretly),
        (closing_badly, get_secretly),
    ],
)
def test_no_frame_of_what_goes_wrong_shows_a_token_or_a_link(make, send, error):
    """Also where it is no error of the network: Ctrl-C, and what nobody thought of."""
    with make(error) as http, pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is
        send(http)
    texts = shown(caught.value)
    assert len(texts) > 5
    assert not [text for text in texts if CANARY in text]
    modules = {frame.frame.f_globals.get("__name__", "") for frame in caught.traceback}
    assert not [name for name in modules if name.startswith("httpx")]


def test_an_interrupt_stays_what_it_was():
    interrupt = KeyboardInterrupt("as it was")
    with failing(interrupt) as http, pytest.raises(KeyboardInterrupt) as caught:
        post_away(http)
    assert caught.value is interrupt
    assert not hasattr(interrupt, "__notes__")


def test_an_error_of_a_transport_says_where_it_was_raised():
    with failing(ZeroDivisionError("mine")) as http, pytest.raises(ZeroDivisionError) as caught:
        post_away(http)
    (note,) = caught.value.__notes__
    assert "test_http.py, line" in note
    assert note.endswith("in handle")


def test_headers_show_their_names_only():
    def handle(request):
        return httpx.Response(302, headers={"Location": URL, "Set-Cookie": f"who={CANARY}"})

    with answering(handle) as http:
        answer = http.post("https://mews.example", BODY)
        assert "location" in repr(answer)
        assert CANARY not in repr(answer)
        with http.get(LINK, {}) as incoming:
            assert "location" in repr(incoming)
            assert CANARY not in repr(incoming)
            assert incoming.headers["location"] == URL


def test_a_body_shows_itself_to_nobody():
    with answering(lambda _: httpx.Response(200, text=CANARY)) as http:
        assert CANARY not in repr(http.post("https://mews.example", BODY))


def test_messages_show_no_query():
    for send in (post, get):
        assert CANARY not in str(failure(failing(httpx.ReadError("")), send))


def test_an_address_that_cannot_be_read_is_a_failure():
    with Http() as http, pytest.raises(ConnectionFailedError) as caught:
        http.post("https://mews.example:port/", BODY)
    assert not caught.value.was_sent


def test_nothing_opens_before_the_first_request():
    http = answering(lambda _: httpx.Response(200))
    assert not http.is_open
    post(http)
    assert http.is_open
    http.close()
    assert not http.is_open


def test_a_download_carries_what_it_was_told_and_no_more():
    seen = []

    def handle(request):
        seen.append(dict(request.headers))
        return httpx.Response(200, headers={"Set-Cookie": "who=me"}, content=b"x")

    with answering(handle) as http:
        for _ in range(2):
            with http.get(Secret(URL), {"Accept-Encoding": "identity"}) as answer:
                list(answer.chunks())
    assert seen == [{"host": "mews.example", "accept-encoding": "identity"}] * 2


def test_a_post_follows_no_redirect():
    def handle(request):
        return httpx.Response(307, headers={"Location": "https://elsewhere.example"})

    assert post(answering(handle)).status == 307


def test_bytes_come_as_they_were_sent():
    packed = b"\x1f\x8b not really gzip"

    def handle(request):
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=iter([packed]))

    with answering(handle) as http:
        assert get(http) == packed


def test_certificates_come_from_the_system(monkeypatch):
    contexts = []

    class Client(httpx.Client):
        def __init__(self, **options):
            contexts.append(options["verify"])
            super().__init__(**options)

    monkeypatch.setattr(httpx, "Client", Client)
    http = Http()
    with pytest.raises(ConnectionFailedError):
        http.post("https://127.0.0.1:9/", BODY)
    http.close()
    assert type(contexts[0]).__module__.startswith("truststore")
    assert contexts[0].verify_mode == ssl.CERT_REQUIRED


def test_no_proxy_comes_between_us_and_this_machine(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    with mf.sandbox(rows=10) as mews:
        assert mews.client().start_export("OrderItem").status == "Pending"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", f"socks5://me:{CANARY}@127.0.0.1:9", "is a SOCKS proxy, and .* socksio"),
        ("HTTPS_PROXY", f"gopher://me:{CANARY}@127.0.0.1:9", "cannot be read"),
        ("https_proxy", f"http://me:{CANARY}@127.0.0.1:port", "cannot be read"),
        ("NO_PROXY", "http://[::1", "cannot be read"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_and_not_shown(
    monkeypatch, tmp_path, name, value, words
):
    monkeypatch.setitem(sys.modules, "socksio", None)
    for other in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv(name, value)
    tokens = ("MADE-UP-ONE", "MADE-UP-TWO")
    there = {"platform_address": "https://127.0.0.1:9", "cache_dir": tmp_path / "cache"}
    with mf.Client(*tokens, **there) as client:
        with pytest.raises(ConfigurationError, match=f"the proxy in {name} {words}") as caught:
            client.start_export("Bill")
        assert CANARY not in shown(caught.value)
        assert client.exports().height == 0  # it is known that nothing was added
        assert list(client.cache.path.glob("v1/requests/*")) == []


def test_logs_hold_no_query_and_no_token(caplog):
    """httpx logs whole addresses at INFO, and its engine all headers at DEBUG."""
    location = f"/part?sig={CANARY}"

    def handle(request):
        return httpx.Response(302, headers={"Location": location})

    caplog.set_level(logging.DEBUG)
    with answering(handle) as http:
        post(http)
    assert "https://mews.example/api?..." in caplog.text
    assert CANARY not in caplog.text


def test_logs_of_a_whole_load_hold_no_query_and_no_token(caplog, clock):
    caplog.set_level(logging.DEBUG)
    with mf.sandbox(rows=50, faults=[mf.testing.Drop(after=100)], clock=clock) as mews:
        mews.client().load_entities("Bill")
        secrets = (mews.access_token, mews.client_token, "sig=", "se=")
    assert "/storage/exports/" in caplog.text
    assert not [secret for secret in secrets if secret in caplog.text]


# --------------------------------------------------------------------------- what comes packed


def packed(body, encoding):
    def handle(request):
        assert request.headers["Accept-Encoding"] == "identity"
        headers = {"Content-Encoding": encoding}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))

    return answering(handle)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_an_answer_that_a_proxy_has_packed_is_unpacked(pack):
    encoding = "gzip" if pack is gzip.compress else "deflate"
    with packed(pack(b"{}"), encoding) as http:
        assert post(http).body.reveal() == b"{}"


@pytest.mark.parametrize(
    ("body", "encoding", "says"),
    [
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", "packed as 'gzip, gzip'"),
        (b"{}", "br", "packed as 'br'"),
        (b"{}", "gzip", "no gzip"),
        (gzip.compress(b"{}" * 99)[:-9], "gzip", "half a gzip"),
        (gzip.compress(bytes(2000)), "gzip", "more than"),
        (bytes(2000), "identity", "more than"),
    ],
    ids=["twice", "unknown", "none", "cut", "bomb", "large"],
)
def test_an_answer_that_is_no_answer_is_told(monkeypatch, body, encoding, says):
    monkeypatch.setattr(wire, "MOST_ANSWERED", 1000)
    with packed(body, encoding) as http, pytest.raises(ServerError, match=says):
        post(http)


class Dripping(BaseHTTPRequestHandler):
    """Sends one byte after the other, and no end of them."""

    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.server.is_open:
                self.wfile.write(b" ")

    def log_message(self, *_):
        """Say nothing."""


@contextlib.contextmanager
def real_server(handler):
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.is_open = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.is_open = False
            server.shutdown()


def test_an_answer_that_never_ends_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(wire, "LEAST_PATIENCE", 0.1)
    in_time = pytest.raises(ConnectionFailedError, match="did not answer in time")
    with real_server(Dripping) as address, Http() as http, in_time:
        http.post(address, Secret("{}"), 0.1)


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_was_said(monkeypatch):
    monkeypatch.setattr(wire, "LEAST_PATIENCE", 0.1)
    in_time = pytest.raises(ConnectionFailedError, match="did not answer in time")
    with socket.create_server(("127.0.0.1", 0)) as silent, Http() as http, in_time:
        http.post(f"http://127.0.0.1:{silent.getsockname()[1]}", Secret("{}"), 0.1)


def test_an_empty_chunk_ends_no_download():
    class Pausing(httpx.SyncByteStream):
        def __iter__(self):
            yield from (b"", b"some", b"", b"bytes")

    with answering(lambda _: httpx.Response(200, stream=Pausing())) as http:
        assert get(http) == b"somebytes"
