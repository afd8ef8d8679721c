"""Data go to stdout, talk goes to stderr."""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Self

import typer

from mews_frames._cli.words import in_shell_words
from mews_frames._clock import SystemClock
from mews_frames._display.progress import on_stderr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from mews_frames.typing import ProgressEvent, Stage

__all__ = ["Talk", "ask", "give", "give_json", "give_table", "reader_is_gone", "say"]


IS_WINDOWS = os.name == "nt"


def reader_is_gone(error: BaseException) -> bool:
    """Say whether a write to stdout failed since nobody reads it any more.

    Windows calls that an invalid argument (python/cpython#79935).
    """
    return isinstance(error, BrokenPipeError) or (
        IS_WINDOWS
        and isinstance(error, OSError)
        and error.errno == errno.EINVAL
        and error.filename is None
    )


def say(line: str) -> None:
    """Tell a person something."""
    typer.echo(in_shell_words(line), err=True)


def ask(question: str) -> str:
    """Ask a person; the question goes to stderr, whole (click writes its last letter to stdout)."""
    typer.echo(question + " ", err=True, nl=False)
    return sys.stdin.readline().strip()


def give(line: str) -> None:
    """Hand over a line of data."""
    typer.echo(line)


def give_json(value: Any) -> None:
    """Hand over data for a program. Instants become ISO 8601 text."""
    # Escaped beyond ASCII: a pipe on Windows may have an encoding that knows few characters.
    typer.echo(json.dumps(value, indent=2, default=_as_text))


def _as_text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def give_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Hand over a table, or where a terminal is narrow paragraphs; whole lines for a pipe."""
    from mews_frames._cli.console import Shell
    from mews_frames._display.listing import listing

    shell = Shell()
    table = listing(columns, rows, right=right, width=shell.width)
    if shell.is_terminal:
        shell.print(table)
        return
    with shell.capture() as captured:
        shell.print(table)
    for line in captured.get().splitlines():
        give(line.rstrip())


class Talk:
    """Tells how a load goes, and remembers what a summary needs.

    A terminal gets lines that change; what is worth keeping gets a line of its own, in a
    terminal and in a log alike.

    Parameters
    ----------
    quiet
        Whether nothing is told.

    Attributes
    ----------
    events
        The last event of each stage, by export: of these summaries are made.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.events: dict[tuple[str | None, Stage], ProgressEvent] = {}
        self._view = None if quiet else on_stderr(SystemClock(), in_shell_words)

    def __enter__(self) -> Self:
        if self._view is not None:
            self._view.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._view is not None:
            self._view.__exit__(kind, error, traceback)

    def __call__(self, event: ProgressEvent) -> None:
        """Listen to a load."""
        self.events[event.export_id, event.stage] = event
        if self._view is not None and event.stage != "interrupted":  # `main` tells of that
            self._view(event)

    def say(self, line: str) -> None:
        """Tell something besides."""
        if self._view is not None:
            self._view.say(line)

    def of_stage(self, *stages: Stage) -> list[ProgressEvent]:
        """Give the last events of some stages, one for each export, in their order."""
        return [event for (_, stage), event in self.events.items() if stage in stages]
