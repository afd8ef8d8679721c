"""The commands in one place, and how each of them ends."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

import mews_frames as mf
from mews_frames._cli import cache, export
from mews_frames._cli.codes import CODES_IN_WORDS, ExitCode, exit_code
from mews_frames._cli.demo import demo
from mews_frames._cli.load import load
from mews_frames._cli.login import login
from mews_frames._cli.sandbox import sandbox
from mews_frames._cli.schema import schema
from mews_frames._cli.sync import sync
from mews_frames._cli.talk import give, reader_is_gone, say
from mews_frames.errors import MewsError

__all__ = ["app", "main"]

logger = logging.getLogger("mews_frames")

NAME = "mews-frames"
COMPLETION = "_MEWS_FRAMES_COMPLETE"
"""Set by the scripts of --install-completion."""
UsageError: Any = typer.BadParameter.__base__
"""Of click, or of the part of it that newer typers carry inside: one name for both."""

app = typer.Typer(
    rich_markup_mode=None,  # plain help wraps, pipes and greps better than boxes
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    pretty_exceptions_enable=False,  # theirs show local variables, and those may be tokens
    epilog=CODES_IN_WORDS,
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        give(f"{NAME} {mf.__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[  # noqa: ARG001 - its callback did it
        bool,
        typer.Option("--version", help="Show the version.", callback=_tell_version, is_eager=True),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="MEWS_FRAMES_DEBUG", help="Log, and show tracebacks."),
    ] = False,
) -> None:
    """Turn Mews data exports into typed frames and files.

    Start with mews-frames demo: it needs no account. Data go to stdout, talk goes to stderr.
    """
    if debug:
        logger.setLevel(logging.DEBUG)
        logger.addHandler(logging.StreamHandler())


def _example(*commands: str) -> str:
    if len(commands) == 1:
        return f"Example: {NAME} {commands[0]}"
    # The first character keeps the lines as they are.
    return "\b\n" + "\n".join(f"Example: {NAME} {command}" for command in commands)


app.command(epilog=_example("demo"))(demo)
app.command(
    epilog=_example(
        "load OrderItem --out orders.parquet",
        "load Bill --out - --format jsonl --column Id --column State | head -3",
        "load Payment --updated 2025-01-01T00:00:00Z now --plan",
        "load LedgerEntry --posted 2026-01-01 2026-01-31 --out ledger.csv",
    )
)(load)
app.command(epilog=_example("sync OrderItem --into tables/orders"))(sync)
app.add_typer(export.app, name="export")
app.add_typer(cache.app, name="cache")
app.command(epilog=_example("schema Reservation --describe"))(schema)
app.command(epilog=_example("sandbox --port 8080"))(sandbox)
app.command(epilog=_example("login --profile demo --platform demo"))(login)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv
        Its words; those of the process if left out. None at all show the help.

    Returns
    -------
    The exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # rather \u2026 than a traceback
    command = typer.main.get_command(app)
    if COMPLETION in os.environ:
        command.main(prog_name=NAME)  # a shell asks how a line may go on; this does not return
    try:
        # Not command.main: it would swallow what an interruption has to say, and say other words.
        with _told(), command.make_context(NAME, words or ["--help"]) as context:
            command.invoke(context)
            sys.stdout.flush()  # a closed pipe shows here, or after us with a traceback
    except typer.Exit as end:
        return end.exit_code
    return ExitCode.OK


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell how a command ended, if not well, and end it with the exit code for that."""
    try:
        yield
    except MewsError as error:
        if logger.isEnabledFor(logging.DEBUG):
            traceback.print_exception(error)
        say(f"error: {error}")
        raise typer.Exit(exit_code(error)) from None
    except (KeyboardInterrupt, EOFError) as interrupt:  # or the end of input at a question
        for line in getattr(interrupt, "__notes__", ["\ninterrupted"]):
            say(line)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except OSError as error:
        if reader_is_gone(error):
            _write_nowhere()
            raise typer.Exit(ExitCode.OK) from None  # the reader has what it wanted
        if logger.isEnabledFor(logging.DEBUG):
            traceback.print_exception(error)
        _write_nowhere()
        at = f"{error.filename}: " if error.filename else ""
        say(f"error: {at}{error.strerror or error}\n\nhint: is there space, may you write there?")
        raise typer.Exit(ExitCode.ERROR) from None
    except UsageError as error:
        path = error.ctx.command_path if error.ctx else NAME
        say(f"error: {error.format_message()}\n\nhint: {path} --help")
        raise typer.Exit(ExitCode.USAGE) from None


def _write_nowhere() -> None:
    """Let what is still buffered for stdout vanish: Python would complain when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
