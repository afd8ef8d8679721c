"""Tables that grow: one Delta table for each entity type, always complete, at the cost of a delta.

A leaf: `mews_frames._client` fetches it when it is called for, and nothing else in the house knows
Delta Lake (docs/decisions/0019).

::

    state of the table ─► stretch ─► export ─► what differs ─► one commit: rows and watermark
         table.py          plan.py   asking.py    rows.py          table.py      (all: sync.py)
"""

from __future__ import annotations

from mews_frames._sync.asking import Asking
from mews_frames._sync.growing import Growing

__all__ = ["Asking", "Growing"]
