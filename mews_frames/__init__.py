"""Mews data exports as Polars and pandas frames.

One line in a notebook turns an export of Mews' Connector API into a typed frame:

>>> import mews_frames as mf
>>> orders = mf.load_entities("OrderItem", profile="sandbox")

The first call finds or adds the export, waits for it, downloads and decodes it; the second one
is answered from disk. ``profile="sandbox"`` needs no account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mews_frames import errors, typing
from mews_frames._api import (
    cache,
    changes,
    check,
    describe,
    drift,
    entity_types,
    exports,
    load_entities,
    load_export,
    load_many,
    sandbox,
    schema_of,
    start_export,
    sync_entities,
)
from mews_frames._client import Client
from mews_frames._handoff import to_batches, to_bi, to_duckdb, to_postgresql
from mews_frames._models import Export
from mews_frames._version import __version__

if TYPE_CHECKING:
    from mews_frames import testing

__all__ = [
    "Client",
    "Export",
    "__version__",
    "cache",
    "changes",
    "check",
    "describe",
    "drift",
    "entity_types",
    "errors",
    "exports",
    "load_entities",
    "load_export",
    "load_many",
    "sandbox",
    "schema_of",
    "start_export",
    "sync_entities",
    "testing",
    "to_batches",
    "to_bi",
    "to_duckdb",
    "to_postgresql",
    "typing",
]


def __getattr__(name: str) -> Any:
    """Import what only tests need when they ask for it (docs/decisions/0003)."""
    if name == "testing":
        from importlib import import_module

        return import_module("mews_frames.testing")
    raise AttributeError(f"module 'mews_frames' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
