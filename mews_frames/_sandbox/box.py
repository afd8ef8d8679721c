"""`mews_frames.sandbox`: a pretend Mews for the length of a ``with`` block."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from mews_frames._clock import SystemClock
from mews_frames._closing import Closing
from mews_frames._sandbox import hotel
from mews_frames._sandbox.rules import Mews
from mews_frames._sandbox.server import SandboxServer
from mews_frames._sandbox.stored import Recipe
from mews_frames._sandbox.transport import SandboxTransport
from mews_frames._schemas import load_schema
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from mews_frames._client import Client
    from mews_frames._sandbox.values import Received
    from mews_frames.testing import Fault, Living
    from mews_frames.typing import Clock

__all__ = ["Sandbox", "sandbox"]

HIGHEST_PORT = 65_535


def sandbox(
    *,
    rows: int = 20_000,
    seed: int = 0,
    faults: Iterable[Fault] = (),
    clock: Clock | None = None,
    parts: int = 4,
    duration: float = 3.0,
    records: Mapping[str, Sequence[bytes] | Living] | None = None,
    port: int = 0,
) -> Sandbox:
    """Open a pretend Mews with made-up hotels, for trying, tests and workshops.

    It follows the documented rules of Mews' exports to the letter and needs neither account nor
    internet: it listens on 127.0.0.1. All it makes is made up and says so. Everything is gone
    when the ``with`` block ends.

    Parameters
    ----------
    rows
        How many records of OrderItem there are; the other types are in proportion. About 1.7 KB
        each, made at 50 MB/s or more and never held in memory.
    seed
        Equal seeds give equal rows, as of the same hour.
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
        Instead of made-up rows, by entity type: parts to serve exactly as they are, which filters
        and scope do not touch; or `mews_frames.testing.Living` records.
    port
        Where it listens; 0 takes a free port.

    Raises
    ------
    InvalidArgumentError
        If a number makes no sense, or a key of ``records`` is no entity type. A port that is taken
        is told when the sandbox opens.

    Examples
    --------
    >>> from mews_frames.testing import FakeClock
    >>> with sandbox(rows=100, clock=FakeClock()) as box:
    ...     box.address.startswith("http://127.0.0.1:")
    True
    """
    for name, number in {"rows": rows, "parts": parts, "duration": duration, "port": port}.items():
        if not isinstance(number, Real):
            raise InvalidArgumentError(
                f"{name} of a sandbox is a number, not {number!r}", hint=f"{name}=10"
            )
    if rows < 0 or parts < 1 or duration < 0:
        raise InvalidArgumentError(
            f"a sandbox cannot have rows={rows!r}, parts={parts!r}, duration={duration!r}",
            hint="rows and duration are 0 or more, parts is 1 or more",
        )
    if not 0 <= port <= HIGHEST_PORT:
        raise InvalidArgumentError(
            f"a sandbox cannot listen on port {port!r}", hint="0 takes a free one"
        )
    for entity_type in records or {}:
        load_schema(entity_type)  # refuses what Mews does not export
    recipe = Recipe(rows=int(rows), seed=seed, parts=parts, duration=duration)
    return Sandbox(recipe, faults, clock or SystemClock(), records or {}, port)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What an open sandbox holds."""

    folder: TemporaryDirectory[str]
    mews: Mews
    server: SandboxServer

    @property
    def path(self) -> Path:
        return Path(self.folder.name)

    def close(self) -> None:
        self.mews.close()  # looks that wait for rows return
        self.server.close()
        self.mews.close()  # and none of the last ones began to write
        self.folder.cleanup()


class Sandbox(Closing):
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
        records: Mapping[str, Sequence[bytes] | Living],
        port: int,
    ) -> None:
        # Other hotels, other tokens: rows that a client cached of one are not those of another.
        hotels = f"OF-THE-SANDBOX-SEED-{recipe.seed}-ROWS-{recipe.rows}"
        self.client_token: str = f"MADE-UP-CLIENT-TOKEN-{hotels}"
        self.access_token: str = f"MADE-UP-ACCESS-TOKEN-{hotels}"
        self.clock = clock
        self._recipe = recipe
        self._faults = tuple(faults)
        self._records = records
        self._port = port
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._closed = False
        self._clients: list[Client] = []

    @property
    def _group(self) -> hotel.Group:
        return hotel.group_of(self._recipe.rows, self._recipe.seed)

    def __repr__(self) -> str:
        opened = None if self._closed else self._opened
        where = opened.server.address if opened else "not open"
        return f"<Sandbox {where}, {self._recipe.rows} rows, seed {self._recipe.seed}>"

    def __enter__(self) -> Self:
        self._open()
        return self

    @property
    def address(self) -> str:
        """Where it listens: the platform address for clients. Opens the sandbox if need be.

        Raises
        ------
        InvalidArgumentError
            After the sandbox was closed, or if its port is taken.
        """
        return self._open().server.address

    @property
    def transport(self) -> SandboxTransport:
        """A way to it without a socket, for the ``transport`` of a client.

        What a stalled download would wait for passes on the clock.
        """
        return SandboxTransport(self._open().mews, self.clock)

    @property
    def folder(self) -> Path:
        """A folder for caches and files of one's own, which goes when the sandbox goes."""
        return self._open().path / "yours"

    @property
    def requests(self) -> tuple[Received, ...]:
        """Every request so far, without tokens, in the order in which answers began.

        They can still be read after the sandbox was closed.
        """
        return () if self._opened is None else self._opened.mews.received

    @property
    def enterprise_ids(self) -> tuple[str, ...]:
        """Ids of its made-up properties."""
        return self._group.enterprise_ids

    @property
    def chain_ids(self) -> tuple[str, ...]:
        """Ids of its made-up chains."""
        return self._group.chain_ids

    @property
    def properties(self) -> pl.DataFrame:
        """What exports do not say of its hotels: name, time zone, currency, rooms, pricing.

        One row for each; list columns name the ids of its rooms, rates, segments and so on. It
        needs no open sandbox: ``mf.sandbox().properties`` describes those of profile ``sandbox``.
        """
        import polars as pl

        return pl.DataFrame(hotel.properties(self._group))

    @property
    def names(self) -> pl.DataFrame:
        """The names of ids that exports do not carry, in one table to join: ``Id``, ``Name``."""
        import polars as pl

        return pl.DataFrame(hotel.names(self._group))

    def client(self, **settings: Any) -> Client:
        """Make a client of this sandbox; it is closed with it.

        Parameters
        ----------
        **settings
            As `mews_frames.Client` takes them. Where left out: the address and the clock of this
            sandbox, and a cache in its `folder`.
        """
        from mews_frames._client import Client

        ours: dict[str, Any] = {
            "platform_address": self.address,
            "cache_dir": self.folder / "cache",
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
            self._closed = True
        if self._opened is not None:
            self._opened.close()

    def _open(self) -> _Opened:
        with self._lock:
            if self._closed:
                raise InvalidArgumentError("this sandbox is closed", hint="open another one")
            if self._opened is None:
                # Windows keeps what is still being read.
                folder = TemporaryDirectory(
                    prefix="mews-frames-sandbox-", ignore_cleanup_errors=True
                )
                (Path(folder.name) / "yours").mkdir(mode=0o700)
                mews = Mews(
                    Path(folder.name) / "mews",
                    address="",
                    client_token=self.client_token,
                    access_token=self.access_token,
                    clock=self.clock,
                    recipe=self._recipe,
                    faults=self._faults,
                    given=self._records,
                )
                self._opened = _Opened(folder, mews, self._listen(mews, folder))
            return self._opened

    def _listen(self, mews: Mews, folder: TemporaryDirectory[str]) -> SandboxServer:
        try:
            return SandboxServer(mews, self._port)
        except OSError as error:
            folder.cleanup()
            raise InvalidArgumentError(
                f"port {self._port} of 127.0.0.1 cannot be listened on ({error.strerror})",
                hint="port=0 takes a free one",
            ) from None
