"""Turn answers of Mews into values or errors; nothing but status and text to go by."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mews_frames._redact import Secret, without_queries, without_query
from mews_frames._retry import read_retry_after
from mews_frames.errors import (
    AuthenticationError,
    ConnectorError,
    ExportAlreadyRunningError,
    RateLimitedError,
    RequestRejectedError,
    ServerError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from mews_frames._connector.http import Answer

__all__ = ["OK", "error_of", "read_answer"]

OK = 200
"""The only good status (guidelines/requests.md)."""

# Mews has no machine-readable codes, and the text of this refusal is not documented
# (use-cases/data-export.md says only that it is a 400): so any text that speaks of running. What
# begins with "Invalid" speaks of a parameter (guidelines/responses.md), whatever else it says.
_RUNNING = re.compile(
    r"^(?!: invalid ).*(?:already|running|in progress|pending|processing|another|one export"
    r"|only one|unfinished|duplicate|in flight|concurrent|(?<!not )\bactive\b|\bexists\b"
    r"|not (?:yet )?(?:finished|complete))",
    re.IGNORECASE,
)

LONGEST_MESSAGE = 500
"""Characters of a message of Mews that an error quotes."""

_HINTS = {
    404: "is the platform address right? Mews answers so to addresses that it does not know",
    407: "the proxy between here and Mews wants a login: HTTPS_PROXY may hold user and password",
    410: "Mews has discontinued this operation; a newer mews_frames may know what replaces it",
    413: "ask for less at once: fewer enterprise_ids or chain_ids",
}
"""What to do about some refusals, by status (guidelines/responses.md)."""


def read_answer(answer: Answer, asked: str, now: datetime) -> dict[str, Any]:
    """Read the JSON object of a good answer.

    Parameters
    ----------
    answer
        As it came.
    asked
        What was asked for, such as ``exports/add of OrderItem``: errors name it.
    now
        For ``Retry-After`` dates.

    Raises
    ------
    AuthenticationError, RequestRejectedError, RateLimitedError, ServerError
        For every other answer.
    """
    if answer.status != OK:
        raise error_of(answer, asked, now)
    data = _json(answer)
    if not isinstance(data, dict):
        raise ServerError(
            f"{asked} was answered with something that is not a JSON object",
            hint="is the platform address right? a proxy may have answered instead of Mews",
            status=answer.status,
            request_id=_request_id(answer, {}),
        )
    return data


def error_of(answer: Answer, asked: str, now: datetime) -> ConnectorError:
    """Make the error that an answer stands for (guidelines/responses.md)."""
    data = _json(answer)
    body = data if isinstance(data, dict) else {}
    request_id = _request_id(answer, body)
    status, said = answer.status, _said(body)
    http = f"HTTP {status}, request {request_id}" if request_id else f"HTTP {status}"
    pause = read_retry_after(answer.headers.get("Retry-After"), now)
    facts: dict[str, Any] = {"status": status, "request_id": request_id}
    refused = f"Mews refused {asked} ({http}){said}"
    if status == 401:  # noqa: PLR2004
        return AuthenticationError(
            refused,
            hint="are both tokens right, for this platform address, and has Mews' support enabled"
            " exports for this integration?",
            **facts,
        )
    if status == 429:  # noqa: PLR2004
        wait = "" if pause is None else f"; it asks to wait {pause:.0f} s"
        return RateLimitedError(
            f"Mews received too many requests to answer {asked} ({http}){wait}",
            hint="Mews allows 200 requests in 30 s for each access token; other programs count too",
            retry_after=pause,
            **facts,
        )
    if status >= 500 or status == 408 or status < 400:  # noqa: PLR2004
        return ServerError(
            f"{asked} was answered with {http}{_led_to(answer)}{said}",
            hint=_server_hint(status),
            retry_after=pause,
            **facts,
        )
    if status == 400 and asked.startswith("exports/add") and _RUNNING.search(said):  # noqa: PLR2004
        return ExportAlreadyRunningError(
            refused, hint="it ends by itself: try again later, or give more timeout", **facts
        )
    is_add = asked.startswith("exports/add")
    return RequestRejectedError(refused, hint=_refusal_hint(status, said, is_add=is_add), **facts)


def _refusal_hint(status: int, said: str, *, is_add: bool) -> str:
    if status in _HINTS and (is_add or status != 413):  # noqa: PLR2004
        return _HINTS[status]
    if not said:
        return "Mews gives reasons: did a proxy answer instead?"
    other = "; if an export of this type may run elsewhere, try again later" if is_add else ""
    return f"the message is Mews' own{other}"


def _server_hint(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004
        return "redirects are not followed, since the tokens would travel along"
    if status < 300:  # noqa: PLR2004
        return "is the platform address right? Mews answers 200 with JSON"
    if status == 408:  # noqa: PLR2004 - guidelines/responses.md
        return "the request was too heavy for Mews: a shorter window, or fewer enterprise_ids"
    return "the fault is at Mews; try again later, and tell Mews' support the request id"


def _led_to(answer: Answer) -> str:
    location = answer.headers.get("Location")
    return f", a redirect to {without_query(location)!r}" if location else ""


def _said(body: dict[str, Any]) -> str:
    """Quote the message of Mews on one line, without links and what could control a terminal."""
    text = _on_one_line(body.get("Message"), LONGEST_MESSAGE)
    return f": {text}" if text else ""


def _on_one_line(value: Any, most: int) -> str:
    words = " ".join(without_queries(str(value or "")).split())[:most]
    return "".join(c for c in words if c.isprintable())


def _json(answer: Answer) -> Any:
    try:
        return answer.body.use(lambda body: json.loads(body, object_hook=_hide_links))
    except (ValueError, RecursionError):
        return None


def _hide_links(data: dict[str, Any]) -> dict[str, Any]:
    """Make secrets of signed links before anybody gets to see them (operations/exports.md)."""
    return {name: Secret(value) if name == "Url" else value for name, value in data.items()}


def _request_id(answer: Answer, body: dict[str, Any]) -> str | None:
    value = answer.headers.get("Request-Id") or body.get("RequestId")
    return _on_one_line(value, most=100) or None
