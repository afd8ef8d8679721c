"""Ask Mews for a stretch, through the one pipe, and have its rows in the cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mews_frames._models import Filters
from mews_frames._pieces import load_pieces
from mews_frames._pipe import Wanted
from mews_frames._sync.identity import digest_of

if TYPE_CHECKING:
    import polars as pl

    from mews_frames._bring import Bring
    from mews_frames._cache.manifest import Manifest
    from mews_frames._connector.connector import Connector
    from mews_frames._exports.request import Request
    from mews_frames._exports.wait import Patience
    from mews_frames._frames.columns import Kept
    from mews_frames._pipe import Pipe
    from mews_frames._progress import Teller
    from mews_frames._sync.plan import Stretch

__all__ = ["Asking", "Brought"]


@dataclass(frozen=True, slots=True)
class Brought:
    """The rows of a stretch.

    Attributes
    ----------
    frame
        Flat columns, exact decimals; read when it is collected.
    added
        When its export was added, by the clock of Mews; of several the first one.
    end
        Where its window of update times ended, if it had one.
    scope
        Digest of the enterprises or chains that Mews says it covers.
    export_id
        The export; of several the last one.
    """

    frame: pl.LazyFrame
    added: datetime
    end: datetime | None
    scope: str
    export_id: str


@dataclass(frozen=True, slots=True)
class Asking:
    """How the exports of one table are asked for.

    Attributes
    ----------
    pipe, bring, connector
        Of the client.
    request
        Entity type and scope.
    patience
        How long to wait for Mews.
    tell
        Who hears how it goes.
    """

    pipe: Pipe[Manifest]
    bring: Bring
    connector: Connector
    request: Request
    patience: Patience
    tell: Teller

    def now(self) -> datetime:
        """Give the time at Mews, told within the last minute."""
        self.connector.learn_time(self.patience.left)
        return self.connector.now()

    def __call__(
        self, stretch: Stretch, kept: Kept, *, refresh: bool, max_age: float | None
    ) -> Brought:
        """Find or add the export of a stretch, wait for it, and bring it into the cache.

        Raises
        ------
        MewsError
            As in `mews_frames.load_entities`.
        """
        window = None if stretch.updated is None else (stretch.updated, None)
        filters = Filters(updated=window, posted=stretch.posted)
        request = replace(self.request, filters=filters)
        name = request.entity_type
        wanted = Wanted(request, kept, self.tell, max_age=max_age, refresh=refresh)
        manifests = load_pieces({name: wanted}, self.pipe, self.connector, self.patience)[name]
        last = manifests[-1].export
        never = datetime.min.replace(tzinfo=UTC)
        return Brought(
            self.bring.scan(manifests, kept, flatten=True, money="decimal"),
            min(manifest.added or never for manifest in manifests),
            None if last.filters.updated is None else last.filters.updated[1],
            digest_of(last.scope),
            last.id,
        )
