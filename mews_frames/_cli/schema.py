"""``mews-frames schema``: the columns of an entity type, without asking anybody."""

from typing import Annotated

import typer

import mews_frames as mf
from mews_frames._cli import options
from mews_frames._cli.talk import give_json, give_table
from mews_frames.errors import InvalidArgumentError

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
    if describe:
        rows = mf.describe(options.as_type(entity_type)).to_dicts()
    else:
        found = mf.schema_of(options.as_type(entity_type), flatten=not nested)
        rows = [{"column": name, "type": str(kind)} for name, kind in found.items()]
    if as_json:
        give_json(rows)
        return
    columns = list(rows[0])
    give_table(columns, ([_in_words(row[name]) for name in columns] for row in rows))


def _in_words(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else value or ""
