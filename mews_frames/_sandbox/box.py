"""`mews_frames.sandbox`: a pretend Mews for the length of a ``with`` block."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mews_frames._clock import SystemClock
from mews_frames._sandbox import hotel
from mews_frames._sandbox.rules import Mews
from mews_frames._sandbox.server import SandboxServer
from mews_frames._sandbox.stored import Recipe
from mews_frames._schemas import load_schema
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from mews_frames._client import Client
    from mews_frames._sandbox.faults import Fault
    from mews_frames._sandbox.values import Received
    from mews_frames.typing import Clock

__all__ = ["Sandbox", "sandbox"]


def sandbox(
    *,
    rows: int = 20_000,
    seed: int = 0,
    faults: Iterable[Fault] = (),
    clock: Clock | None = None,
    parts: int = 4,
    duration: float = 3.0,
    records: Mapping[str, Sequence[bytes]] | None = None,
) -> Sandbox:
    """Open a pretend Mews with made-up hotels, for trying, tests and workshops.

    It follows the documented rules of Mews' exports to the letter and needs neither account nor
    internet: it listens on 127.0.0.1. All it makes is made up and says so. Everything is gone
    when the ``with`` block ends.

    Parameters
    ----------
    rows
        How many records of OrderItem there are; the other types are in proportion. About 1.1 KB
        each, made at 50 MB/s or more and never held in memory.
    seed
        Equal seeds give equal rows, as of the same day.
    faults
        What goes wrong: see `mews_frames.testing`.
    clock
        Its time; the machine's own where left out. A `mews_frames.testing.FakeClock` makes
        exports finish at once.
    parts
        How many files an export has, where there are rows enough.
    duration
        Seconds from add to Success: a third Pending, the rest Processing.
    records
        Parts to serve exactly as they are, by entity type, instead of made-up rows. Filters and
        scope do not touch them.

    Raises
    ------
    InvalidArgumentError
        If a number is negative, or a key of ``records`` is no entity type.

    Examples
    --------
    >>> from mews_frames.testing import FakeClock
    >>> with sandbox(rows=100, clock=FakeClock()) as box:
    ...     box.address.startswith("http://127.0.0.1:")
    True
    """
    if rows < 0 or parts < 1 or duration < 0:
        raise InvalidArgumentError(
            f"a sandbox cannot have rows={rows!r}, parts={parts!r}, duration={duration!r}",
            hint="rows and duration are 0 or more, parts is 1 or more",
        )
    for entity_type in records or {}:
        load_schema(entity_type)  # refuses what Mews does not export
    recipe = Recipe(rows=rows, seed=seed, parts=parts, duration=duration)
    return Sandbox(recipe, faults, clock or SystemClock(), records or {})


class Sandbox:
    """A pretend Mews: a context manager, made by `sandbox`.

    Attributes
    ----------
    client_token, access_token
        The only tokens that it takes. Made up, and recognisable as such.
    clock
        Its time.
    """

    def __init__(
        self,
        recipe: Recipe,
        faults: Iterable[Fault],
        clock: Clock,
        records: Mapping[str, Sequence[bytes]],
    ) -> None:
        self.client_token = f"MADE-UP-CLIENT-TOKEN-OF-THE-SANDBOX-{recipe.seed}"
        self.access_token = f"MADE-UP-ACCESS-TOKEN-OF-THE-SANDBOX-{recipe.seed}"
        self.clock = clock
        self._recipe = recipe
        self._faults = tuple(faults)
        self._records = records
        self._lock = threading.Lock()
        self._opened: tuple[Path, Mews, SandboxServer] | None = None
        self._closed = False
        self._past: tuple[Received, ...] = ()
        self._clients: list[Client] = []

    def __repr__(self) -> str:
        state = self._opened[2].address if self._opened else "not open"
        return f"<Sandbox {state}, {self._recipe.rows} rows, seed {self._recipe.seed}>"

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Where it listens: the platform address for clients. Opens the sandbox if need be.

        Raises
        ------
        InvalidArgumentError
            After the sandbox was closed.
        """
        return self._open()[2].address

    @property
    def requests(self) -> tuple[Received, ...]:
        """Every request so far, without tokens, in the order in which answers began.

        They can still be read after the sandbox was closed.
        """
        with self._lock:
            return self._past if self._opened is None else self._opened[1].received

    @property
    def enterprise_ids(self) -> tuple[str, ...]:
        """Ids of its made-up properties."""
        return hotel.group_of(self._recipe.rows, self._recipe.seed).enterprise_ids

    @property
    def chain_ids(self) -> tuple[str, ...]:
        """Ids of its made-up chains."""
        return hotel.group_of(self._recipe.rows, self._recipe.seed).chain_ids

    def client(self, **settings: Any) -> Client:
        """Make a client of this sandbox; it is closed with it.

        Parameters
        ----------
        **settings
            As `mews_frames.Client` takes them. Where left out: this sandbox's clock, and a cache
            folder that goes when the sandbox goes.
        """
        from mews_frames._client import Client

        folder, _, server = self._open()
        ours: dict[str, Any] = {
            "platform_address": server.address,
            "cache_dir": folder / "cache",
            "clock": self.clock,
        }
        client = Client(self.client_token, self.access_token, **(ours | settings))
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close its clients and its door, and remove all that it wrote."""
        while self._clients:
            self._clients.pop().close()
        with self._lock:
            opened, self._opened, self._closed = self._opened, None, True
        if opened is not None:
            folder, mews, server = opened
            mews.close()
            server.close()
            self._past = mews.received
            shutil.rmtree(folder, ignore_errors=True)  # Windows keeps what is still being read

    def _open(self) -> tuple[Path, Mews, SandboxServer]:
        with self._lock:
            if self._closed:
                raise InvalidArgumentError("this sandbox is closed", hint="open another one")
            if self._opened is None:
                folder = Path(tempfile.mkdtemp(prefix="mews-frames-sandbox-"))
                mews = Mews(
                    folder / "mews",
                    address="",
                    client_token=self.client_token,
                    access_token=self.access_token,
                    clock=self.clock,
                    recipe=self._recipe,
                    faults=self._faults,
                    given=self._records,
                )
                self._opened = folder, mews, SandboxServer(mews)
            return self._opened
