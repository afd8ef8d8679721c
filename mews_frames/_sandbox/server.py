"""The door with sockets: the pretend Mews on loopback, over real HTTP/1.1."""

from __future__ import annotations

import os
import selectors
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any

from mews_frames._sandbox.values import (
    CHUNK,
    LARGEST_BODY,
    Answer,
    ConnectionCutError,
    ConnectionStalledError,
    Request,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mews_frames._sandbox.rules import Mews

__all__ = ["SandboxServer"]

LOOK = 0.05
"""Seconds between looks at whether a stalled client has gone."""


class SandboxServer:
    """A pretend Mews that listens on 127.0.0.1, in threads of this process.

    Parameters
    ----------
    mews
        Who answers. Its links begin with the address of this server from now on.
    port
        0 takes a free one.

    Raises
    ------
    OSError
        If the port is taken.
    """

    def __init__(self, mews: Mews, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.mews = mews
        self._port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self._port}"
        mews.address = self.address
        self._thread = threading.Thread(
            target=self._server.serve, name="mews-frames-sandbox", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end all connections, wait for their threads."""
        self._server.stopped.set()
        with suppress(OSError):  # a connection that says nothing wakes the loop at once
            socket.create_connection(("127.0.0.1", self._port), timeout=LOOK).close()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingMixIn, TCPServer):
    # HTTPServer would look up the name of 127.0.0.1, which takes seconds on some machines.
    request_queue_size = 128
    allow_reuse_address = os.name != "nt"  # there it would let two listen on one port
    timeout = 0.5  # seconds between looks at whether the loop shall end
    mews: Mews

    def __init__(self, *args: Any) -> None:
        self.stopped = threading.Event()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(*args)

    def serve(self) -> None:
        """Take connections until told to stop."""
        while not self.stopped.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        # Daemons: a sandbox that nobody closed must not keep the interpreter from ending, and its
        # threads wait for next requests on connections that clients in this process hold open.
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open, and wait for the threads that serve them."""
        with self._lock:
            threads = list(self._open.values())
            for connection in self._open:
                _shut(connection)
        for thread in threads:
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # head and first bytes in one packet
    server: _Server

    def __getattr__(self, name: str) -> Any:
        # Every method is Mews' to answer: the base class would say 501 to those not defined.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(411, "Content-Length is expected.")
            return
        asked = Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(int(length)),
        )
        try:
            self._send(self.server.mews.answer(asked))
        except ConnectionCutError:
            self._cut()
        except ConnectionStalledError:
            self._stall()
            self._cut()

    def finish(self) -> None:
        """Close both files of the connection, also where the client has gone with bytes unsent."""
        with suppress(OSError):
            self.wfile.close()
        self.rfile.close()

    def _body(self, length: int) -> bytes:
        """Read a body to its end, but keep no more of it than shows that it is too large."""
        kept = self.rfile.read(min(length, LARGEST_BODY + 1))
        length -= len(kept)
        while length > 0 and (more := self.rfile.read(min(length, CHUNK))):
            length -= len(more)
        return kept

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no proper HTTP as Mews answers all else; the base class sends HTML."""
        self.close_connection = True
        self.request_version = self.protocol_version  # else, where it cannot be read, no head
        self._send(self.server.mews.refuse(code, message or explain or "No proper request."))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(answer.length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        body: Iterable[bytes] = [answer.body] if isinstance(answer.body, bytes) else answer.body
        for chunk in [] if self.command == "HEAD" else body:
            if self.server.stopped.is_set():
                raise ConnectionCutError
            if answer.length is None:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunk else b"")
            else:
                self.wfile.write(chunk)
            self.wfile.flush()  # what drips has to arrive
        if answer.length is None and self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()  # what was sent before the cut does arrive
        _shut(self.connection)

    def _stall(self) -> None:
        self.wfile.flush()
        with selectors.DefaultSelector() as gone:
            # Readable now means that the client hung up: it has nothing more to say.
            gone.register(self.connection, selectors.EVENT_READ)
            while not gone.select(LOOK) and not self.server.stopped.is_set():
                pass

    def log_message(self, *_args: Any) -> None:
        """Print nothing."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was faster
        return
