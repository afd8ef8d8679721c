"""A sandbox for other processes: what ``mews-frames sandbox`` runs."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mews_frames._sandbox.box import Sandbox, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mews_frames.typing import Clock

__all__ = ["serve"]


def serve(
    *, rows: int, seed: int, port: int, tell: Callable[[str], None], clock: Clock | None = None
) -> None:
    """Open a sandbox for other processes, and keep it open until Ctrl-C or SIGTERM.

    Parameters
    ----------
    rows, seed, port
        As for `sandbox`.
    tell
        Gets the lines to show: where it listens, its tokens, how to use them.
    clock
        Its time, and what it waits with; the machine's own where left out.

    Raises
    ------
    InvalidArgumentError
        If a number is negative, or the port is taken.
    """
    with (
        _terminated_as_interrupted(),
        sandbox(rows=rows, seed=seed, port=port, clock=clock) as mews,
    ):
        try:
            for line in _introduction(mews):
                tell(line)
            while True:
                mews.clock.sleep(3600.0)  # s; any length will do: Ctrl-C ends it
        except KeyboardInterrupt:
            tell("the sandbox is closed, and all that it wrote is gone")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C: it would end the process with all that the sandbox wrote on disk."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _introduction(mews: Sandbox) -> list[str]:
    variables = {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
    }
    export = '$env:{0} = "{1}"' if os.name == "nt" else "export {0}={1}"
    return [
        f"a pretend Mews with made-up hotels listens on {mews.address}; Ctrl-C ends it",
        f"client token: {mews.client_token}",
        f"access token: {mews.access_token}",
        "in another shell:",
        *(f"  {export.format(name, value)}" for name, value in variables.items()),
        "  mews-frames load OrderItem --out orders.parquet",
    ]
