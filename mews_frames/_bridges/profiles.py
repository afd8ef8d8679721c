"""What each BI tool takes: how wide a decimal, which instants, whether lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mews_frames._bridges.batches import check_kinds
from mews_frames._bridges.nesting import without_nesting
from mews_frames._frames.flat import flat
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

    from mews_frames.typing import BITool

__all__ = ["TOOLS", "fitted", "kind_of"]

TOOLS = ("powerbi", "excel", "parquet")

DIGITS = 18
"""Digits of a decimal for Power BI: as wide as 64 bits, which every reader of Parquet knows. .NET's
own decimal ends at 28, and some of Microsoft's readers at 18 (docs/decisions/0022)."""

WORDS = {
    "String": "text",
    "Boolean": "true or false",
    "Date": "date",
    "Time": "time of day",
    "Datetime": "date and time, UTC",
    "List": "list",
}


def fitted(frame: pl.LazyFrame, tool: BITool) -> pl.LazyFrame:
    """Give a frame the columns and types that a tool takes; values stay, or raise when read.

    Parquet keeps exact decimals, zones and lists. The others get lists as JSON text, instants as
    UTC without a zone, lengths of time as seconds.
    """
    import polars as pl

    frame = flat(frame)
    check_kinds(frame.collect_schema())
    if tool == "parquet":
        return frame
    frame = without_nesting(frame)
    return frame.with_columns(
        cast
        for name, kind in frame.collect_schema().items()
        if (cast := _cast(pl.col(name), kind, tool)) is not None
    )


def _cast(column: pl.Expr, kind: pl.DataType, tool: BITool) -> pl.Expr | None:
    import polars as pl

    match kind:
        case pl.Datetime():
            utc = column.dt.convert_time_zone("UTC") if kind.time_zone else column
            return utc.dt.replace_time_zone(None).dt.cast_time_unit("us")
        case pl.Duration():
            return column.dt.total_microseconds() / 1_000_000
        case pl.Decimal() if tool == "powerbi":
            return column.cast(pl.Decimal(DIGITS, kind.scale))
        case pl.Categorical() | pl.Enum():
            return column.cast(pl.String)
        case pl.Binary():
            raise InvalidArgumentError(
                f"a column of {kind} is nothing for a BI tool", hint="leave it out"
            )
    return None


def kind_of(kind: Any, tool: BITool) -> str:
    """Say what a column of a fitted frame is, in the words of its users."""
    if kind.is_decimal() and tool != "excel":
        return f"decimal, {kind.scale} places"
    if kind.is_integer():
        return "whole number"
    return "number" if kind.is_numeric() else WORDS.get(str(kind.base_type()), str(kind))
