"""Secrets do not show themselves."""

import copy
import logging
import pickle
import traceback

import pytest
from support.tracebacks import shown

from mews_frames._redact import (
    Secret,
    hide_links_in_logs,
    without_frames,
    without_queries,
    without_query,
)

CANARY = "canary-5up3r53cr3t"


def test_a_secret_shows_itself_only_when_it_is_revealed():
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    shown = [repr(secret), str(secret), f"{secret}", repr([secret]), repr({"token": secret})]
    assert CANARY not in "".join(shown)
    assert CANARY not in repr([getattr(secret, name, None) for name in dir(secret)])


def test_what_is_done_with_a_secret_comes_back():
    assert Secret(CANARY).use(len) == len(CANARY)


def fail_twice(text):
    try:
        int("no number", base=len(text))
    except ValueError as error:
        raise RuntimeError("on top of another") from error


def interrupt(text):
    raise KeyboardInterrupt


def without(do):
    return without_frames(lambda: do(CANARY))


@pytest.mark.parametrize("do", [fail_twice, interrupt])
@pytest.mark.parametrize("where", [Secret(CANARY).use, without])
def test_what_fails_with_a_secret_in_hand_does_not_show_it(do, where):
    with pytest.raises((RuntimeError, KeyboardInterrupt)) as caught:
        where(do)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.traceback[-1].name == "without_frames"
    assert not [text for text in shown(caught.value) if CANARY in text]


def test_a_secret_does_not_pickle_or_copy():
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="are not pickled"):
            leave(Secret(CANARY))


def test_a_traceback_with_variables_does_not_show_a_secret():
    def fail(token):
        raise ValueError("something else")

    try:
        fail(Secret(CANARY))
    except ValueError as error:
        seen = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert CANARY not in "".join(seen.format())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://host/part-1.jsonl?sig={CANARY}", "https://host/part-1.jsonl"),
        (f"https://user:{CANARY}@host/path#{CANARY}", "https://host/path"),
        (f"http://host?{CANARY}", "http://host"),
        (f"sftp://user:{CANARY}/{CANARY}@host/path", "sftp://...@host/path"),
        (f"sftp://user:{CANARY}#{CANARY}@host/path", "sftp://..."),
        (f"sftp://user:{CANARY}?{CANARY}@host/path", "sftp://..."),
        (f"https://host:443/part?sig=a@{CANARY}", "https://..."),
        (f"user:{CANARY}@host", "host"),
        (f"https://user:{CANARY}@[::1/path", "https://[::1/path"),
        ("s3://bucket/a@b/c", "s3://bucket/a@b/c"),
        ("/relative/a@b", "/relative/a@b"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(url, shown):
    assert without_query(url) == shown


def test_links_in_a_text_lose_their_queries():
    text = f"see https://host/a?sig={CANARY} and 'http://host/b?x={CANARY}', is that right? yes"
    cut = "see https://host/a?... and 'http://host/b?...', is that right? yes"
    assert without_queries(text) == cut


def test_links_in_a_text_lose_fragments_and_passwords():
    text = f"part #3 of https://host/a#{CANARY} by https://user:{CANARY}@host/b, or /c?{CANARY}"
    assert without_queries(text) == "part #3 of https://host/a#... by https://host/b, or /c?..."


def test_the_logs_of_the_http_library_lose_queries(caplog):
    hide_links_in_logs()
    hide_links_in_logs()
    with caplog.at_level(logging.DEBUG):
        for name in ("httpx", "httpcore.connection", "httpcore.http11"):
            logging.getLogger(name).info('GET %s "200 OK"', f"https://host/part?sig={CANARY}&se=1")
            logging.getLogger(name).info("GET %s", f"https://user:{CANARY}@host/#{CANARY}")
    assert CANARY not in caplog.text
    assert "https://host/part?..." in caplog.text
    assert len(logging.getLogger("httpx").filters) == 1
