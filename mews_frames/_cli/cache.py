"""``mews-frames cache``: what lies on disk, how much, and how to be rid of it."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from mews_frames._api import cache_of
from mews_frames._cache.cache import CacheEntry
from mews_frames._cli import options
from mews_frames._cli.codes import ExitCode
from mews_frames._cli.talk import ask, give, give_json, give_table, say
from mews_frames._cli.words import size_in_words
from mews_frames._display.known import minute, named_type
from mews_frames._known import made_up_exports
from mews_frames._settings import tables_dirs
from mews_frames._words import count_in_words
from mews_frames.errors import InvalidArgumentError

__all__ = ["app"]

app = typer.Typer(
    help="See what the cache holds, and make room. Nothing here asks Mews, or needs tokens."
)


@app.command("dir", epilog='Example: du -sh "$(mews-frames cache dir)"')
def dir_(*, profile: options.Profile = None) -> None:
    """Give the folder of the cache, whether it exists or not."""
    give(str(cache_of(profile).path))


@app.command(epilog="Example: mews-frames cache ls --json")
def ls(*, profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """List the exports in the cache, newest first, and tell where tables of a sync lie."""
    cache = cache_of(profile)
    entries = sorted(cache.entries(), key=_when_added, reverse=True)
    made_up = made_up_exports(cache)
    if as_json:
        give_json([asdict(entry) | {"made_up": entry.export_id in made_up} for entry in entries])
        return
    give_table(
        ["id", "type", "rows", "size", "added (UTC)", "expires"],
        (
            [
                entry.export_id,
                named_type(entry.entity_type or "", made_up=entry.export_id in made_up),
                f"{entry.rows:,}" if entry.complete else "arriving",
                size_in_words(entry.bytes),
                minute(entry.added),
                minute(entry.expires)[:10],  # the day
            ]
            for entry in entries
        ),
        right=["rows", "size"],
    )
    _tell_tables(cache.path)


@app.command(epilog="Example: mews-frames cache size")
def size(*, profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """Sum up what the whole folder takes."""
    cache = cache_of(profile)
    taken = cache.size()
    if as_json:
        give_json({"path": str(cache.path), "bytes": taken})
    else:
        give(size_in_words(taken))


@app.command(epilog="Example: mews-frames cache prune")
def prune(*, profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """Remove what expired more than a day ago. Every load does so by itself."""
    _tell_freed(cache_of(profile).prune(), as_json=as_json)


@app.command(epilog="Example: mews-frames cache clear --type Customer --yes")
def clear(
    *,
    entity_type: options.OnlyType = None,
    export_id: options.OnlyExport = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    profile: options.Profile = None,
    as_json: options.AsJson = False,
) -> None:
    """Remove exports, expired or not.

    Frames that are still open lose their data. The ids of exports that run at Mews stay: without
    them one would be locked out.
    """
    cache = cache_of(profile)
    if not yes and not _is_sure(cache.path, entity_type, export_id):
        say("nothing was removed")
        raise typer.Exit(ExitCode.ERROR)
    only = None if entity_type is None else options.as_type(entity_type)
    freed = cache.clear(entity_type=only, export_id=export_id)
    _tell_freed(freed, as_json=as_json)


@app.command(epilog="Example: mews-frames cache verify && echo all is well")
def verify(*, profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """Read every file again; exit code 5 if one is damaged."""
    damages = cache_of(profile).verify()
    if as_json:
        give_json([asdict(damage) for damage in damages])
    elif damages:
        give_table(
            ["export", "damage", "file"],
            ([d.export_id or "", d.what, str(d.path)] for d in damages),
        )
    if damages:
        say(
            f"{count_in_words(len(damages), 'file')} damaged: not served"
            "\n\nhint: mews-frames cache clear --export-id removes an export, and the next load"
            " brings it again"
        )
        raise typer.Exit(ExitCode.DAMAGED)
    say("all files are as they were written")


def _tell_tables(cache_dir: Path) -> None:
    """Tell of tables that no place was named for: guests' data lie there too."""
    logs = [log for each in tables_dirs(cache_dir) for log in sorted(each.glob("*/*/_delta_log"))]
    if logs:
        say("tables of mews-frames sync, which clear leaves alone:")
    for table in (log.parent for log in logs):
        size = sum(path.stat().st_size for path in table.rglob("*") if path.is_file())
        say(f"  {table}  {size_in_words(size)}")


def _when_added(entry: CacheEntry) -> datetime:
    """Take what nobody here added for the oldest."""
    return entry.added or datetime.min.replace(tzinfo=UTC)


def _is_sure(folder: Path, entity_type: str | None, export_id: str | None) -> bool:
    if not sys.stdin.isatty():
        raise InvalidArgumentError("nobody is there to ask", hint="--yes clears without asking")
    what = "everything"
    if entity_type or export_id:
        what = " and ".join(filter(None, [export_id, entity_type and f"all of {entity_type}"]))
    return ask(f"Remove {what} from {folder}? [y/N]").lower() in {"y", "yes"}


def _tell_freed(freed: int, *, as_json: bool) -> None:
    result: dict[str, Any] = {"freed": freed}
    if as_json:
        give_json(result)
    say(f"freed {size_in_words(freed)}" if freed else "there was nothing to remove")
