"""What tests of code that uses mews_frames need: a clock of their own, and faults as data.

`mews_frames.sandbox` gives them a Mews of their own. Besides rows, seed, faults and clock it takes
``parts`` (how many files an export has), ``duration`` (seconds from add to Success), ``records``
(by entity type: parts to serve exactly as they are, as bytes; or `Living` records) and ``port``.

Each fault happens ``times`` times and then no more; ``None`` stands for always. Where several
of a kind fit, the earlier one goes first.

Examples
--------
A test of what your code does while Mews answers 503, and when a download breaks off. Nothing
really waits: the client sleeps on the fake clock.

>>> clock = FakeClock()
>>> faults = [Refuse(503, on="getAll"), Drop(after=1000)]
>>> with mf.sandbox(rows=100, faults=faults, clock=clock) as mews, mews.client() as client:
...     client.load_entities("OrderItem", backend="pyarrow", progress=False).num_rows
100
>>> sorted({request.status for request in mews.requests})
[200, 206, 503]
"""

from __future__ import annotations

import random
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mews_frames.typing import EntityType

__all__ = [
    "Compress",
    "Corrupt",
    "Drip",
    "Drop",
    "ExpireUrls",
    "Fail",
    "FakeClock",
    "Fault",
    "Happening",
    "Living",
    "LoseAnswer",
    "NoRange",
    "On",
    "Refuse",
    "Stall",
    "Truncate",
    "UnknownStatus",
]


class FakeClock:
    """A clock that moves only when somebody sleeps, or when a test moves it.

    Threads may share it; `sleep` returns at once and moves the clock forward.

    Parameters
    ----------
    start
        The first instant, aware.

    Attributes
    ----------
    slept
        Every sleep so far, in seconds.

    Examples
    --------
    >>> clock = FakeClock()
    >>> clock.sleep(90)
    >>> clock.monotonic(), clock.slept
    (90.0, [90])
    """

    def __init__(self, start: datetime = datetime(2026, 6, 15, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Give the instant that the clock shows, in UTC."""
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Give the seconds since the start."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Move the clock forward, and note it in `slept`."""
        with self._lock:
            self._elapsed += seconds
            self.slept.append(seconds)

    def move(self, seconds: float) -> None:
        """Move the wall clock alone, forward or back, as a user or a time server would."""
        with self._lock:
            self._start += timedelta(seconds=seconds)


On: TypeAlias = Literal["add", "getAll", "download", "any"]
"""Which requests a fault concerns."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Requests are answered with a status of your choice, before anything else is looked at.

    Attributes
    ----------
    status
        HTTP status, such as 429 or 503.
    times
        How many requests.
    retry_after
        Header ``Retry-After``: seconds, or text such as an HTTP date.
    on
        Which requests.
    body
        What stands in the body; ``None``: what Mews sends with an error (for a download what a
        storage sends).
    content_type
        Of ``body``.
    headers
        More headers, such as ``Location``.

    Examples
    --------
    >>> clock = FakeClock()
    >>> busy = Refuse(429, retry_after=3, on="add")
    >>> with mf.sandbox(rows=100, faults=[busy], clock=clock) as mews:
    ...     export = mews.client().start_export("OrderItem")
    ...     [request.status for request in mews.requests], clock.slept[0] >= 3
    ([429, 200], True)
    """

    status: int
    times: int | None = 1
    retry_after: float | str | None = None
    on: On = "any"
    body: bytes | str | None = None
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Mews does what it is asked, but the connection is cut before the answer.

    After a lost ``exports/add`` an export runs whose id nobody knows.

    Attributes
    ----------
    on
        Which requests.
    times
        How many of them.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[LoseAnswer("getAll")], clock=FakeClock()) as mews:
    ...     orders = mews.client().load_entities("OrderItem", progress=False)
    ...     [request.operation for request in mews.requests][:3]
    ['add', 'getAll', 'getAll']
    """

    on: On = "add"
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Fail:
    """Exports end as ``Failed``, without files.

    Attributes
    ----------
    entity_type
        Of which type; ``None`` for all.
    times
        How many exports, counted as they are added.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[Fail("Bill")], clock=FakeClock()) as mews:
    ...     try:
    ...         mews.client().load_entities("Bill", progress=False)
    ...     except mf.errors.ExportFailedError:
    ...         print("no bills today")
    no bills today
    """

    entity_type: EntityType | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class UnknownStatus:
    """The answers of getAll show a status that no docs know, in place of the real one.

    Attributes
    ----------
    name
        The status.
    times
        How many exports in answers of getAll.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[UnknownStatus("Paused")], clock=FakeClock()) as mews:
    ...     try:
    ...         mews.client().load_entities("Bill", progress=False)
    ...     except mf.errors.ServerError as error:
    ...         "'Paused'" in str(error)
    True
    """

    name: str
    times: int | None = None


@dataclass(frozen=True, slots=True)
class ExpireUrls:
    """Links live shorter than the 10 minutes that Mews promises.

    Attributes
    ----------
    after
        Seconds from the getAll that returned them; 0: they never work.
    times
        For how many answers of getAll that hold links.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[ExpireUrls(0, times=1)], clock=FakeClock()) as mews:
    ...     orders = mews.client().load_entities("OrderItem", progress=False)
    ...     {request.status for request in mews.requests if request.operation == "download"}
    {200, 403}
    """

    after: float
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """A download is cut in mid-body: ``Content-Length`` promised more, the connection ends.

    Attributes
    ----------
    after
        Bytes of the body that still arrive. A shorter body is not concerned.
    times
        How many downloads.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[Drop(after=1000)], clock=FakeClock()) as mews:
    ...     orders = mews.client().load_entities("OrderItem", progress=False)
    ...     [request.headers["range"] for request in mews.requests if request.status == 206]
    ['bytes=1000-']
    """

    after: int
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Stall:
    """A download stops in mid-body: the connection stays open, and nothing comes any more.

    Over a socket the client waits in real time for as long as its own patience lasts (60 s for
    mews_frames). Through `Sandbox.transport` that time passes on the clock.

    Attributes
    ----------
    after
        Bytes of the body that still arrive. A shorter body is not concerned.
    times
        How many downloads.

    Examples
    --------
    >>> clock = FakeClock()
    >>> with mf.sandbox(rows=100, faults=[Stall(after=1000)], clock=clock) as mews:
    ...     client = mews.client(transport=mews.transport)
    ...     orders = client.load_entities("OrderItem", progress=False)
    ...     60 in clock.slept
    True
    """

    after: int
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Drip:
    """A download comes very slowly, and does not stop.

    Attributes
    ----------
    rate
        Bytes a second, more than 0; below 1, a byte comes every so many seconds.
    after
        Bytes of the body that arrive at full speed before. A shorter body is not concerned.
    times
        How many downloads.

    Examples
    --------
    >>> clock = FakeClock()
    >>> with mf.sandbox(rows=100, faults=[Drip(rate=1)], clock=clock) as mews:
    ...     orders = mews.client().load_entities("OrderItem", progress=False)
    ...     statuses = [r.status for r in mews.requests if r.operation == "download"]
    >>> sorted(set(statuses) & {200, 206})
    [200, 206]
    """

    rate: float
    after: int = 0
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise InvalidArgumentError(
                f"a download cannot drip at {self.rate!r} bytes a second",
                hint="mews_frames.testing.Stall is a download that stops",
            )


@dataclass(frozen=True, slots=True)
class Corrupt:
    """One byte of a part arrives changed.

    Attributes
    ----------
    part
        Number of the part, from 1.
    offset
        Position of the byte in the part, from 0.
    mask
        Bits that are turned over. All of them (the default) never leave valid UTF-8; 1 makes
        another digit of a digit, which nobody can notice who has no checksum.
    times
        How many downloads that hold the byte.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[Corrupt(part=2)], clock=FakeClock()) as mews:
    ...     try:
    ...         mews.client().load_entities("OrderItem", progress=False)
    ...     except mf.errors.DecodeError as error:
    ...         error.part, error.line, error.offset
    (2, 1, 0)
    """

    part: int = 1
    offset: int = 0
    mask: int = 0xFF
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Truncate:
    """A part is shorter than ``SizeInBytes`` says, and ``Content-Length`` agrees with the part.

    Attributes
    ----------
    part
        Number of the part, from 1.
    by
        How many bytes are missing at its end.
    times
        How many downloads of the part.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[Truncate(by=7)], clock=FakeClock()) as mews:
    ...     try:
    ...         mews.client().load_entities("OrderItem", progress=False)
    ...     except mf.errors.IntegrityError as error:
    ...         error.part
    1
    """

    part: int = 1
    by: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True)
class NoRange:
    """A download that asks for a range gets the whole part, with status 200.

    Attributes
    ----------
    times
        How many downloads, also those that ask for no range.

    Examples
    --------
    >>> faults = [NoRange(), Drop(after=1000)]
    >>> with mf.sandbox(rows=100, faults=faults, clock=FakeClock()) as mews:
    ...     orders = mews.client().load_entities("OrderItem", progress=False)
    ...     {request.status for request in mews.requests}
    {200}
    """

    times: int | None = None


@dataclass(frozen=True, slots=True)
class Compress:
    """Downloads come with ``Content-Encoding: gzip`` though nobody asked, and without length.

    Attributes
    ----------
    times
        How many downloads.

    Examples
    --------
    >>> with mf.sandbox(rows=100, faults=[Compress()], clock=FakeClock()) as mews:
    ...     mews.client().load_entities("OrderItem", backend="pyarrow", progress=False).num_rows
    100
    """

    times: int | None = None


Fault: TypeAlias = (
    Refuse
    | LoseAnswer
    | Fail
    | UnknownStatus
    | ExpireUrls
    | Drop
    | Stall
    | Drip
    | Corrupt
    | Truncate
    | NoRange
    | Compress
)
"""Any of the faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happens to one record at Mews: it is made, changed, or deleted.

    Attributes
    ----------
    at
        When, aware; the ``UpdatedUtc`` of the record from then on.
    id
        UUID of the record.
    fields
        The other fields of the record from then on, as in JSON.
    is_deletion
        Whether the record is gone from then on.
    late
        Seconds until exports show it.
    """

    at: datetime
    id: str
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_deletion: bool = False
    late: float = 0.0


class Living:
    """Records of one entity type that come, change and go while a test moves its clock.

    For ``records`` of `mews_frames.sandbox`. An export shows them as of when it was added; scope
    and filters count.

    Parameters
    ----------
    happenings
        What happens, in any order. Of what happens to a record at the same instant, the last
        counts.

    Examples
    --------
    >>> clock = FakeClock()
    >>> bill = Happening(at=clock.now(), id="00000000-0000-4000-8000-000000000001")
    >>> with mf.sandbox(records={"Bill": Living([bill])}, clock=clock) as mews:
    ...     mews.client().load_entities("Bill", backend="pyarrow", progress=False).num_rows
    1
    """

    def __init__(self, happenings: Iterable[Happening] = ()) -> None:
        self._happenings = list(happenings)
        self._lock = threading.Lock()

    def happen(self, happening: Happening) -> None:
        """Let one more thing happen."""
        with self._lock:
            self._happenings.append(happening)

    def shown(self, now: datetime) -> list[dict[str, Any]]:
        """Give the records that an export shows that was added at an instant.

        Their keys are ``Id``, ``CreatedUtc``, ``UpdatedUtc`` (both aware) and the fields.
        """
        with self._lock:
            past = [each for each in self._happenings if each.at + _seconds(each.late) <= now]
        last: dict[str, Happening] = {}
        made: dict[str, datetime] = {}
        for each in sorted(past, key=lambda each: each.at):  # stable: of equal ones the last counts
            made.setdefault(each.id, each.at)
            last[each.id] = each
        return [
            {"Id": each.id, "CreatedUtc": made[each.id], "UpdatedUtc": each.at, **each.fields}
            for each in last.values()
            if not each.is_deletion
        ]

    @classmethod
    def seeded(
        cls, *, seed: int = 0, start: datetime, days: int, records: int = 100, daily: int = 20
    ) -> Living:
        """Make up what happens: equal seeds, equal days.

        Parameters
        ----------
        seed
            Of everything random.
        start
            The first day, aware. Records that are older were made in the month before.
        days
            How many days things happen.
        records
            How many records there are at the start.
        daily
            How many things happen a day: a third new, half changed, the rest deleted. A tenth of
            them show up to 20 minutes late, a tenth at the very instant of another one.

        Examples
        --------
        >>> hotel = Living.seeded(start=FakeClock().now(), days=7)
        >>> later = FakeClock().now() + timedelta(days=7)
        >>> len(hotel.shown(FakeClock().now())), len(hotel.shown(later)) > 100
        (100, True)
        """
        draw = random.Random(seed)  # noqa: S311 - made-up records

        def happening(at: datetime, record: str, *, is_deletion: bool = False) -> Happening:
            text = f"made up {draw.randrange(10**6)}"
            late = draw.randrange(1200) if draw.random() < 0.1 else 0  # noqa: PLR2004
            return Happening(
                at=at, id=record, fields={"Notes": text}, is_deletion=is_deletion, late=late
            )

        first = start.replace(microsecond=0)
        ids = [_made_up_id(draw) for _ in range(records)]
        month = int(timedelta(days=30).total_seconds())
        happened = [
            Happening(at=first - _seconds(draw.randrange(1, month)), id=each) for each in ids
        ]
        moments = sorted(draw.randrange(days * 86_400) for _ in range(days * daily))
        for before, moment in zip([0, *moments], moments, strict=False):
            # A tenth at the very instant of the one before.
            at = first + _seconds(before if draw.random() < 0.1 else moment)  # noqa: PLR2004
            kind = draw.random()
            if kind < 1 / 3 or not ids:
                ids.append(_made_up_id(draw))
                happened.append(happening(at, ids[-1]))
            elif kind < 5 / 6:
                happened.append(happening(at, draw.choice(ids)))
            else:
                gone = ids.pop(draw.randrange(len(ids)))
                happened.append(happening(at, gone, is_deletion=True))
        return cls(happened)


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def _made_up_id(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))
