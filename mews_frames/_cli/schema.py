"""``mews-frames schema``: the columns of an entity type, without asking anybody."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mews_frames as mf
from mews_frames._cli import options
from mews_frames._cli.talk import give_json, give_table
from mews_frames._cli.words import type_in_words
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["schema"]


def schema(
    entity_type: options.TypeName,
    *,
    nested: Annotated[
        bool, typer.Option("--nested", help="Structs as in Mews, instead of one column per leaf.")
    ] = False,
    describe: Annotated[
        bool, typer.Option("--describe", help="What the columns mean, and the values of enums.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show the columns of a type, and their Polars types."""
    if nested and describe:
        raise InvalidArgumentError(
            "--nested and --describe do not go together", hint="--describe goes by columns"
        )
    name = options.as_type(entity_type)
    kinds = mf.schema_of(name, flatten=not nested)
    if describe:
        rows = mf.describe(name).to_dicts()
    else:
        rows = [{"column": column, "type": str(kind)} for column, kind in kinds.items()]
    if not nested:  # there, what is in an object is what was asked for
        rows = [row | {"type": _short(row, kinds)} for row in rows]
    if as_json:
        give_json(rows)
        return
    if describe and sys.stdout.isatty():
        _show_paragraphs(rows)
        return
    columns = list(rows[0])
    give_table(columns, ([_in_words(row[column]) for column in columns] for row in rows))


def _short(row: dict[str, Any], kinds: "pl.Schema") -> str:
    """Write a type short; what lies within lists is no column of its own, and is short already."""
    kind = kinds.get(row["column"])
    return row["type"] if kind is None else type_in_words(kind)


def _in_words(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else value or ""


def _show_paragraphs(rows: Iterable[dict[str, Any]]) -> None:
    """Show meanings to a reader: a table would squeeze them beside long names."""
    from rich.padding import Padding
    from rich.text import Text

    from mews_frames._cli.console import Shell

    shell = Shell()
    for row in rows:
        shell.print(Text.assemble((row["column"], "bold"), "  ", (row["type"], "dim")))
        values = f" ({_in_words(row['values'])})" if row["values"] else ""
        shell.print(Padding(Text(f"{row['meaning']}{values}"), (0, 0, 0, 2)))
