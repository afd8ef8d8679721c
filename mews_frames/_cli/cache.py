"""``mews-frames cache``: what lies on disk, how much, and how to be rid of it."""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

import mews_frames as mf
from mews_frames._cli import options
from mews_frames._cli.codes import ExitCode
from mews_frames._cli.talk import ask, give, give_json, give_table, say
from mews_frames._cli.words import instant_in_words, size_in_words
from mews_frames.errors import InvalidArgumentError

__all__ = ["app"]

app = typer.Typer(
    help="See what the cache holds, and make room. Nothing here asks Mews, or needs tokens."
)


@app.command("dir", epilog='Example: du -sh "$(mews-frames cache dir)"')
def dir_() -> None:
    """Give the folder of the cache, whether it exists or not."""
    give(str(mf.cache.path))


@app.command(epilog="Example: mews-frames cache ls --json")
def ls(*, as_json: options.AsJson = False) -> None:
    """List the exports in the cache."""
    entries = mf.cache.entries()
    if as_json:
        give_json([asdict(entry) for entry in entries])
        return
    give_table(
        ["id", "type", "rows", "size", "added (UTC)", "expires"],
        (
            [
                entry.export_id,
                entry.entity_type or "",
                f"{entry.rows:,}" if entry.complete else "arriving",
                size_in_words(entry.bytes),
                instant_in_words(entry.added),
                instant_in_words(entry.expires)[:10],  # the day
            ]
            for entry in entries
        ),
        right=["rows", "size"],
    )


@app.command(epilog="Example: mews-frames cache size")
def size(*, as_json: options.AsJson = False) -> None:
    """Sum up what the whole folder takes."""
    taken = mf.cache.size()
    if as_json:
        give_json({"path": str(mf.cache.path), "bytes": taken})
    else:
        give(size_in_words(taken))


@app.command(epilog="Example: mews-frames cache prune")
def prune(*, as_json: options.AsJson = False) -> None:
    """Remove what expired more than a day ago. Every load does so by itself."""
    _tell_freed(mf.cache.prune(), as_json=as_json)


@app.command(epilog="Example: mews-frames cache clear --type Customer --yes")
def clear(
    *,
    entity_type: options.OnlyType = None,
    export_id: options.OnlyExport = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Remove exports, expired or not.

    Frames that are still open lose their data. The ids of exports that run at Mews stay: without
    them one would be locked out.
    """
    if not yes and not _is_sure(entity_type, export_id):
        say("nothing was removed")
        raise typer.Exit(ExitCode.ERROR)
    only = None if entity_type is None else options.as_type(entity_type)
    freed = mf.cache.clear(entity_type=only, export_id=export_id)
    _tell_freed(freed, as_json=as_json)


@app.command(epilog="Example: mews-frames cache verify && echo all is well")
def verify(*, as_json: options.AsJson = False) -> None:
    """Read every file again; exit code 5 if one is damaged."""
    damages = mf.cache.verify()
    if as_json:
        give_json([asdict(damage) for damage in damages])
    elif damages:
        give_table(
            ["export", "damage", "file"],
            ([d.export_id or "", d.what, str(d.path)] for d in damages),
        )
    if damages:
        say(
            f"{len(damages)} files are damaged; they are not served"
            "\n\nhint: mews-frames cache clear --export-id removes an export, and the next load"
            " brings it again"
        )
        raise typer.Exit(ExitCode.DAMAGED)
    say("all files are as they were written")


def _is_sure(entity_type: str | None, export_id: str | None) -> bool:
    if not sys.stdin.isatty():
        raise InvalidArgumentError("nobody is there to ask", hint="--yes clears without asking")
    what = "everything"
    if entity_type or export_id:
        what = " and ".join(filter(None, [export_id, entity_type and f"all of {entity_type}"]))
    return ask(f"Remove {what} from {mf.cache.path}? [y/N]").lower() in {"y", "yes"}


def _tell_freed(freed: int, *, as_json: bool) -> None:
    result: dict[str, Any] = {"freed": freed}
    if as_json:
        give_json(result)
    say(f"freed {size_in_words(freed)}" if freed else "there was nothing to remove")
