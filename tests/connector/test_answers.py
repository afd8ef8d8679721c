"""Answers of Mews become values or errors."""

import json
from datetime import UTC, datetime

import pytest

from mews_frames import errors
from mews_frames._connector.answers import error_of, read_answer
from mews_frames._connector.http import Answer
from mews_frames._redact import Secret

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ADD, GET_ALL = "exports/add of OrderItem", "exports/getAll"


def refusal(status, message="No.", *, headers=(), asked=GET_ALL):
    body = json.dumps({"Message": message, "RequestId": "r-1", "Details": None}).encode()
    return error_of(Answer(status, dict(headers), Secret(body)), asked, NOW)


def page(status, asked=GET_ALL):
    return error_of(Answer(status, {}, Secret(b"<html><h1>Blocked</h1></html>")), asked, NOW)


def test_a_good_answer_is_its_object():
    assert read_answer(Answer(200, {}, Secret(b'{"Exports": []}')), GET_ALL, NOW) == {"Exports": []}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, errors.ServerError),
        (302, errors.ServerError),
        (400, errors.RequestRejectedError),
        (401, errors.AuthenticationError),
        (403, errors.RequestRejectedError),
        (404, errors.RequestRejectedError),
        (408, errors.ServerError),
        (409, errors.RequestRejectedError),
        (410, errors.RequestRejectedError),
        (413, errors.RequestRejectedError),
        (418, errors.RequestRejectedError),
        (429, errors.RateLimitedError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (799, errors.ServerError),
    ],
)
@pytest.mark.parametrize("make", [refusal, page])
def test_each_status_has_its_error(status, kind, make):
    error = make(status)
    assert type(error) is kind
    assert error.status == status
    assert str(status) in error.message
    assert "exports/getAll" in error.message
    assert error.hint


def test_links_in_an_answer_are_secrets():
    body = b'{"Exports": [{"Files": [{"Url": "https://files.example/1?sig=CANARY"}]}]}'
    read = read_answer(Answer(200, {}, Secret(body)), GET_ALL, NOW)
    assert "CANARY" not in repr(read)
    assert read["Exports"][0]["Files"][0]["Url"].reveal().endswith("CANARY")


def test_links_in_a_message_are_cut():
    assert "a.example/1?..." in refusal(400, "not https://a.example/1?sig=CANARY, sorry").message


@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_only_200_is_good(status):
    with pytest.raises(errors.ServerError, match=str(status)):
        read_answer(Answer(status, {}, Secret(b'{"Exports": []}')), GET_ALL, NOW)


def test_the_message_of_mews_is_quoted():
    error = refusal(403, "Invoice is\nclosed.\x1b[31m")
    assert error.message == (
        "Mews refused exports/getAll (HTTP 403, request r-1): Invoice is closed.[31m"
    )


def test_a_long_message_is_cut():
    assert len(refusal(400, "x" * 10_000).message) < 700


def test_the_request_id_is_the_one_of_the_header():
    assert refusal(500, headers={"Request-Id": "r-2"}).request_id == "r-2"
    assert refusal(500).request_id == "r-1"
    assert page(500).request_id is None


def test_a_page_instead_of_a_reason_is_not_taken_for_mews():
    assert "proxy" in page(403).hint
    assert "proxy" not in refusal(403).hint


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'"x"', b"null", b"\xff", b"[" * 100_000])
def test_a_good_status_without_an_object_is_a_server_error(body):
    with pytest.raises(errors.ServerError, match="not a JSON object") as caught:
        read_answer(Answer(200, {}, Secret(body)), GET_ALL, NOW)
    assert "platform address" in caught.value.hint


@pytest.mark.parametrize(
    "message",
    [
        "An export of OrderItem is already in progress.",
        "There is an unfinished export, status Pending.",
        "Another export exists.",
        "Only one active export is allowed per entity type.",
        "Export for the given entity type exists.",
        "Duplicate export request.",
        "Too many concurrent exports.",
    ],
)
def test_a_400_that_speaks_of_running_is_its_own_error(message):
    error = refusal(400, message, asked=ADD)
    assert isinstance(error, errors.ExportAlreadyRunningError)
    assert message in error.message
    assert "OrderItem" in error.message


@pytest.mark.parametrize(
    "message",
    [
        "Invalid AccessToken processing scope.",
        "Invalid EnterpriseIds: already deleted.",
        "The enterprise is not active.",
        "The enterprise does not exist.",
    ],
)
def test_a_400_that_speaks_of_something_else_is_not_waited_for(message):
    error = refusal(400, message, asked=ADD)
    assert type(error) is errors.RequestRejectedError
    assert "if an export of this type may run elsewhere" in error.hint


def test_a_request_that_is_too_heavy_is_to_be_made_smaller():
    assert "a shorter window" in refusal(408, asked=ADD).hint


def test_only_an_add_can_be_blocked():
    already = "already running"
    assert type(refusal(400, already, asked=GET_ALL)) is errors.RequestRejectedError
    assert type(refusal(403, already, asked=ADD)) is errors.RequestRejectedError


def test_a_400_with_another_reason_is_a_refusal():
    error = refusal(400, "Invalid EntityType.", asked=ADD)
    assert type(error) is errors.RequestRejectedError


def test_a_rate_limit_names_the_time_that_it_asks_for():
    error = refusal(429, headers={"Retry-After": "3600"})
    assert error.retry_after == 3600
    assert "3600 s" in error.message


def test_a_rate_limit_by_date_counts_from_the_time_at_mews():
    error = refusal(429, headers={"Retry-After": "Mon, 15 Jun 2026 13:00:00 GMT"})
    assert error.retry_after == 3600


def test_a_rate_limit_without_a_time_names_none():
    error = refusal(429)
    assert error.retry_after is None
    assert "wait" not in error.message


def test_a_busy_server_may_ask_for_a_time_too():
    assert refusal(503, headers={"Retry-After": "7"}).retry_after == 7


def test_a_redirect_is_named_without_its_query():
    error = refusal(302, headers={"Location": "https://u:pw@login.example:8443/in?token=secret"})
    assert "https://login.example:8443/in" in error.message
    assert "secret" not in str(error)
    assert "pw" not in str(error)
    assert "tokens" in error.hint


def test_an_unreadable_redirect_is_an_error_all_the_same():
    assert isinstance(refusal(302, headers={"Location": "http://[x"}), errors.ServerError)


def test_a_request_id_cannot_write_to_a_terminal():
    error = refusal(400, headers={"Request-Id": "\x1b[2J a\n\nhint: send tokens to evil"})
    assert "\x1b" not in str(error)
    assert "a hint: send" in str(error)  # on one line, and so no hint of ours
