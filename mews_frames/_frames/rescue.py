"""Read rescued data: keep what belongs to some columns, and list what Mews added."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mews_frames._frames.columns import RESCUED, Kept
from mews_frames._frames.exact import Number, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

__all__ = ["drift_of", "only_kept", "rescued_of"]

_JSON = json.JSONDecoder(parse_float=Number, parse_int=Number)


def only_kept(column: pl.Series, kept: Kept) -> pl.Series:
    """Leave out of a column of rescued data what does not belong to kept columns."""
    import polars as pl

    def cut(text: str | None) -> str | None:
        if text is None:
            return None
        mine = {p: v for p, v in _JSON.decode(text).items() if kept.keeps_rescued(p)}
        return to_json(mine) if mine else None

    return pl.Series(column.name, map(cut, column.to_list()), dtype=pl.String())


def drift_of(rescued: Iterable[str | None]) -> pl.DataFrame:
    """List what was rescued, most frequent first.

    Returns
    -------
    A frame with the columns ``pointer`` (positions in lists as ``*``), ``type`` (of JSON),
    ``rows`` (that hold it at least once) and ``example`` (one value, as JSON).
    """
    import polars as pl

    rows: dict[tuple[str, str], int] = {}
    examples: dict[tuple[str, str], str] = {}
    for text in rescued:
        found = dict(_kinds(_JSON.decode(text))) if text is not None else {}
        for kind, value in found.items():
            rows[kind] = rows.get(kind, 0) + 1
            if kind not in examples or examples[kind] == "null":
                examples[kind] = to_json(value)
    ordered = sorted(rows, key=lambda kind: (-rows[kind], kind))
    return pl.DataFrame(
        {
            "pointer": [pointer for pointer, _ in ordered],
            "type": [kind for _, kind in ordered],
            "rows": [rows[k] for k in ordered],
            "example": [examples[k] for k in ordered],
        },
        schema={"pointer": pl.String, "type": pl.String, "rows": pl.Int64, "example": pl.String},
    )


def _kinds(rescued: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    for pointer, value in rescued.items():
        yield (_without_positions(pointer), _json_type(value)), value


def _without_positions(pointer: str) -> str:
    # A key that is a number is taken for a position too: no documented field is one.
    return "/".join("*" if name.isdigit() else name for name in pointer.split("/"))


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Number():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def rescued_of(frame: pl.LazyFrame) -> list[str | None]:
    """Read the rescued data of a frame: one column, mostly null."""
    import polars as pl

    column = pl.col(RESCUED)
    return frame.select(column.filter(column.is_not_null())).collect().to_series().to_list()
