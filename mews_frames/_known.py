"""What can be said without asking Mews: known exports, schemas in words, drift."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mews_frames._cache.journal import Journal
from mews_frames._cache.layout import Layout
from mews_frames._exports.request import account_digest
from mews_frames._frames.columns import RESCUED
from mews_frames._frames.meaning import RESCUED_MEANING
from mews_frames._frames.types import polars_type
from mews_frames._models import Export, is_uuid
from mews_frames._schemas import Field, load_schema, nearest_type
from mews_frames._settings import SANDBOX_ADDRESS, SANDBOX_TOKENS
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mews_frames._cache.cache import Cache

__all__ = [
    "Description",
    "Known",
    "check_export_id",
    "described",
    "drift_in",
    "known_exports",
    "made_up_exports",
]

KNOWN: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "type": pl.String,
    "status": pl.String,
    "added": pl.Datetime("us", "UTC"),
    "rows": pl.Int64,
    "bytes": pl.Int64,
    "expires": pl.Datetime("us", "UTC"),
    "scope": pl.String,
    "filters": pl.String,
}

DESCRIBED = {
    "column": pl.String(),
    "type": pl.String(),
    "meaning": pl.String(),
    "values": pl.List(pl.String()),
}

RESCUED_DESCRIBED = {
    "column": RESCUED,
    "type": "String",
    "meaning": RESCUED_MEANING,
    "values": None,
}


def check_export_id(named: str | Export) -> str:
    """Give the id of an export, by which it may be named as well as by itself.

    Raises
    ------
    InvalidArgumentError
        If it is no UUID.
    """
    export_id = named.id if isinstance(named, Export) else named
    if is_uuid(export_id):
        return export_id.lower()
    near = nearest_type(export_id)
    raise InvalidArgumentError(
        f"{export_id!r} is not the id of an export: it is no UUID",
        hint="mf.exports() lists those that this machine knows"
        + (f'; mf.load_entities("{near}") loads an entity type' if near else ""),
    )


def known_exports(cache: Cache) -> Known:
    """List the exports in the journal and in the cache, newest first."""
    cached = {entry.export_id: entry for entry in cache.entries()}
    rows: dict[str, dict[str, Any]] = {}
    for record in Journal(Layout(cache.path)).records():
        for entry in record.entries:
            rows[entry.export.id] = {**_export(entry.export), "added": entry.added}
    for export_id, lying in cached.items():
        row = rows.setdefault(
            export_id,
            {
                "id": export_id,
                "type": lying.entity_type,
                "status": "Success" if lying.complete else None,
                "added": lying.added,
                "expires": lying.expires,
                "scope": None,
                "filters": None,
            },
        )
        row["rows"] = lying.rows if lying.complete else None
        row["bytes"] = lying.bytes
    frame = pl.DataFrame(list(rows.values()), schema=KNOWN)
    known = Known(frame.sort("added", descending=True, nulls_last=True))
    known.made_up = made_up_exports(cache)
    return known


def made_up_exports(cache: Cache) -> frozenset[str]:
    """Give the ids of the exports that were added for the profile ``sandbox``."""
    sandbox = account_digest(SANDBOX_ADDRESS, *SANDBOX_TOKENS)
    records = Journal(Layout(cache.path)).records()
    return frozenset(
        entry.export.id for each in records if each.account == sandbox for entry in each.entries
    )


def _export(export: Export) -> dict[str, Any]:
    return {
        "id": export.id,
        "type": export.entity_type,
        "status": export.status,
        "rows": None,
        "bytes": None,
        "expires": export.expires,
        "scope": json.dumps(export.scope.to_wire()),
        "filters": json.dumps(export.filters.to_wire()),
    }


class Known(pl.DataFrame):
    """A frame that shows its ids whole, to be copied: Polars cuts them, and columns too.

    Attributes
    ----------
    made_up
        The ids of exports of the profile ``sandbox``: they are shown as what they are.
    """

    made_up: frozenset[str] = frozenset()

    def shown(self) -> list[dict[str, Any]]:
        """Give the rows, each with a further key that says whether its export is made up."""
        return [row | {"made_up": row["id"] in self.made_up} for row in self.to_dicts()]

    def __str__(self) -> str:  # which `DataFrame.__repr__` gives, too
        from mews_frames._display.known import known_text

        if self.schema != pl.Schema(KNOWN):  # another frame has become of it
            return super().__str__()
        return known_text(self.shown(), self.shape)

    def _repr_html_(self, **rest: Any) -> str:
        from mews_frames._display.known import known_page

        if self.schema != pl.Schema(KNOWN):
            return super()._repr_html_(**rest)
        return known_page(self.shown())


class Description(pl.DataFrame):
    """A frame that a notebook shows whole: Polars cuts rows and words, and here they matter."""

    def _repr_html_(self, **rest: Any) -> str:
        from mews_frames._display.description import description_page

        if self.columns != list(DESCRIBED):  # another frame has become of it
            return super()._repr_html_(**rest)
        return description_page(self.iter_rows())


def described(entity_type: str) -> Description:
    """Describe every column of an entity type, the structs above it and what lies within lists."""
    rows = [
        {
            "column": name,
            "type": _type_text(field),
            "meaning": field.in_words,
            "values": list((field.items or field).values) or None,
        }
        for name, field in _named(load_schema(entity_type).fields)
    ]
    return Description([*rows, RESCUED_DESCRIBED], schema=DESCRIBED)


def _named(
    fields: tuple[Field, ...], above: str = "", *, deprecated: bool = False
) -> Iterator[tuple[str, Field]]:
    """Walk through a schema, parents first; what is deprecated deprecates what it holds."""
    for field in fields:
        name, old = above + field.name, deprecated or field.deprecated
        yield name, replace(field, deprecated=old)
        yield from _named(field.fields, name + ".", deprecated=old)
        if field.items is not None:
            # Within a list there is no column: "[]" stands for every position.
            yield from _named(field.items.fields, name + "[].", deprecated=old)


def _type_text(field: Field) -> str:
    """Name a Polars type, briefly: the fields of a struct have rows of their own."""
    if field.items is not None:
        return f"List({_type_text(field.items)})"
    match field.type:
        case "object":
            return "Struct"
        case "map":
            return "List(Struct(key, value))"
    match kind := polars_type(field):
        case pl.Datetime():
            return f"Datetime({kind.time_unit}, {kind.time_zone})"
        case pl.Decimal():
            return f"Decimal({kind.precision}, {kind.scale})"
    return str(kind)


def drift_in(frame: Any, lazily: Callable[[Any], pl.LazyFrame]) -> pl.DataFrame:
    """List what a frame of any backend holds that the schema does not know.

    Parameters
    ----------
    frame
        With the column ``_rescued_data``; of the others only those that tell are looked at.
    lazily
        Takes a frame of any backend.
    """
    from mews_frames._frames.drift import drift_of, telling_columns

    names = frame.collect_schema().names() if isinstance(frame, pl.LazyFrame) else _names(frame)
    if RESCUED not in names:
        raise InvalidArgumentError(
            f"this {type(frame).__name__} has no column {RESCUED}",
            hint="mf.drift takes a frame of mf.load_entities, or an export",
        )
    telling = telling_columns(names)
    of_pandas_or_dask = not hasattr(frame, "select")
    return drift_of(lazily(frame[telling] if of_pandas_or_dask else frame.select(telling)))


def _names(frame: Any) -> list[str]:
    """Name the columns of a frame without importing its library."""
    return [str(name) for name in getattr(frame, "column_names", getattr(frame, "columns", ()))]
