"""Libraries that only some bridges need: imported when called for, with an error that helps."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mews_frames.errors import ConfigurationError

__all__ = ["need"]


def need(module: str, extra: str) -> Any:
    """Import a module of an extra.

    Raises
    ------
    ConfigurationError
        If it is not installed; the hint names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"{module.partition('.')[0]} is not installed, and this needs it",
            hint=f"pip install 'mews-frames[{extra}]'",
        ) from error
