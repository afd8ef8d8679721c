"""A Sphinx extension: makes the pages that need not be written by hand.

Notebooks become pages of the tutorial; schemas, commands and the cache become pages of the
reference. They lie in folders named ``made``, which no repository holds.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
from pages import cache_page, commands_page, entity_page, types_of
from sphinx.application import Sphinx

import mews_frames as mf

__all__ = ["pages", "setup"]


def pages(docs: Path) -> Mapping[str, str]:
    """Give every made page: its text by its path within the docs."""
    notebooks = {
        f"tutorial/made/{source.stem}.ipynb": jupytext.writes(jupytext.read(source), fmt="ipynb")
        for source in sorted((docs.parent / "notebooks").glob("*.py"))
    }
    entities = {f"reference/made/{each}.md": entity_page(each) for each in mf.entity_types()}
    return {
        **notebooks,
        **entities,
        "reference/made/commands.md": commands_page(),
        "reference/made/cache.md": cache_page(),
    }


def write(app: Sphinx) -> None:
    """Write what has changed, and remove what is made no longer."""
    docs = Path(app.srcdir)
    made = pages(docs)
    for old in docs.glob("*/made/*"):
        if str(old.relative_to(docs).as_posix()) not in made:
            old.unlink()
    for name, text in made.items():
        target = docs / name
        target.parent.mkdir(exist_ok=True)
        if not target.is_file() or target.read_text("utf-8") != text:
            target.write_text(text, "utf-8")


def tell_types(_: Sphinx, kind: str, name: str, subject: Any, __: Any, lines: list[str]) -> None:
    """Put types beside parameters before numpydoc reads a docstring."""
    del name
    if kind in {"function", "method", "class", "exception"}:
        types_of(subject, lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Say when: before Sphinx looks for sources."""
    app.connect("builder-inited", write, priority=100)
    app.connect("autodoc-process-docstring", tell_types, priority=100)
    for listener in list(app.events.listeners["autodoc-process-signature"]):
        # It looks for signatures in docstrings of C. We have none, and it falls over aliases of
        # tuples, whose docstring is that of `tuple`.
        if listener.handler.__module__ == "numpydoc.numpydoc":
            app.disconnect(listener.id)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
