"""``mews-frames load``: an entity type into a file."""

import time
from typing import Annotated, Any

import typer

import mews_frames as mf
from mews_frames._cli import options
from mews_frames._cli.files import FORMATS, Target, find_target, write
from mews_frames._cli.talk import Talk, give_json
from mews_frames._cli.words import read_duration, size_in_words
from mews_frames.errors import InvalidArgumentError

__all__ = ["load"]


def load(  # noqa: PLR0913 - the options of a load are the contract (docs/decisions/0001)
    entity_type: options.TypeName,
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to: .parquet, .csv, .jsonl, .ndjson, .arrow or .feather; '-' is stdout."
            " A file that is there is replaced once the new one is whole.",
            show_default=False,
        ),
    ],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="|".join(FORMATS),
            help="Where the name does not say it, as for '-'.",
        ),
    ] = None,
    updated: options.Updated = None,
    posted: options.Posted = None,
    enterprise_ids: options.EnterpriseIds = None,
    chain_ids: options.ChainIds = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="Keep only this column (Amount.NetValue) or field (Amount), and _rescued_data;"
            " may be repeated. The others never reach the disk.",
        ),
    ] = None,
    nested: Annotated[
        bool, typer.Option("--nested", help="Structs as in Mews, instead of one column per leaf.")
    ] = False,
    money: options.HowMoney = "decimal",
    refresh: options.Refresh = False,
    max_age: options.MaxAge = None,
    timeout: options.Timeout = None,
    profile: options.Profile = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Load every record of a type into a file.

    Parquet, CSV, JSON Lines or Arrow, by its suffix. The first load adds an export at Mews,
    waits, downloads and types it. The same load again is answered from the cache and sends
    nothing; one that was interrupted goes on.

    CSV knows no lists and no structs: they become JSON text in their column.
    """
    target = find_target(out, format_)
    if as_json and target.path is None:
        raise InvalidArgumentError(
            "--out - and --json would both write to stdout", hint="give --out a file"
        )
    wanted: dict[str, Any] = options.request_options(
        updated=updated,
        posted=posted,
        enterprise_ids=enterprise_ids,
        chain_ids=chain_ids,
        max_age=max_age,
        refresh=refresh,
    )
    began = time.monotonic()
    with Talk(quiet=quiet) as talk, mf.Client(profile=profile) as client:
        frame = client.load_entities(
            options.as_type(entity_type),
            columns=columns or None,
            flatten=not nested,
            money=options.as_money(money),
            timeout=read_duration("--timeout", timeout),
            progress=talk,
            **wanted,
        )
        write(frame, target, entity_type)
        summary = _summary(entity_type, frame, target, talk)
        talk.say(_in_words(summary))
    if as_json:
        give_json(summary | {"seconds": round(time.monotonic() - began, 3)})


def _summary(entity_type: str, frame: Any, target: Target, talk: Talk) -> dict[str, Any]:
    import polars as pl

    loaded = talk.of_stage("found", "ready")
    return {
        "entity_type": entity_type,
        "exports": [event.export_id for event in loaded],
        "from_cache": all(event.stage == "found" for event in loaded),
        "rows": frame.select(pl.len()).collect().item(),
        "columns": len(frame.collect_schema()),
        "path": None if target.path is None else str(target.path.absolute()),
        "format": target.format,
        "bytes": target.path.stat().st_size if target.path and target.path.is_file() else None,
    }


def _in_words(summary: dict[str, Any]) -> str:
    size = "" if summary["bytes"] is None else f" ({size_in_words(summary['bytes'])})"
    return (
        f"{summary['entity_type']}: {summary['rows']:,} rows and {summary['columns']} columns"
        f" written to {summary['path'] or 'stdout'} as {summary['format']}{size}"
    )
