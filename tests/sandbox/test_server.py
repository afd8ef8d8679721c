"""The door with sockets: what is no proper HTTP is answered as Mews answers all else."""

import json
import socket
import struct
import threading
import tracemalloc
from contextlib import closing

import httpx
import pytest
from support.door import Door

from mews_frames._sandbox.server import SandboxServer, _Handler, _Server
from mews_frames.testing import Drip, FakeClock

setup = _Handler.setup
ADD = b"POST /api/connector/v1/exports/add HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def server(open_mews):
    with closing(SandboxServer(open_mews())) as opened:
        yield opened


def say(server, *pieces):
    """Send bytes, and read until the server hangs up."""
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello world and all\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (ADD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
        (ADD + b"Content-Length: -1\r\n\r\n{}", 411),
        (ADD + b"Content-Length: many\r\n\r\n{}", 411),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_what_is_no_proper_request_gets_an_error_with_a_request_id(server, request_bytes, status):
    head, body = say(server, request_bytes)
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert f"Request-Id: {json.loads(body)['RequestId']}" in head.splitlines()
    assert "Connection: close" in head.splitlines()


def test_a_body_that_is_far_too_large_is_read_to_its_end_and_not_kept(server):
    size, piece = 50_000_000, b" " * 1_000_000
    start = ADD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % size
    tracemalloc.start()
    try:
        head, _ = say(server, start, *[piece] * (size // len(piece)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert head.startswith("HTTP/1.1 413 ")
    assert peak < 10_000_000


def test_connections_are_kept_for_further_requests(server):
    one = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    head, body = say(server, one, last)
    assert head.startswith("HTTP/1.1 404 ")
    assert body.count(b"HTTP/1.1 404 ") == 1


def test_closing_does_not_wait_for_clients_that_say_nothing(server):
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
        silent.sendall(b"POST /api")
        server.close()
        assert silent.recv(1) == b""


def test_a_client_that_hangs_up_in_mid_body_leaves_nothing_open(open_mews, monkeypatch):
    handlers, failed = [], threading.Event()
    monkeypatch.setattr(_Handler, "setup", lambda self: handlers.append(self) or setup(self))
    monkeypatch.setattr(_Server, "handle_error", lambda *_: failed.set())
    clock = FakeClock()
    mews = open_mews(clock=clock, given={"OrderItem": [bytes(20_000_000)]}, faults=[Drip(10_000)])
    with closing(SandboxServer(mews)) as server:
        with httpx.Client(base_url=mews.address) as http:
            path = Door(mews, clock, http).link().removeprefix(server.address)
        port = int(server.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
            assert connection.recv(1000)
            # No polite end: what has not been read is answered with a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert failed.wait(10)
    assert len(handlers) > 1
    assert all(each.rfile.closed and each.wfile.closed for each in handlers)
