"""The pretend Mews: what it answers to a request, by the documented rules.

No sockets and no HTTP library here: `mews_frames._sandbox.server` and
`mews_frames._sandbox.transport` are its doors.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
import uuid
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mews_frames._sandbox import hotel
from mews_frames._sandbox.answers import error_answer, json_answer, refused_answer, xml_answer
from mews_frames._sandbox.checks import RefusedError, add_of, envelope_of, export_ids_of
from mews_frames._sandbox.faults import FaultBook
from mews_frames._sandbox.living import living_lines
from mews_frames._sandbox.rows import lines
from mews_frames._sandbox.storage import LINK_LIFE, Links, Storage
from mews_frames._sandbox.store import Store
from mews_frames._sandbox.stored import Recipe, Stored, expires
from mews_frames._sandbox.values import (
    LARGEST_BODY,
    Answer,
    ConnectionCutError,
    Received,
    Request,
)
from mews_frames._schemas import load_schema
from mews_frames.testing import ExpireUrls, Fail, Living, LoseAnswer, Refuse, UnknownStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mews_frames._sandbox.checks import Add
    from mews_frames.testing import Fault
    from mews_frames.typing import Clock, Status

__all__ = ["Mews"]

# Mews docs, guidelines/environments.md: 200 requests per AccessToken in 30 s, sliding
MOST_REQUESTS, WINDOW = 200, 30.0


class Mews:
    """The two export operations and the storage behind them.

    Parameters
    ----------
    folder
        Where its exports live; several processes may share it.
    address
        What its links begin with, without a slash at the end. May be set later.
    client_token, access_token
        The only ones that it knows.
    clock
        All of its time.
    recipe
        How rows are made.
    faults
        What goes wrong.
    given
        By entity type: parts to serve exactly as they are, or living records.
    """

    def __init__(
        self,
        folder: Path,
        *,
        address: str,
        client_token: str,
        access_token: str,
        clock: Clock,
        recipe: Recipe | None = None,
        faults: Iterable[Fault] = (),
        given: Mapping[str, Sequence[bytes] | Living] | None = None,
    ) -> None:
        self.address = address
        self._tokens = (client_token, access_token)
        self._clock = clock
        self._recipe = recipe or Recipe()
        self._faults = FaultBook(faults)
        given = self._given = given or {}
        living = {name: it for name, it in given.items() if isinstance(it, Living)}
        served = {name: it for name, it in given.items() if not isinstance(it, Living)}

        def make(stored: Stored) -> Iterator[bytes]:
            alive = living.get(stored.asked.entity_type)
            return lines(stored) if alive is None else living_lines(alive, stored)

        self._store = Store(folder, clock, make, served)
        # Made of the tokens, so that every process that shares the folder signs alike.
        self._links = Links(hashlib.sha256("\n".join(self._tokens).encode()).digest())
        self._storage = Storage(self._faults, clock.sleep)
        self._seen: deque[float] = deque()
        self._received: list[Received] = []
        self._lock = threading.Lock()

    @property
    def received(self) -> tuple[Received, ...]:
        """Every request so far, in the order in which answers began."""
        with self._lock:
            return tuple(self._received)

    def close(self) -> None:
        """Stop writing rows; a later look at an export begins anew."""
        self._store.close()

    def answer(self, request: Request) -> Answer:
        """Answer a request.

        Raises
        ------
        ConnectionCutError
            If a fault says that no answer comes; so may going through the body.
        """
        request_id = str(uuid.uuid4())

        def concerned(fault: Refuse | LoseAnswer) -> bool:
            return fault.on in ("any", request.operation)

        refusal = self._faults.take(Refuse, concerned)
        if refusal is not None:
            answer = refused_answer(refusal, request, request_id)
        else:
            answer = self._served(request, request_id)
        lost = self._faults.take(LoseAnswer, concerned)
        entry = self._log(request, answer.status)
        if lost is not None:
            raise ConnectionCutError
        answer = replace(answer, body=self._counted(answer.body, entry))
        return self._headed(answer, request_id)

    def refuse(self, status: int, message: str) -> Answer:
        """Make the answer to what is no request at all."""
        request_id = str(uuid.uuid4())
        return self._headed(error_answer(status, message, request_id), request_id)

    def _headed(self, answer: Answer, request_id: str) -> Answer:
        headers = {
            "Request-Id": request_id,  # Mews docs, guidelines/responses.md: on every response
            "Date": format_datetime(self._clock.now().astimezone(UTC), usegmt=True),
        }
        return replace(answer, headers=headers | dict(answer.headers))

    def _served(self, request: Request, request_id: str) -> Answer:
        try:
            if request.operation == "download":
                return self._download(request)
            return self._operate(request)
        except RefusedError as refused:
            return error_answer(refused.status, refused.message, request_id, refused.headers)
        except Exception as error:  # noqa: BLE001 - a service answers, whatever happens to it
            message = f"The sandbox itself failed: {type(error).__name__}: {error}"
            return error_answer(500, message, request_id)

    def _operate(self, request: Request) -> Answer:
        if request.operation == "other" or request.method != "POST":
            raise RefusedError(404, "Not found.")
        if len(request.body) > LARGEST_BODY:
            raise RefusedError(413, "The request is too large.")
        data = envelope_of(request.body, request.headers.get("content-type", ""))
        if (data["ClientToken"], data["AccessToken"]) != self._tokens:
            raise RefusedError(401, "Invalid ClientToken or AccessToken.")
        self._limit()
        if request.operation == "add":
            return self._add(data)
        return self._get_all(data)

    def _add(self, data: dict[str, Any]) -> Answer:
        asked = add_of(data, self._clock.now())
        self._refuse_strangers(asked)

        def fails() -> bool:
            fault = self._faults.take(Fail, lambda it: it.entity_type in (None, asked.entity_type))
            return fault is not None

        stored = self._store.add(asked, self._recipe, fails)
        return json_answer(200, {"Export": self._shown(stored, "Pending", [])})

    def _refuse_strangers(self, asked: Add) -> None:
        """Refuse ids of no hotel here. Those of records that were given may be any."""
        name, known = _properties(asked.entity_type, self._recipe)
        strangers = [each for each in asked.ids or () if each not in known]
        if strangers and asked.entity_type not in self._given:
            # Mews docs do not say what a foreign id does.
            raise RefusedError(400, f"Invalid {name}: {strangers[0]} is out of reach.")

    def _get_all(self, data: dict[str, Any]) -> Answer:
        ids = dict.fromkeys(export_ids_of(data))  # each once, in the order asked
        found = [stored for stored in map(self._store.get, ids) if stored is not None]
        looks = [(stored, *self._store.look(stored)) for stored in found]
        life = LINK_LIFE
        if any(parts for _, _, parts in looks):
            short = self._faults.take(ExpireUrls)
            life = LINK_LIFE if short is None else timedelta(seconds=short.after)
        until = self._clock.now() + life
        exports = []
        for stored, status, parts in looks:
            files = [
                {
                    "Url": self.address + self._links.sign(stored.id, number, until),
                    "SizeInBytes": part.size,
                }
                for number, part in enumerate(parts, 1)
            ]
            exports.append(self._shown(stored, status, files))
            if (unknown := self._faults.take(UnknownStatus)) is not None:
                exports[-1]["Status"] = unknown.name
        return json_answer(200, {"Exports": exports})

    def _shown(self, stored: Stored, status: Status, files: list[dict[str, Any]]) -> dict[str, Any]:
        """Show an export as Mews does: Mews docs, operations/exports.md, Export."""
        return {
            "Id": stored.id,
            "Status": status,
            "EntityType": stored.asked.entity_type,
            "Scope": self._scope(stored),
            "Files": files,
            "ExpiresUtc": _wire(expires(stored, status)),
            "Filters": stored.asked.wire_filters(),
        }

    def _scope(self, stored: Stored) -> dict[str, Any]:
        name, everything = _properties(stored.asked.entity_type, stored.recipe)
        ids = stored.asked.ids or everything  # resolved: all that the token reaches
        return {"EnterpriseIds": None, "ChainIds": None} | {name: list(ids)}

    def _download(self, request: Request) -> Answer:
        shown = [unquote(request.query), *request.headers.values(), request.body.decode("latin-1")]
        leaks = any(token in text for token in self._tokens for text in shown)
        if leaks or "authorization" in request.headers:
            return xml_answer(400, "InvalidRequest", "Tokens have no business at the storage.")
        found = self._links.read(request, self._clock.now())
        if request.method != "GET" or found is None:
            return xml_answer(403, "AuthenticationFailed", "The link has expired or is not whole.")
        part = self._store.part(*found)
        if part is None:
            return xml_answer(404, "BlobNotFound", "The file is gone.")
        export_id, number = found
        return self._storage.download(part, number, f'"{export_id}-{number}"', request)

    def _limit(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            while self._seen and self._seen[0] <= now - WINDOW:
                self._seen.popleft()
            if len(self._seen) < MOST_REQUESTS:
                self._seen.append(now)
                return
            wait = math.ceil(self._seen[0] + WINDOW - now)
        raise RefusedError(429, "Too many requests.", {"Retry-After": str(max(wait, 1))})

    def _log(self, request: Request, status: int) -> int:
        entry = Received(
            method=request.method,
            path=self._hidden(request.path),
            headers={name: self._hidden(text) for name, text in request.headers.items()},
            body=_without_tokens(self._hidden(request.body.decode("utf-8", "replace"))),
            status=status,
        )
        with self._lock:
            self._received.append(entry)
            return len(self._received) - 1

    def _hidden(self, text: str) -> str:
        """Take tokens out of what tests get to see, wherever a client put them."""
        for token in self._tokens:
            text = text.replace(token, "[token]")
        return text

    def _counted(self, body: bytes | Iterable[bytes], entry: int) -> Iterator[bytes]:
        for chunk in [body] if isinstance(body, bytes) else body:
            with self._lock:
                before = self._received[entry]
                self._received[entry] = replace(before, sent=before.sent + len(chunk))
            yield chunk


def _properties(entity_type: str, recipe: Recipe) -> tuple[str, tuple[str, ...]]:
    """Give what the scope of a type is made of: its name on the wire, and all ids of the hotels."""
    group = hotel.group_of(recipe.rows, recipe.seed)
    if load_schema(entity_type).scope == "chain":
        return "ChainIds", group.chain_ids
    return "EnterpriseIds", group.enterprise_ids


def _wire(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _without_tokens(body: str) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    return {key: value for key, value in data.items() if not key.endswith("Token")}
