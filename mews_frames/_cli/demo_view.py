"""What the demo shows: every part of it as something that rich prints."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import mews_frames as mf
from mews_frames._cli.demo import ENTITY_TYPE, MONTHS, stages_of
from mews_frames._cli.words import size_in_words, type_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl
    from rich.console import RenderableType

    from mews_frames._cli.demo import Load

__all__ = [
    "WIDTH",
    "columns",
    "first_load",
    "head",
    "next_steps",
    "opening",
    "revenue",
    "second_load",
]

WIDTH = 100
"""Columns of a page that is piped."""

TELLING = ("ConsumedUtc", "Type", "Amount.Currency", "Amount.NetValue", "AccountingState")
"""Columns worth seeing, the least of them last: narrow terminals do without it."""
NARROW = 96
HEAD = 5
BAR = 12
"""Characters of the longest bar."""


def opening() -> RenderableType:
    """Say what this is, and that all of it is made up."""
    return Group(
        Text(f"mews-frames {mf.__version__}: the main job, on made-up hotels", "bold"),
        Text("A pretend Mews runs in this process; nothing leaves this machine or stays on it.\n"),
        Text(f'  >>> orders = mf.load_entities("{ENTITY_TYPE}")', "cyan"),
    )


def first_load(load: Load, *, on_disk: int) -> RenderableType:
    """Show how long each stage took."""
    took = stages_of(load.events)
    last = max((e for e in load.events if e.stage == "downloading"), key=lambda e: e.size)
    bring = took["bring"]
    speed = size_in_words(int(last.size / max(bring, 0.001)))
    return _part(
        "The first load",
        _grid(
            [
                ("add an export", _seconds(took["add"]), "its id is on disk before the wait"),
                (
                    "wait until it is ready",
                    _seconds(took["wait"]),
                    f"{load.requests.count('getAll')} looks; at Mews this takes minutes to hours",
                ),
                (
                    "download and decode",
                    _seconds(bring),
                    f"{last.parts} parts, {size_in_words(last.size)} of JSON Lines, {speed}/s",
                ),
                (
                    "in all",
                    _seconds(load.seconds),
                    f"{load.rows:,} rows, {size_in_words(on_disk)} of typed Parquet on disk",
                ),
            ],
            right=(1,),
        ),
    )


def head(frame: pl.LazyFrame, *, rows: int, width: int) -> RenderableType:
    """Show some typed rows."""
    telling = TELLING if width >= NARROW else TELLING[:-1]
    some = frame.select(telling).head(HEAD).collect()
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for name, kind in some.schema.items():
        title = Text.assemble(name, "\n", (type_in_words(kind), "dim not bold"))
        table.add_column(title, justify="right" if kind.is_numeric() else "left", no_wrap=True)
    for row in some.iter_rows():
        table.add_row(*map(_value, row))
    every = len(frame.collect_schema())
    return _part(
        f"Typed rows (made up): {some.height} of {rows:,}, {len(telling)} of {every} columns", table
    )


def columns(schema: pl.Schema) -> RenderableType:
    """Show which types there are, and some columns of each."""
    counts = Counter(type_in_words(kind) for kind in schema.values())
    names: dict[str, list[str]] = {}
    for name, kind in schema.items():
        names.setdefault(type_in_words(kind), []).append(name)
    return _part(
        f"Schema: {len(schema)} columns, always all of them",
        _grid(
            [(kind, str(count), _some(names[kind])) for kind, count in counts.most_common()],
            right=(1,),
        ),
    )


def revenue(found: pl.DataFrame, *, blocks: bool) -> RenderableType:
    """Show revenue by month, a column for each currency, with bars where they fit."""
    currencies = found["currency"].unique().sort().to_list()
    amounts = {(month, currency): amount for month, currency, amount in found.iter_rows()}
    months = sorted({month for month, _ in amounts})
    with_bars = len(currencies) <= 3  # noqa: PLR2004 - more do not fit into WIDTH
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("month", no_wrap=True)
    for currency in currencies:
        table.add_column(currency, justify="right", no_wrap=True)
        if with_bars:
            table.add_column("", no_wrap=True)
    most = {c: max(amounts.get((m, c), Decimal(0)) for m in months) for c in currencies}
    for month in months:
        cells: list[Text] = [Text(month)]
        for currency in currencies:
            amount = amounts.get((month, currency), Decimal(0))
            cells.append(Text(_value(amount)))
            if with_bars:
                cells.append(_bar(amount, most[currency], blocks=blocks))
        table.add_row(*cells)
    return _part(
        f"Revenue of nights by month (made up), without taxes, last {MONTHS} whole months",
        table if months else Text("none in these months"),
        Text("exact sums; currencies are never added up", "dim"),
    )


def second_load(load: Load, first: Load) -> RenderableType:
    """Show that nothing was sent."""
    return _part(
        "The same load again",
        Text.assemble(
            (f"{load.seconds * 1000:.0f} ms", "bold green"),
            ", answered from disk: ",
            (f"{len(load.requests)} requests sent", "bold green"),
            f" (the first load sent {len(first.requests)})",
        ),
    )


def next_steps() -> RenderableType:
    """Say how to go on, with and without tokens."""
    return _part(
        "Next steps",
        _grid(
            [
                ("mews-frames login", "store your own tokens"),
                ("mews-frames load OrderItem -o orders.parquet", "your data, into a file"),
                ('mf.load_entities("OrderItem")', "your data, in Python"),
                ('mf.load_entities("OrderItem", profile="sandbox")', "made-up data, no account"),
                ("mews-frames --help", "all the rest"),
            ],
            styles=("cyan",),
        ),
    )


def _part(title: str, *content: RenderableType) -> RenderableType:
    return Group(Text("\n" + title, "bold"), Padding(Group(*content), (0, 0, 0, 2), expand=False))


def _grid(
    rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), styles: Sequence[str] = ()
) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    for number, row in enumerate(rows):
        if number == 0:
            for place in range(len(row)):
                style = styles[place] if place < len(styles) else ""
                table.add_column(justify="right" if place in right else "left", style=style)
        table.add_row(*map(Text, row))
    return table


def _value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return str(value).replace("+00:00", "Z")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")  # noqa: PLR2004 - one line


def _bar(amount: Decimal, most: Decimal, *, blocks: bool) -> Text:
    length = round(BAR * max(amount, Decimal(0)) / most) if most > 0 else 0
    return Text(("\u2501" if blocks else "#") * length, "green")


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s"
