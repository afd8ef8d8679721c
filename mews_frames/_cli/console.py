"""The console of rich. Imported only where something is shown."""

from __future__ import annotations

from rich.console import Console

from mews_frames._display.known import UNCUT

__all__ = ["Shell"]


class Shell(Console):
    """A console of rich that guesses nothing about texts, and leaves broken pipes to `main`.

    Parameters
    ----------
    stderr
        Whether it writes there; else to stdout.
    width
        Columns where it is no terminal.
    """

    def __init__(self, *, stderr: bool = False, width: int = UNCUT) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)
        if not self.is_terminal:
            self.width = width

    def on_broken_pipe(self) -> None:
        """Pass on the error that is being handled, instead of ending the process here."""
        raise  # noqa: PLE0704 - rich calls this while it handles BrokenPipeError
