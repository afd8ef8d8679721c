"""Reference pages made of the package itself: what they say cannot fall behind it.

Each function gives Markdown. `made` writes it where Sphinx finds it.
"""

import inspect
from collections.abc import Iterator

import polars as pl
import typer

import mews_frames as mf
from mews_frames._cli.app import NAME, app
from mews_frames._schemas import load_schema

__all__ = ["cache_page", "commands_page", "entity_page", "types_of"]

WIDTH = 78
"""Characters of a line of help: whatever the terminal that the docs are built in."""

SCOPES = {"enterprise": "`enterprise_ids`", "chain": "`chain_ids`"}
FILTERS = {"updated": "`updated`, a window of update times", "posted": "`posted`, required"}


def entity_page(entity_type: mf.typing.EntityType) -> str:
    """Write the page of an entity type: how it is asked for, and every column."""
    schema = load_schema(entity_type)
    columns = mf.schema_of(entity_type)
    described = mf.describe(entity_type)
    rows = "\n".join(
        f"| {_name(row['column'], columns)} | {row['type']} | {_meaning(row)} |"
        for row in described.iter_rows(named=True)
    )
    return f"""# {entity_type}

One row is one record of Mews. Narrowed by {FILTERS[schema.filter]}, and by
{SCOPES[schema.scope]}. {len(columns)} columns with `flatten=True`, the default.

`mf.describe("{entity_type}")` gives this page as a frame, and `mf.schema_of("{entity_type}")` the
types. A name in plain type is a struct or a field within a list: it is no column of its own.

:::{{table}}
:class: columns

| column | type | meaning |
| :-- | :-- | :-- |
{rows}
:::
"""


def _name(column: str, columns: pl.Schema) -> str:
    return f"**`{column}`**" if column in columns else column.replace("_", r"\_")


def _meaning(row: dict[str, object]) -> str:
    text = str(row["meaning"] or "").replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")
    values = row["values"]
    if not isinstance(values, list):
        return text
    return f"{text}<br>One of " + ", ".join(f"`{value}`" for value in values)


def commands_page() -> str:
    """Write the page of the command line: the help of each command, as a terminal shows it."""
    blocks = "\n\n".join(
        f"## {' '.join(path)}\n\n```text\n{text}\n```" for path, text in _commands(())
    )
    return f"""# Command line

What `--help` says, of every command. Data go to stdout, talk goes to stderr.

{blocks}
"""


def _commands(path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    command = typer.main.get_command(app)
    context = command.make_context(NAME, [], resilient_parsing=True, terminal_width=WIDTH)
    for name in path:
        command = command.get_command(context, name)  # type: ignore[attr-defined]
        context = command.make_context(
            name, [], parent=context, resilient_parsing=True, terminal_width=WIDTH
        )
    yield (NAME, *path), command.get_help(context)
    for name in getattr(command, "commands", {}):
        yield from _commands((*path, name))


def cache_page() -> str:
    """Write the page of `mews_frames.cache`, an object of a class without a public name."""
    kind = type(mf.cache)
    members = [(name, member) for name, member in vars(kind).items() if not name.startswith("_")]
    described = "\n\n".join(_member(name, member) for name, member in members)
    return f"""# The cache

```{{eval-rst}}
.. currentmodule:: mews_frames

.. py:data:: cache

   {_indented(inspect.getdoc(kind), 3)}

{described}
```
"""


def _member(name: str, member: object) -> str:
    text = _indented(inspect.getdoc(member), 6)
    if isinstance(member, property):
        return f"   .. py:attribute:: cache.{name}\n\n      {text}"
    kept = [p for p in inspect.signature(member).parameters.values() if p.name != "self"]  # type: ignore[arg-type]
    signature = inspect.Signature([p.replace(annotation=p.empty) for p in kept])
    return f"   .. py:method:: cache.{name}{signature}\n\n      {text}"


def _indented(text: str | None, by: int) -> str:
    return (text or "").replace("\n", "\n" + " " * by)


def types_of(subject: object, lines: list[str]) -> None:
    """Write the types of a signature beside the parameters of a numpydoc docstring, in place.

    They stand once in the sources, in the signature; a reader of the page wants them both.
    """
    try:
        parameters = inspect.signature(subject).parameters  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return
    is_in = False
    for number, line in enumerate(lines):
        if lines[number + 1 : number + 2] and set(lines[number + 1]) == {"-"}:
            is_in = line == "Parameters"
        elif is_in and line and not line.startswith((" ", "-")) and ":" not in line:
            names = [name.strip().lstrip("*") for name in line.split(",")]
            found = {str(parameters[name].annotation) for name in names if name in parameters}
            if len(found) == 1 and "inspect._empty" not in str(found):
                lines[number] = f"{line} : {found.pop()}"
