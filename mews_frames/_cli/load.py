"""``mews-frames load``: an entity type into a file."""

import json
import time
from typing import Annotated, Any

import typer

import mews_frames as mf
from mews_frames._cli import options
from mews_frames._cli.files import FORMATS, Target, find_target, write
from mews_frames._cli.talk import Talk, give_json, give_table, say
from mews_frames._cli.words import read_duration, size_in_words
from mews_frames._display.known import asked_in_words
from mews_frames._words import count_in_words, duration_in_words
from mews_frames.errors import InvalidArgumentError
from mews_frames.typing import EntityType

__all__ = ["load"]


def _complete_format() -> list[str]:
    return list(FORMATS)


def load(  # noqa: PLR0913 - the options of a load are the contract (docs/decisions/0001)
    entity_type: options.TypeName,
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to: .parquet, .csv, .jsonl, .ndjson, .arrow or .feather; '-' is stdout."
            " A file that is there is replaced once the new one is whole.",
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Only say which exports it takes, and what is cached; nothing is sent.",
        ),
    ] = False,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="|".join(FORMATS),
            help="Where the name does not say it, as for '-'.",
            autocompletion=_complete_format,
        ),
    ] = None,
    updated: options.Updated = None,
    posted: options.Posted = None,
    enterprise_ids: options.EnterpriseIds = None,
    chain_ids: options.ChainIds = None,
    columns: options.Columns = None,
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

    CSV is for programs, and holds text as it is: Excel makes formulas of some of it, and gets
    workbooks from mf.to_bi(..., tool="excel"). CSV knows no lists and no structs: they become
    JSON text in their column.
    """
    wanted: dict[str, Any] = options.request_options(
        updated=updated,
        posted=posted,
        enterprise_ids=enterprise_ids,
        chain_ids=chain_ids,
        max_age=max_age,
        refresh=refresh,
    )
    if plan:
        _show_plan(options.as_type(entity_type), columns or None, profile, wanted, as_json=as_json)
        return
    if out is None:
        raise InvalidArgumentError(
            "load does not know where to write",
            hint=f"--out {entity_type}.parquet writes a file, --out - --format csv to stdout,"
            " --plan only says what would be done",
        )
    target = find_target(out, format_)
    if as_json and target.path is None:
        raise InvalidArgumentError(
            "--out - and --json would both write to stdout", hint="give --out a file"
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
        f"{summary['entity_type']}: {count_in_words(summary['rows'], 'row')} and"
        f" {count_in_words(summary['columns'], 'column')} written to"
        f" {summary['path'] or 'stdout'} as {summary['format']}{size}"
    )


DOES = {
    "read": "read from the cache",
    "download": "download, it is finished",
    "attach": "wait for it, it is running",
    "add": "add a new export, wait, download",
}


def _show_plan(
    entity_type: EntityType,
    columns: list[str] | None,
    profile: str | None,
    wanted: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    with mf.Client(profile=profile) as client:
        steps = client.plan(entity_type, columns=columns, **wanted).to_dicts()
    for step in steps:
        step |= {name: json.loads(step[name]) for name in ("scope", "filters")}
    if as_json:
        give_json(steps)
        return
    give_table(
        ["export", "asked for (UTC)", "what is done", "rows", "usually", "id"],
        (
            [
                f"{step['piece']} of {len(steps)}",
                asked_in_words(step["scope"], step["filters"]),
                DOES[step["does"]],
                "" if step["rows"] is None else f"{step['rows']:,}",
                ""
                if step["usual_seconds"] is None
                else f"up to {duration_in_words(step['usual_seconds'])}",
                step["id"] or "",
            ]
            for step in steps
        ),
        right=["rows"],
    )
    new = sum(step["does"] == "add" for step in steps)
    say(f"{count_in_words(new, 'export') if new else 'no export'} would be added; nothing was sent")
