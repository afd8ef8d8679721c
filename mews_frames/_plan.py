"""Say what a load would do, from what this machine knows: nothing is sent, nothing is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from mews_frames._cache.journal import Journal
from mews_frames._exports.find import usable
from mews_frames._exports.request import fingerprint
from mews_frames._pieces import cut
from mews_frames._records import Record, usual_time

if TYPE_CHECKING:
    from datetime import datetime

    from mews_frames._bring import Bring
    from mews_frames._cache.layout import Layout
    from mews_frames._pipe import Wanted
    from mews_frames._records import Entry

__all__ = ["plan_of"]

PLANNED = {
    "piece": pl.Int64(),
    "does": pl.String(),
    "id": pl.String(),
    "added": pl.Datetime("us", "UTC"),
    "rows": pl.Int64(),
    "usual_seconds": pl.Float64(),
    "scope": pl.String(),
    "filters": pl.String(),
}


def plan_of(
    wanted: Wanted, layout: Layout, bring: Bring, account: str, now: datetime
) -> pl.DataFrame:
    """Say of each export that a load needs what would be done about it.

    Parameters
    ----------
    wanted
        What is asked for.
    layout
        Where what was asked is remembered.
    bring
        Knows what lies in the cache.
    account
        Digest of who asks whom.
    now
        The time at Mews, as well as it is known.
    """
    journal = Journal(layout)
    rows = [
        {"piece": number} | _step(one, journal, bring, account, now)
        for number, one in enumerate(cut(wanted, now), start=1)
    ]
    return pl.DataFrame(rows, schema=PLANNED)


def _step(
    wanted: Wanted, journal: Journal, bring: Bring, account: str, now: datetime
) -> dict[str, Any]:
    request = wanted.request
    name = fingerprint(account, request)
    record = journal.read(name) or Record(
        name, account, request.entity_type, request.scope, request.filters
    )
    entry = usable(record, now, max_age=wanted.max_age, refresh=wanted.refresh)
    held = None if entry is None else bring.here(entry.export.id, wanted.kept)
    does = _does(entry, is_held=held is not None)
    usual = usual_time(journal.records(), record) if does in {"add", "attach"} else None
    return {
        "does": does,
        "id": entry and entry.export.id,
        "added": entry and entry.added,
        "rows": held and held.rows,
        "usual_seconds": usual and usual[1],
        "scope": json.dumps(request.scope.to_wire()),
        "filters": json.dumps(request.filters.to_wire()),
    }


def _does(entry: Entry | None, *, is_held: bool) -> str:
    if entry is None:
        return "add"
    if is_held:
        return "read"
    return "attach" if entry.export.is_running else "download"
