"""Bodies over real sockets: large pieces where the length is known, and nothing taken for whole."""

import socket
import threading
from contextlib import contextmanager

import pytest

from mews_frames._connector import http as http_module
from mews_frames._connector.http import Http
from mews_frames._redact import Secret
from mews_frames.errors import ConnectionFailedError

BODY = bytes(range(256)) * 16_384  # 4 MB
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)


@contextmanager
def answering(*answers, then_wait=False):
    """Send these bytes to one caller after the other; give the address."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for pieces in answers:
                caller, _ = server.accept()
                with caller:
                    caller.recv(65_536)
                    for piece in pieces:
                        caller.sendall(piece)
                    if then_wait:
                        done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Secret(f"http://127.0.0.1:{server.getsockname()[1]}/part")
        finally:
            done.set()
            thread.join()


def chunks_of(http, url):
    with http.get(url, {}) as answer:
        return list(answer.chunks())


@pytest.mark.parametrize("with_head", [0, 1, 30_000, 65_536, len(BODY)])
def test_every_byte_comes_once_and_in_order(with_head):
    """Also those that came along with the head. A connection that was used is not used again."""
    pieces = [HEAD + BODY[:with_head], BODY[with_head:]]
    with answering(pieces, pieces) as url, Http() as http:
        for _ in range(2):
            assert b"".join(chunks_of(http, url)) == BODY


def test_a_body_of_known_length_comes_in_large_pieces():
    with answering([HEAD + BODY]) as url, Http() as http:
        assert max(map(len, chunks_of(http, url))) > 65_536


def test_what_follows_a_body_is_not_of_it():
    with answering([HEAD + BODY + b"HTTP/1.1 200 OK\r\n"]) as url, Http() as http:
        assert b"".join(chunks_of(http, url)) == BODY


CHUNKED = b"5\r\nabcde\r\n2\r\nfg\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (b"Transfer-Encoding: chunked", CHUNKED),
        (b"Content-Length: 9\r\nTransfer-Encoding: chunked", CHUNKED),  # RFC 9112, section 6.3
        (b"Connection: close", b"abcdefg"),
    ],
)
def test_a_body_whose_length_is_not_known_is_left_to_httpx(headers, sent):
    with answering([b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n", sent]) as url, Http() as http:
        assert b"".join(chunks_of(http, url)) == b"abcdefg"


@pytest.mark.parametrize("sent", [0, 10, 65_536, 1_000_000, len(BODY) - 1])
def test_a_body_that_ends_early_is_a_broken_connection(sent):
    broke = pytest.raises(ConnectionFailedError, match="broke off the connection")
    with answering([HEAD + BODY[:sent]]) as url, Http() as http, broke:
        chunks_of(http, url)


def test_a_body_that_stalls_is_given_up(monkeypatch):
    monkeypatch.setitem(http_module.TIMEOUT, "read", 0.2)
    stalled = pytest.raises(ConnectionFailedError, match="did not answer in time")
    with answering([HEAD + BODY[:1_000_000]], then_wait=True) as url, Http() as http, stalled:
        chunks_of(http, url)
