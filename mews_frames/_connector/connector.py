"""The two operations of the Connector API that make exports."""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from mews_frames._connector.answers import OK, read_answer
from mews_frames._models import Filters, Scope, Seen
from mews_frames._redact import Secret, without_frames
from mews_frames._retry import next_pause, read_http_date
from mews_frames.errors import MewsError, RequestRejectedError, ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    import tenacity

    from mews_frames._connector.http import Answer, Http
    from mews_frames.typing import Clock

__all__ = ["Connector", "Credentials"]

logger = logging.getLogger("mews_frames")

PATH = "/api/connector/v1/"
MOST_IDS = 1000
"""Ids in one getAll (operations/exports.md)."""

NO_ID = "00000000-0000-0000-0000-000000000000"
"""An id that no export has: asking for it tells the time at Mews, and nothing else."""

_IDS = re.compile(r"\(HTTP 400.*\): .*\b(export ?ids?|ids?|unknown export)\b", re.IGNORECASE)
"""A refusal that speaks of the ids (guidelines/responses.md: "Invalid {Parameter}"). Any other 400
may come from a proxy, and no id is forgotten for that."""

YEARS = range(2020, 2100)
"""A ``Date`` of another year is no time at Mews, and one at the end of the calendar overflows."""

SHORTEST_TOKEN = 12
"""Characters; Mews' have 65. What is shorter is made up, and cutting it out would spoil words."""


class Credentials:
    """Who asks: two tokens, which travel in the body of every request, and a name."""

    def __init__(
        self, client_token: Secret[str], access_token: Secret[str], client_name: str
    ) -> None:
        self._client_token = client_token
        self._access_token = access_token
        self._client_name = client_name

    def sign(self, data: dict[str, Any]) -> Secret[str]:
        """Write a request body with the tokens in it."""
        return without_frames(lambda: Secret(json.dumps(self._signed(data))))

    def _signed(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "ClientToken": self._client_token.reveal(),
            "AccessToken": self._access_token.reveal(),
            "Client": self._client_name,
            **data,
        }

    def hide(self, body: Secret[bytes]) -> Secret[bytes]:
        """Take the tokens out of a refusal, in case that Mews, or a proxy, sends them back."""
        return without_frames(lambda: Secret(self._hidden(body.reveal())))

    def _hidden(self, body: bytes) -> bytes:
        for token in (self._client_token, self._access_token):
            if len(token.reveal()) >= SHORTEST_TOKEN:
                body = body.replace(token.reveal().encode(), b"...")
        return body


class MewsClock(Protocol):
    """What is asked of the clock of Mews (`mews_frames._cache.mews_clock`)."""

    @property
    def ahead(self) -> timedelta: ...
    @property
    def is_known(self) -> bool: ...
    @property
    def is_fresh(self) -> bool: ...
    @property
    def is_doubtful(self) -> bool: ...
    def now(self) -> datetime: ...
    def learn(self, there: datetime) -> None: ...
    def keep(self) -> None: ...


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
    mews_clock
        Hears the time at Mews from every answer.
    """

    def __init__(
        self,
        http: Http,
        address: str,
        credentials: Credentials,
        clock: Clock,
        mews_clock: MewsClock,
    ) -> None:
        self._http = http
        self._address = address.rstrip("/")
        self._credentials = credentials
        self._clock = clock
        self._mews_clock = mews_clock

    def now(self) -> datetime:
        """Give the time at Mews, as well as its last answer told it."""
        return self._mews_clock.now()

    @property
    def ahead(self) -> timedelta:
        """How far the clock of Mews is ahead of ours."""
        return self._mews_clock.ahead

    @property
    def knows_time(self) -> bool:
        """Whether Mews ever told this machine the time, as far as the cache remembers."""
        return self._mews_clock.is_known

    @property
    def doubts_time(self) -> bool:
        """Whether the clock of this machine was set back since Mews told the time."""
        return self._mews_clock.is_doubtful

    def keep_time(self) -> None:
        """Remember for the next process how far the clock of Mews is ahead."""
        self._mews_clock.keep()

    def learn_time(self, timeout: float | None = None) -> None:
        """Have the time at Mews told by an answer of the last minute, so that `now` is right.

        Raises
        ------
        ConnectorError
            If Mews does not let us in, or no answer comes.
        """
        if self._mews_clock.is_fresh:
            return
        with suppress(RequestRejectedError):  # that Mews dislikes the id tells the time as well
            self.look([NO_ID], timeout)
        self.keep_time()

    def add(self, entity_type: str, scope: Scope, filters: Filters) -> Seen:
        """Add an export: one request, never repeated here, since each one may make an export.

        Raises
        ------
        ExportAlreadyRunningError
            If one of this type is running.
        ConnectionFailedError, ServerError
            If the answer was lost; Mews may have added the export all the same. Its id is in
            the error if it was in the answer.
        """
        data: dict[str, Any] = {"EntityType": entity_type}
        if wire := scope.to_wire():
            data["Scope"] = wire
        if wire := filters.to_wire():
            data["Filters"] = wire
        answer = self._post("exports/add", data, f"exports/add of {entity_type}")
        if "Export" not in answer:
            raise ServerError(f"exports/add of {entity_type} was answered without an export")
        return Seen.from_wire(answer["Export"])

    def look(self, ids: Sequence[str], timeout: float | None = None) -> dict[str, Seen]:
        """Ask how exports are, all in as few requests as Mews allows, with patience.

        Parameters
        ----------
        ids
            Of exports.
        timeout
            Seconds after which to give up; never longer than the patience of this library.

        Returns
        -------
        What Mews knows, by id; an id that it does not know is missing.
        """
        seen: dict[str, Seen] = {}
        for start in range(0, len(ids), MOST_IDS):
            some = list(ids[start : start + MOST_IDS])
            seen |= self._looked(some, timeout)
        return seen

    def _looked(self, ids: list[str], timeout: float | None) -> dict[str, Seen]:
        try:
            answer = self._patiently("exports/getAll", {"ExportIds": ids}, timeout)
        except RequestRejectedError as error:
            # What Mews answers to ids that it knows no more is not documented: nothing, or this.
            if not _IDS.search(error.message):
                raise
            each = ids if len(ids) > 1 else []
            return {i: found for i in each for found in self._looked([i], timeout).values()}
        exports = answer.get("Exports")
        if not isinstance(exports, list):
            raise ServerError("exports/getAll was answered without a list of exports")
        return {seen.export.id: seen for seen in map(Seen.from_wire, exports)}

    def _post(
        self, operation: str, data: dict[str, Any], asked: str | None = None, **within: float
    ) -> dict[str, Any]:
        url, body = self._address + PATH + operation, self._credentials.sign(data)
        answer = self._http.post(url, body, **within)
        self._note_time(answer)
        if answer.status != OK:
            answer = replace(answer, body=self._credentials.hide(answer.body))
        return read_answer(answer, asked or operation, self.now())

    def _note_time(self, answer: Answer) -> None:
        there = read_http_date(answer.headers.get("Date"))
        if there is not None and there.year in YEARS:
            self._mews_clock.learn(there)

    def _patiently(
        self, operation: str, data: dict[str, Any], timeout: float | None
    ) -> dict[str, Any]:
        import tenacity

        began = self._clock.monotonic()

        def ask() -> dict[str, Any]:
            if timeout is None:
                return self._post(operation, data)
            left = timeout - (self._clock.monotonic() - began)
            return self._post(operation, data, within=left)

        def pause(state: tenacity.RetryCallState) -> float | None:
            error = state.outcome.exception() if state.outcome else None
            if error is None:
                return None
            spent = self._clock.monotonic() - began
            left = None if timeout is None else timeout - spent
            return next_pause(error, state.attempt_number, spent, left)

        return tenacity.Retrying(
            retry=lambda state: pause(state) is not None,
            wait=lambda state: pause(state) or 0.0,
            before_sleep=_log,
            sleep=self._clock.sleep,
            reraise=True,
        )(ask)


def _log(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, MewsError):
        logger.info("%s; asking again in %.0f s", error.message, state.upcoming_sleep)
