"""Libraries that only some bridges need: imported when called for, with an error that helps."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mews_frames._words import how_to_install
from mews_frames.errors import ConfigurationError

__all__ = ["need"]


def need(module: str, extra: str) -> Any:
    """Import a module of an extra.

    Raises
    ------
    ConfigurationError
        If it is not installed; the hint is a command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0].replace("_", "-")
        raise ConfigurationError(
            f"{library} is not installed, and this needs it (the extra {extra!r} brings it)",
            hint=how_to_install(library),
        ) from error
