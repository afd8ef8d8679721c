"""Load windows of any length: cut into pieces that Mews takes, loaded one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from mews_frames._exports.pieces import depends_on_clock, pieces
from mews_frames._exports.window import depends_on_time, starts_before
from mews_frames._frames.columns import Kept
from mews_frames._frames.merge import KEYS
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mews_frames._connector.connector import Connector
    from mews_frames._exports.request import Request
    from mews_frames._exports.wait import Patience
    from mews_frames._pipe import Pipe, Wanted

__all__ = ["check_one_piece", "cut", "load_pieces"]

P = TypeVar("P")


def load_pieces(
    wanted: Mapping[str, Wanted], pipe: Pipe[P], connector: Connector, patience: Patience
) -> dict[str, tuple[P, ...]]:
    """Bring everything that is wanted into the cache, long windows piece by piece.

    The first pieces of all names go side by side, then the second ones, and so on. Each piece
    is an export of its own: one that is in the cache is not asked for again, and a run that was
    interrupted goes on with those that are missing.

    Returns
    -------
    For each name what lies in the cache, oldest piece first; most have one.

    Raises
    ------
    MewsError
        As `Pipe.load`; pieces that are in the cache stay there.
    """
    each = {name: _cut(one, connector, patience.left) for name, one in wanted.items()}
    done: dict[str, tuple[P, ...]] = dict.fromkeys(wanted, ())
    for number in range(max(map(len, each.values()))):
        some = {name: mine[number] for name, mine in each.items() if number < len(mine)}
        for name, loaded in pipe.load(some, patience).items():
            done[name] = (*done[name], loaded)
    return done


def _cut(wanted: Wanted, connector: Connector, timeout: float | None) -> list[Wanted]:
    now, request = connector.now(), wanted.request
    # A day is more than a clock goes wrong by itself; one that nobody has ever compared may be
    # wrong by any time, but what lies in the future by it is more likely a slip of the pen.
    unsure = not connector.knows_time and depends_on_time(request.filters, now)
    if depends_on_clock(request, now) or (unsure and starts_before(request.filters, now)):
        connector.learn_time(timeout)
    return cut(wanted, connector.now())


def cut(wanted: Wanted, now: datetime) -> list[Wanted]:
    """Cut what is wanted into pieces that Mews takes, oldest first; most are one.

    Parameters
    ----------
    wanted
        All of it.
    now
        The time at Mews.
    """
    requests = pieces(wanted.request, now)
    if len(requests) == 1:
        return [wanted]
    # What tells the newer one of two rows must be kept, though the frame may do without it.
    kept = wanted.kept.union(Kept(wanted.kept.entity_type, KEYS))
    return [
        replace(
            wanted, request=request, kept=kept, tell=wanted.tell.of_piece(number, len(requests))
        )
        for number, request in enumerate(requests, start=1)
    ]


def check_one_piece(request: Request, connector: Connector) -> None:
    """Refuse a window that needs several exports, where one is to be started.

    Raises
    ------
    InvalidArgumentError
        Before anything is sent.
    """
    count = len(pieces(request, connector.now()))
    if count > 1:
        raise InvalidArgumentError(
            f"updated is so long that it takes {count} exports of at most 180 days, one after the"
            " other",
            hint="mf.load_entities makes and merges them; start_export takes one of them",
        )
