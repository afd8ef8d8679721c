"""What there is to see of a load at any moment: events in, a few lines out. No output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mews_frames._words import duration_in_words, waiting_in_words
from mews_frames.errors import MewsError

if TYPE_CHECKING:
    from collections.abc import Collection

    from mews_frames.typing import ProgressEvent, Stage

__all__ = ["KEPT", "Board", "Line", "says_a_change"]

KEPT: frozenset[Stage] = frozenset(
    {"found", "added", "attached", "ready", "synced", "note", "interrupted"}
)
"""Stages that get a line of their own wherever lines stay."""

State = Literal["busy", "done", "stopped"]


@dataclass(frozen=True, slots=True)
class Line:
    """One entity type, as it is now.

    Attributes
    ----------
    entity_type
        Its name.
    text
        Where it is: a clause, and in the end a whole sentence.
    share
        How far it is, from 0 to 1; None if no one can say.
    state
        ``busy``, ``done`` or ``stopped``.
    notes
        What was worth knowing on the way, oldest first.
    export_ids
        The exports behind it that are ready, oldest first.
    is_cached
        Whether all of them were there already.
    """

    entity_type: str
    text: str
    share: float | None
    state: State
    notes: tuple[str, ...]
    export_ids: tuple[str, ...]
    is_cached: bool

    @property
    def sentence(self) -> str:
        """All of it in one."""
        return f"{self.entity_type}: {self.text}"


@dataclass(slots=True)
class _Type:
    """What was heard of one entity type."""

    last: ProgressEvent
    heard: float
    state: State = "busy"
    text: str | None = None
    notes: list[str] = field(default_factory=list)
    ready: dict[str, ProgressEvent] = field(default_factory=dict)


class Board:
    """Remembers of each entity type of one call what is worth showing.

    Times are seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._types: dict[str, _Type] = {}

    def hear(self, event: ProgressEvent, at: float) -> None:
        """Take in an event."""
        one = self._types.setdefault(event.entity_type, _Type(event, at))
        match event.stage:
            case "note":
                one.notes.append(event.message)
                return
            case "ready" | "found" if event.export_id:
                one.ready[event.export_id] = event
        one.last, one.heard = event, at
        one.text = None
        if event.stage == "interrupted":
            one.state = "stopped"
        elif event.stage in {"ready", "found"} and event.piece == event.pieces:
            one.state = "done"
            if event.pieces > 1:
                one.text = _all_pieces(one.ready.values())
        elif event.stage == "synced":
            one.state = "done"

    def end(self, error: BaseException | None, at: float) -> None:
        """Take in that the call is over: what is still busy then will not be done."""
        for one in self._types.values():
            if one.state == "busy":
                one.state = "stopped"
                after = duration_in_words(one.last.seconds + at - one.heard)
                one.text = f"not loaded; stopped after {after}{_because(error)}"

    def lines(self, at: float) -> list[Line]:
        """Say what there is to see at a time."""
        return [self._line(name, one, at) for name, one in self._types.items()]

    def _line(self, name: str, one: _Type, at: float) -> Line:
        return Line(
            entity_type=name,
            text=one.text or _text(one.last, at - one.heard),
            share=_share(one.last, at - one.heard) if one.state == "busy" else None,
            state=one.state,
            notes=tuple(one.notes),
            export_ids=tuple(one.ready),
            is_cached=all(event.stage == "found" for event in one.ready.values()),
        )


def _because(error: BaseException | None) -> str:
    """Name an error; the text of one that is not ours may hold anything, so it stays out."""
    match error:
        case None:
            return ""
        case MewsError():
            return f": {error.message}"
        case KeyboardInterrupt():
            return " by an interruption"
        case _:
            return f" by {type(error).__name__}"


def _text(event: ProgressEvent, since: float) -> str:
    if event.stage != "waiting" or event.status is None:
        return event.message
    now = waiting_in_words(event.status, event.waited + since, event.next_look - since, event.usual)
    return f"piece {event.piece} of {event.pieces}: {now}" if event.pieces > 1 else now


def _all_pieces(events: Collection[ProgressEvent]) -> str:
    rows = sum(event.rows for event in events)
    return f"{rows:,} rows in {len(events)} exports, before they are merged by Id"


def _share(event: ProgressEvent, since: float) -> float | None:
    match event.stage:
        case "waiting" if event.usual is not None and event.usual[1] > 0:
            return min(1.0, (event.waited + since) / event.usual[1])
        case "downloading" | "decoding" if event.size:
            return min(1.0, event.size_done / event.size)
        case _:
            return None


def says_a_change(event: ProgressEvent, before: ProgressEvent | None) -> bool:
    """Say whether an event of an entity type is worth a line in a log, after another one."""
    if event.stage in KEPT:
        return True
    return before is None or (event.stage, event.status, event.piece) != (
        before.stage,
        before.status,
        before.piece,
    )
