"""A Sphinx extension: no page may need anything from another host to look as it should."""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["fetched_by", "setup"]

logger = logging.getLogger(__name__)

FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc=["'](?:https?:)?//[^"']+"""
    r"""|<link\b(?=[^>]*\brel=["'](?:stylesheet|preload|icon))[^>]*?\bhref=["'](?:https?:)?//[^"']+"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^"')]+"""
)


def fetched_by(page: str) -> list[str]:
    """List what a browser would fetch from elsewhere to show a page: links to click are not."""
    return FETCHED.findall(page)


def check(app: Sphinx, error: Exception | None) -> None:
    """Warn of each page that needs another host; with -W that ends the build."""
    if error is None and app.builder.format == "html":
        for page in sorted(Path(app.outdir).rglob("*.html")):
            for found in fetched_by(page.read_text("utf-8")):
                logger.warning("%s needs another host: %s", page.relative_to(app.outdir), found)


def setup(app: Sphinx) -> dict[str, bool]:
    """Say when: after all pages are written."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
