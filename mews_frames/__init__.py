"""Mews data exports as Polars and pandas frames.

One line in a notebook turns an export of Mews' Connector API into a typed frame:

>>> import mews_frames as mf
>>> orders = mf.load_entities("OrderItem", profile="sandbox")

The first call finds or adds the export, waits for it, downloads and decodes it; the second one
is answered from disk. ``profile="sandbox"`` needs no account.
"""

from __future__ import annotations

from mews_frames import errors, testing, typing
from mews_frames._api import (
    cache,
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
)
from mews_frames._client import Client
from mews_frames._models import Export
from mews_frames._version import __version__

__all__ = [
    "Client",
    "Export",
    "__version__",
    "cache",
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
    "testing",
    "typing",
]
