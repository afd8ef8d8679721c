"""``mews-frames export``: start an export now, wait for it later, list what is known."""

import json
from typing import Any

import typer

import mews_frames as mf
from mews_frames._api import cache_of
from mews_frames._cli import options
from mews_frames._cli.talk import Talk, give, give_json, give_table
from mews_frames._cli.words import read_duration
from mews_frames._display.known import COLUMNS, NUMBERS, texts
from mews_frames._known import known_exports

__all__ = ["app"]

app = typer.Typer(help="Start exports, wait for them, list those that are known.")


@app.command(
    epilog="Example: mews-frames export start LedgerEntry --posted 2026-01-01 2026-01-31",
)
def start(  # noqa: PLR0913 - the options of an export are the contract (docs/decisions/0001)
    entity_type: options.TypeName,
    *,
    updated: options.Updated = None,
    posted: options.Posted = None,
    enterprise_ids: options.EnterpriseIds = None,
    chain_ids: options.ChainIds = None,
    refresh: options.Refresh = False,
    max_age: options.MaxAge = None,
    profile: options.Profile = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Find the export that answers a request, else add one; give its id and do not wait.

    The same options of load, or export wait with the id, pick it up: tomorrow too, and from
    another process.
    """
    wanted: dict[str, Any] = options.request_options(
        updated=updated,
        posted=posted,
        enterprise_ids=enterprise_ids,
        chain_ids=chain_ids,
        max_age=max_age,
        refresh=refresh,
    )
    with Talk(quiet=quiet) as talk, mf.Client(profile=profile) as client:
        export = client.start_export(
            options.as_type(entity_type),
            progress=talk,
            **wanted,
        )
        talk.say(f"{entity_type}: export {export.id} is {export.status}")
    if as_json:
        give_json(
            {
                "id": export.id,
                "type": export.entity_type,
                "status": export.status,
                "expires": export.expires,
            }
        )
    else:
        give(export.id)


@app.command("list", epilog="Example: mews-frames export list --json")
def list_(*, profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """List the exports that this machine knows, newest first, without asking anybody.

    Mews cannot list exports: this list is all there is.
    """
    known = known_exports(cache_of(profile)).shown()
    if as_json:
        give_json(
            [row | {name: _parsed(row[name]) for name in ("scope", "filters")} for row in known]
        )
        return
    give_table(COLUMNS, map(texts, known), right=NUMBERS)


@app.command(epilog="Example: mews-frames export wait 3fa85f64-5717-4562-b3fc-2c963f66afa6")
def wait(
    export_id: options.ExportId,
    *,
    timeout: options.Timeout = None,
    profile: options.Profile = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Wait for an export, whoever added it, and bring it into the cache.

    After that, load with the options it was started with is answered from the cache.
    """
    with Talk(quiet=quiet) as talk, mf.Client(profile=profile) as client:
        client.load_export(export_id, timeout=read_duration("--timeout", timeout), progress=talk)
    if as_json:
        (event, *_) = talk.of_stage("found", "ready")
        give_json(
            {
                "id": event.export_id,
                "type": event.entity_type,
                "from_cache": event.stage == "found",
                "rows": event.rows,
            }
        )


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
