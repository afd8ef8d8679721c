"""The made-up hotels of the sandbox as tests want to see them: records, or frames."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

import polars as pl
import pyarrow as pa

from mews_frames._frames.columns import Kept
from mews_frames._frames.decode import decode_part
from mews_frames._frames.lines import Place
from mews_frames._sandbox.checks import Add
from mews_frames._sandbox.rows import lines
from mews_frames._sandbox.stored import Recipe, Stored

TODAY = datetime(2026, 6, 15, 12, tzinfo=UTC)
ALWAYS = ("2000-01-01", "2100-01-01")
"""Posting dates that leave nothing out."""


def chunks(entity_type, rows, *, seed=0, added=TODAY, ids=None, updated=None, posted=ALWAYS):
    """Give the lines of an export as they come."""
    posted = posted if entity_type == "LedgerEntry" else None
    asked = Add(entity_type, ids=ids, updated=updated, posted=posted)
    recipe = Recipe(rows=rows, seed=seed)
    return lines(Stored(id="made-up", asked=asked, added=added, fails=False, recipe=recipe))


def all_lines(entity_type, rows, **options):
    return b"".join(chunks(entity_type, rows, **options)).splitlines()


@cache
def records(entity_type, rows, seed=0):
    return [json.loads(line) for line in all_lines(entity_type, rows, seed=seed)]


@cache
def frame(entity_type, rows, seed=0):
    """Decode all rows, as a load would."""
    with ThreadPoolExecutor(2) as pool:
        parts = chunks(entity_type, rows, seed=seed)
        tables = list(decode_part(parts, Kept(entity_type), Place("made-up", 1), pool))
    return pl.from_arrow(pa.concat_tables(tables))
