"""Show how a load goes: one line that changes, in a notebook or a terminal; silence elsewhere."""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mews_frames.typing import ProgressEvent

__all__ = ["automatic"]


def automatic() -> Callable[[ProgressEvent], None] | None:
    """Choose what fits: a notebook's display, a terminal's last line, or nothing."""
    if "ipykernel" in sys.modules and _in_kernel():
        return _NotebookLine()
    if sys.stderr is not None and sys.stderr.isatty():
        return _TerminalLine()
    return None


def _in_kernel() -> bool:
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _sentence(event: ProgressEvent) -> str:
    return f"{event.entity_type}: {event.message}"


class _TerminalLine:
    """Rewrites one line on stderr; what is worth keeping gets a line of its own."""

    def __call__(self, event: ProgressEvent) -> None:
        last = event.stage in {"found", "added", "attached", "ready", "note", "interrupted"}
        sys.stderr.write(f"\r\x1b[K{_sentence(event)}" + ("\n" if last else ""))
        sys.stderr.flush()


class _NotebookLine:
    """Updates one display; its last state stays in the saved notebook."""

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, event: ProgressEvent) -> None:
        from IPython.display import HTML, display

        shown = HTML(f"<small>{html.escape(_sentence(event))}</small>")
        if self._handle is None or event.stage == "note":
            self._handle = display(shown, display_id=True)
        else:
            self._handle.update(shown)
