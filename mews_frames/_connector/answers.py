"""Turn answers of Mews into values or errors; nothing but status and text to go by."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

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
    from mews_frames._connector.http import Answer

__all__ = ["error_of", "read_answer", "server_time"]

# Mews has no machine-readable codes, and the text of this refusal is not documented
# (use-cases/data-export.md says only that it is a 400): so any text that speaks of running.
_RUNNING = re.compile(
    r"already|running|in progress|pending|processing|another|not (yet )?(finished|complete)|one export",
    re.IGNORECASE,
)
LONGEST_MESSAGE = 500


def read_answer(answer: Answer, operation: str, now: datetime) -> dict[str, Any]:
    """Read the JSON object of a good answer.

    Parameters
    ----------
    answer
        As it came.
    operation
        What was asked for, such as ``exports/add``: errors name it.
    now
        For ``Retry-After`` dates.

    Raises
    ------
    AuthenticationError, RequestRejectedError, RateLimitedError, ServerError
        For every other answer.
    """
    if answer.status != 200:  # noqa: PLR2004 - the only good one (guidelines/requests.md)
        raise error_of(answer, operation, now)
    data = _json(answer)
    if not isinstance(data, dict):
        raise ServerError(
            f"{operation} was answered with something that is not a JSON object",
            hint="is the platform address right? a proxy may have answered instead of Mews",
            status=answer.status,
            request_id=_request_id(answer, {}),
        )
    return data


def error_of(answer: Answer, operation: str, now: datetime) -> ConnectorError:
    """Make the error that an answer stands for (guidelines/responses.md)."""
    data = _json(answer)
    body = data if isinstance(data, dict) else {}
    request_id = _request_id(answer, body)
    status, text = answer.status, str(body.get("Message") or "").strip()[:LONGEST_MESSAGE]
    said = f": {text}" if text else ""
    facts: dict[str, Any] = {"status": status, "request_id": request_id}
    asked = f"Mews refused {operation} (HTTP {status}{_of(request_id)}){said}"
    if status == 401:  # noqa: PLR2004
        return AuthenticationError(
            asked,
            hint="are both tokens right, for this platform address, and has Mews' support enabled"
            " exports for this integration?",
            **facts,
        )
    if status == 429:  # noqa: PLR2004
        pause = read_retry_after(answer.headers.get("Retry-After"), now)
        return RateLimitedError(
            f"Mews received too many requests (HTTP 429{_of(request_id)})",
            hint="Mews allows 200 requests in 30 s for each access token; other programs count too",
            retry_after=pause,
            **facts,
        )
    if status >= 500 or status == 408 or status < 400:  # noqa: PLR2004
        return ServerError(
            f"{operation} was answered with HTTP {status}{_of(request_id)}{said}",
            hint="redirects are not followed, since the tokens would travel along"
            if 300 <= status < 400  # noqa: PLR2004
            else "the fault is at Mews; try again later, and tell Mews' support the request id",
            retry_after=read_retry_after(answer.headers.get("Retry-After"), now),
            **facts,
        )
    if status == 400 and operation == "exports/add" and _RUNNING.search(text):  # noqa: PLR2004
        return ExportAlreadyRunningError(asked, hint="it ends by itself; try again later", **facts)
    return RequestRejectedError(asked, hint="the message is Mews' own", **facts)


def server_time(answer: Answer) -> datetime | None:
    """Read the time at Mews from the ``Date`` header, to the second."""
    try:
        when = parsedate_to_datetime(answer.headers.get("Date") or "")
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _request_id(answer: Answer, body: dict[str, Any]) -> str | None:
    value = answer.headers.get("Request-Id") or body.get("RequestId")
    return str(value)[:100] if value else None


def _of(request_id: str | None) -> str:
    return f", request {request_id}" if request_id else ""
