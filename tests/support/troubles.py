"""What a storage, or something before it, does to a download: worse than the faults of a sandbox.

The pretend Mews makes each answer; a trouble decides what of it goes into the socket.
"""

import socket
import struct
import threading
import zlib
from collections import deque

from mews_frames._sandbox.server import _Handler
from mews_frames._sandbox.values import STORAGE, ConnectionCutError

send_as_it_is = _Handler._send


def disturb(monkeypatch, *troubles, always=None, on=STORAGE):
    """Let the next downloads meet these troubles, one each, and those after them `always`.

    Or whatever else is asked for at a path that has `on` in it.
    """
    left, lock = deque(troubles), threading.Lock()

    def send(handler, answer):
        concerned = on in handler.path
        with lock:
            trouble = left.popleft() if concerned and left else None
        trouble = trouble or (always if concerned else None) or send_as_it_is
        trouble(handler, answer)

    monkeypatch.setattr(_Handler, "_send", send)
    return left


def fine(handler, answer):
    """No trouble: for the download that is to go well before the next one does not."""
    send_as_it_is(handler, answer)


def body_of(answer):
    return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)


def write(handler, status, headers, body):
    """Write an answer just so; the connection ends after it."""
    handler.close_connection = True
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()


def cut(after):
    """End the connection in mid-body."""

    def trouble(handler, answer):
        body = body_of(answer)
        write(handler, answer.status, answer.headers | length_of(body), body[:after])
        raise ConnectionCutError

    return trouble


def reset(after):
    """Send so much, and then a TCP reset."""

    def trouble(handler, answer):
        body = body_of(answer)
        write(handler, answer.status, answer.headers | length_of(body), body[:after])
        # Closed with this option, what is under way is thrown away, and the client gets a RST.
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.rfile.close()
        handler.wfile.close()

    return trouble


def without_length(*, until=None):
    """Say nothing about the length: the body ends where the connection does."""

    def trouble(handler, answer):
        write(handler, answer.status, answer.headers, body_of(answer)[:until])

    return trouble


def longer_by(extra, *, said):
    """Send more than Mews promised, with or without saying so."""

    def trouble(handler, answer):
        body = body_of(answer) + bytes(extra)
        headers = answer.headers | (length_of(body) if said else {})
        write(handler, answer.status, headers, body)

    return trouble


def saying(status=None, *, body=None, **headers):
    """Give headers, status or body other values."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def trouble(handler, answer):
        data = body_of(answer) if body is None else body
        write(handler, status or answer.status, answer.headers | named | length_of(data), data)

    return trouble


def changed(change, **headers):
    """Send another body of the same length."""

    def trouble(handler, answer):
        saying(body=change(body_of(answer)), **headers)(handler, answer)

    return trouble


def late(clock, seconds, then=fine):
    """Let time pass on the clock of the sandbox before anything is answered."""

    def trouble(handler, answer):
        clock.sleep(seconds)
        then(handler, answer)

    return trouble


def together(barrier, then=fine):
    """Answer only when so many others are to be answered too."""

    def trouble(handler, answer):
        barrier.wait(20)
        then(handler, answer)

    return trouble


def bomb(size):
    """Send a gzip stream of zeros: a thousandth of `size` on the wire, and no end of it."""
    packer = zlib.compressobj(wbits=31)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)

    def trouble(handler, answer):
        write(handler, 200, answer.headers | {"Content-Encoding": "gzip"}, head)
        for _ in range(size >> 20):
            handler.wfile.write(block)
        handler.wfile.flush()

    return trouble


def length_of(body):
    return {"Content-Length": str(len(body))}
