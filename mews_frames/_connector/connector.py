"""The two operations of the Connector API that make exports."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import tenacity

from mews_frames._connector.answers import read_answer, server_time
from mews_frames._models import Filters, Scope, Seen
from mews_frames._redact import Secret
from mews_frames._retry import LONGEST_PAUSE, is_transient, retry_delay
from mews_frames.errors import RateLimitedError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mews_frames._connector.http import Http
    from mews_frames.typing import Clock

__all__ = ["Connector", "Credentials"]

PATH = "/api/connector/v1/"
MOST_IDS = 1000
"""Ids in one getAll (operations/exports.md)."""

PATIENCE = 180.0
"""Seconds for which a look that gets no good answer is tried again."""


class Credentials:
    """Who asks: two tokens, which travel in the body of every request, and a name."""

    def __init__(self, client_token: Secret, access_token: Secret, client_name: str) -> None:
        self._client_token = client_token
        self._access_token = access_token
        self._client_name = client_name

    def sign(self, data: dict[str, Any]) -> Secret:
        """Write a request body with the tokens in it."""
        return Secret(
            json.dumps(
                {
                    "ClientToken": self._client_token.reveal(),
                    "AccessToken": self._access_token.reveal(),
                    "Client": self._client_name,
                    **data,
                }
            )
        )


class Connector:
    """Mews' Connector API, as far as exports go. Threads may share it.

    Parameters
    ----------
    http
        The connections.
    address
        Platform address, without a path.
    credentials
        Who asks.
    clock
        For pauses between attempts.
    """

    def __init__(self, http: Http, address: str, credentials: Credentials, clock: Clock) -> None:
        self._http = http
        self._address = address.rstrip("/")
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Give the time at Mews, as well as its last answer told it."""
        return self._clock.now() + self._ahead

    @property
    def ahead(self) -> timedelta:
        """How far the clock of Mews is ahead of ours."""
        return self._ahead

    def add(self, entity_type: str, scope: Scope, filters: Filters) -> Seen:
        """Add an export: one request, never repeated here, since each one may make an export.

        Raises
        ------
        ExportAlreadyRunningError
            If one of this type is running.
        ConnectionFailedError, ServerError
            If the answer was lost; Mews may have added the export all the same.
        """
        data: dict[str, Any] = {"EntityType": entity_type}
        if wire := scope.to_wire():
            data["Scope"] = wire
        if wire := filters.to_wire():
            data["Filters"] = wire
        answer = self._post("exports/add", data)
        if "Export" not in answer:
            raise ServerError("exports/add was answered without an export")
        return Seen.from_wire(answer["Export"])

    def look(self, ids: Sequence[str], timeout: float | None = None) -> dict[str, Seen]:
        """Ask how exports are, all in as few requests as Mews allows, with patience.

        Parameters
        ----------
        ids
            Of exports.
        timeout
            Seconds after which to give up; never longer than the patience of this class.

        Returns
        -------
        What Mews knows, by id; an id that it does not know is missing.
        """
        seen: dict[str, Seen] = {}
        for start in range(0, len(ids), MOST_IDS):
            some = list(ids[start : start + MOST_IDS])
            answer = self._patiently(
                lambda some=some: self._post("exports/getAll", {"ExportIds": some}), timeout
            )
            exports = answer.get("Exports")
            if not isinstance(exports, list):
                raise ServerError("exports/getAll was answered without a list of exports")
            seen |= {s.export.id: s for s in map(Seen.from_wire, exports)}
        return seen

    def _post(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.post(self._address + PATH + operation, self._credentials.sign(data))
        if there := server_time(answer):
            with self._lock:
                self._ahead = _beyond_rounding(there - self._clock.now())
        return read_answer(answer, operation, self.now())

    def _patiently(
        self, ask: Callable[[], dict[str, Any]], timeout: float | None
    ) -> dict[str, Any]:
        began = self._clock.monotonic()

        def may_try_again(state: tenacity.RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            if error is None or not is_transient(error):
                return False
            asked_to_wait = isinstance(error, RateLimitedError) and error.retry_after is not None
            # What Mews asks for may take longer than our own patience, but not for ever.
            patience = LONGEST_PAUSE if asked_to_wait else PATIENCE
            limit = patience if timeout is None else min(timeout, patience)
            return self._clock.monotonic() - began + _pause(state) <= limit

        return tenacity.Retrying(
            retry=may_try_again, wait=_pause, sleep=self._clock.sleep, reraise=True
        )(ask)


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return retry_delay(state.attempt_number, getattr(error, "retry_after", None))


def _beyond_rounding(difference: timedelta) -> timedelta:
    """Take a difference of a few seconds for rounding and travel: ``Date`` has whole seconds."""
    return difference if abs(difference) > timedelta(seconds=5) else timedelta(0)
