"""The made-up hotels of the sandbox: what happens there, as plain numbers.

`cities` and `places` say which hotels there are, `events` and `closures` what takes rooms away,
`stays` who comes, `charges` what that costs, `folio` how it is paid, `told` how much of it a
sandbox tells. All of it is a pure function of the number of rows, the seed and the day; how Mews
would write it down is the business of `rows`.
"""

from __future__ import annotations

from mews_frames._sandbox.hotel.places import Group, group_of
from mews_frames._sandbox.hotel.tables import names, properties

__all__ = ["Group", "group_of", "names", "properties"]
