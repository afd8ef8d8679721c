"""``mews-frames sync``: a table of an entity type, brought up to date."""

from typing import Annotated, Any

import typer

import mews_frames as mf
from mews_frames._cli import options
from mews_frames._cli.talk import Talk, give_json
from mews_frames._cli.words import read_duration

__all__ = ["sync"]


def sync(  # noqa: PLR0913 - the options of a sync are the contract, as those of a load
    entity_type: options.TypeName,
    *,
    into: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="A folder, or the URL of an object store; left out: among your data, for you"
            " alone.",
        ),
    ] = None,
    reconcile: Annotated[
        bool,
        typer.Option(
            "--reconcile", help="Export everything, and mark what was deleted at Mews. Slow."
        ),
    ] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="Columns that the table is to hold, decided by the first sync; may be repeated."
            " The others never reach the disk.",
        ),
    ] = None,
    enterprise_ids: options.EnterpriseIds = None,
    chain_ids: options.ChainIds = None,
    overlap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far before the last sync to begin, for what shows late: 1h, 2d. An hour if"
            " left out, 31d for LedgerEntry.",
        ),
    ] = None,
    timeout: options.Timeout = None,
    profile: options.Profile = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Keep a Delta table of every record of a type up to date.

    The first sync exports everything; later ones what was updated since, and put each record in the
    place of its earlier state. One that was interrupted changes nothing; the next makes up for it.
    Polars, pandas, DuckDB, Spark, Power BI and Fabric read the table.
    """
    with Talk(quiet=quiet) as talk, mf.Client(profile=profile) as client:
        of: dict[str, Any] = {
            "into": into,
            "columns": columns or None,
            "enterprise_ids": enterprise_ids or None,
            "chain_ids": chain_ids or None,
        }
        name = options.as_type(entity_type)
        frame = client.sync_entities(
            name,
            reconcile=reconcile,
            overlap=read_duration("--overlap", overlap),
            timeout=read_duration("--timeout", timeout),
            progress=talk,
            **of,
        )
        if as_json:
            import polars as pl

            state = client._table(name, storage_options=None, **of).state()  # noqa: SLF001
            give_json(
                {
                    "entity_type": entity_type,
                    **state,
                    "rows": frame.select(pl.len()).collect().item(),
                    "changed": sum(event.rows for event in talk.of_stage("synced")),
                }
            )
