"""How the pretend Mews words its answers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mews_frames._sandbox.values import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mews_frames.testing import Refuse

__all__ = ["error_answer", "json_answer", "refused_answer", "xml_answer"]


def json_answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Make an answer with a JSON body."""
    body = json.dumps(content, separators=(",", ":")).encode()
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(status, kind | dict(headers or {}), body, len(body))


def error_answer(
    status: int, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Make an error as Mews does: Mews docs, guidelines/responses.md."""
    content = {"Message": message, "RequestId": request_id, "Details": None}
    return json_answer(status, content, headers)


def xml_answer(status: int, code: str, message: str) -> Answer:
    """Make an error as storages do."""
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    ).encode()
    return Answer(status, {"Content-Type": "application/xml"}, body, len(body))


def refused_answer(refusal: Refuse, request: Request, request_id: str) -> Answer:
    """Make the answer that a fault asks for."""
    headers = dict(refusal.headers)
    if refusal.retry_after is not None:
        headers["Retry-After"] = _seconds(refusal.retry_after)
    message = f"The sandbox was told to answer {refusal.status}."
    if refusal.body is not None:
        body = refusal.body.encode() if isinstance(refusal.body, str) else refusal.body
        kind = {"Content-Type": refusal.content_type}
        answer = Answer(refusal.status, kind, body, len(body))
    elif request.operation == "download":
        answer = xml_answer(refusal.status, "Refused", message)
    else:
        answer = error_answer(refusal.status, message, request_id)
    return replace(answer, headers={**answer.headers, **headers})


def _seconds(pause: float | str) -> str:
    # RFC 9110, section 10.2.3: whole seconds, or a date
    return pause if isinstance(pause, str) else str(math.ceil(pause))
