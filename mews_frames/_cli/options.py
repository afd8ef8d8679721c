"""Options that several commands share, and what the library calls them.

The annotations are read when the program runs: no ``from __future__ import annotations`` here,
nor in modules of commands.
"""

import contextlib
import tomllib
from typing import Annotated, Any, cast

import typer

import mews_frames as mf
from mews_frames._cli.words import read_duration
from mews_frames._known import check_export_id
from mews_frames._schemas import load_schema
from mews_frames._settings import config_file, read_config
from mews_frames.errors import MewsError
from mews_frames.typing import EntityType, Money

__all__ = [
    "AsJson",
    "ChainIds",
    "Columns",
    "EnterpriseIds",
    "ExportId",
    "HowMoney",
    "MaxAge",
    "OnlyExport",
    "OnlyType",
    "Posted",
    "Profile",
    "Quiet",
    "Refresh",
    "Timeout",
    "TypeName",
    "Updated",
    "as_money",
    "as_type",
    "request_options",
]

NOW = "now"


# What a shell is offered; typer leaves out what does not begin as the word does.


def _complete_type() -> list[str]:
    return list(mf.entity_types())


def _complete_column(ctx: typer.Context) -> list[str]:
    """Offer columns and whole fields of the type that stands on the line."""
    # Words that are no options are not sorted out yet when a line is completed.
    for word in ctx.args:
        if word in mf.entity_types():
            columns = mf.describe(as_type(word))["column"].to_list()
            return [name for name in columns if "[" not in name]
    return []


def _complete_profile() -> list[str]:
    """Offer the names of profiles; a file that cannot be read is told of by the command."""
    names = ["sandbox"]
    with contextlib.suppress(OSError, ValueError, MewsError):
        names += tomllib.loads(read_config(config_file())).get("profiles", {})
    return sorted(names)


def _complete_export() -> list[tuple[str, str]]:
    """Offer the exports that this machine knows, newest first."""
    return [(row["id"], f"{row['type']} {row['status']}") for row in mf.exports().to_dicts()]


# What stands on the line is checked before tokens are missed, or anything is asked.


def _check_type(text: str | None) -> str | None:
    return None if text is None else load_schema(text).entity_type


def _check_export(text: str | None) -> str | None:
    return None if text is None else check_export_id(text)


def as_type(text: str) -> EntityType:
    """Take a text for an entity type: it was checked when the line was read."""
    return cast("EntityType", text)


def as_money(text: str) -> Money:
    """Take a text for a kind of money: the library refuses what is none, with a hint."""
    return cast("Money", text)


TypeName = Annotated[
    str,
    typer.Argument(
        metavar="TYPE",
        help="What to take: " + ", ".join(mf.entity_types()) + ".",
        callback=_check_type,
        autocompletion=_complete_type,
        show_default=False,
    ),
]
OnlyType = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Only exports of this type.",
        callback=_check_type,
        autocompletion=_complete_type,
    ),
]
ExportId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Of export start, of export list, or from a colleague.",
        callback=_check_export,
        autocompletion=_complete_export,
        show_default=False,
    ),
]
OnlyExport = Annotated[
    str | None,
    typer.Option(
        "--export-id",
        metavar="ID",
        help="Only this export.",
        callback=_check_export,
        autocompletion=_complete_export,
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="Keep only this column (Amount.NetValue) or field (Amount), and _rescued_data;"
        " may be repeated. The others never reach the disk.",
        autocompletion=_complete_column,
    ),
]
HowMoney = Annotated[
    str,
    typer.Option(
        "--money",
        metavar="decimal|float",
        help="Exact, or as the nearest double. Exact money is text in JSON, in full.",
    ),
]
Updated = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="START END",
        help="Only what was updated in this window: start included, end excluded, each as"
        " 2026-01-31T00:00:00Z; an open end is 'now'.",
    ),
]
Posted = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="FIRST LAST",
        help="First and last posting date, both included, each as 2026-01-31; LedgerEntry needs"
        " it, nothing else takes it.",
    ),
]
EnterpriseIds = Annotated[
    list[str] | None,
    typer.Option("--enterprise-id", metavar="ID", help="Only this property; may be repeated."),
]
ChainIds = Annotated[
    list[str] | None,
    typer.Option(
        "--chain-id",
        metavar="ID",
        help="Only this chain (Customer and Company); may be repeated.",
    ),
]
MaxAge = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        help="Use a cached export only if it is younger: seconds, or 15min, 12h, 7d.",
    ),
]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Ask Mews for a new export, whatever is cached.")
]
Timeout = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="How long to wait for Mews: seconds, or 15min, 12h. As long as it takes if left out."
        " The download is not counted.",
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Settings to use; 'sandbox' needs no account.",
        autocompletion=_complete_profile,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON to stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Tell nothing but errors.")]


def request_options(
    *,
    updated: tuple[str, str] | None,
    posted: tuple[str, str] | None,
    enterprise_ids: list[str] | None,
    chain_ids: list[str] | None,
    max_age: str | None,
    refresh: bool,
) -> dict[str, Any]:
    """Give the options of a request as `mews_frames.load_entities` takes them."""
    if updated is not None:
        start, end = updated
        window = (start, None if end == NOW else end)
    else:
        window = None
    return {
        "updated": window,
        "posted": posted,
        # An option that is not there comes as an empty list, which Mews would refuse.
        "enterprise_ids": enterprise_ids or None,
        "chain_ids": chain_ids or None,
        "max_age": read_duration("--max-age", max_age),
        "refresh": refresh,
    }
