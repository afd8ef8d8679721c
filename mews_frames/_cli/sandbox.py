"""``mews-frames sandbox``: a pretend Mews for other programs."""

from typing import Annotated

import typer

from mews_frames._cli.talk import say

__all__ = ["Rows", "Seed", "sandbox"]

Rows = Annotated[
    int,
    typer.Option(min=0, help="How many order items there are; other types are in proportion."),
]
Seed = Annotated[int, typer.Option(help="Equal seeds make equal hotels.")]


def sandbox(
    *,
    rows: Rows = 20_000,
    seed: Seed = 0,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0 takes a free one.")
    ] = 0,
) -> None:
    """Run a pretend Mews on this machine until Ctrl-C. All it makes is made up and says so.

    It tells which settings lead other programs to it.
    """
    from mews_frames._sandbox import serve

    serve(rows=rows, seed=seed, port=port, tell=say)
