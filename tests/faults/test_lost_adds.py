"""An add whose answer is lost: the user is told, and two exports never run at a time.

Mews got the request, and something between ate the answer: the connection, a gateway, a proxy.
"""

import pytest
from support.mortal import Hurried

import mews_frames as mf
from mews_frames._sandbox.rules import Mews
from mews_frames._sandbox.values import Answer, ConnectionCutError
from mews_frames.errors import ServerError

TAKES = 0.3
"""Seconds that an export runs."""

INSTEAD = {
    "cut": None,
    "408": Answer(408, {"Content-Type": "text/html"}, b"<p>late</p>", 11),
    "500": Answer(500, {"Content-Type": "application/json"}, b"{}", 2),
    "503": Answer(503, {"Content-Type": "text/html"}, b"<p>down</p>", 11),
    "proxy": Answer(200, {"Content-Type": "text/html"}, b"<p>sign in</p>", 14),
}


@pytest.fixture
def mews():
    with mf.sandbox(rows=30, duration=TAKES) as opened:
        yield opened


@pytest.fixture
def lose(monkeypatch):
    """Have the first answer to an add that Mews takes replaced by another one."""

    def replace(instead):
        answer, lost = Mews.answer, []

        def answer_or_not(self, request):
            given = answer(self, request)
            if request.operation != "add" or given.status != 200 or lost:
                return given
            lost.append(request)
            if instead is None:
                raise ConnectionCutError
            return instead

        monkeypatch.setattr(Mews, "answer", answer_or_not)

    return replace


def load(mews, folder, hear=None, **options):
    with mews.client(cache_dir=folder, clock=Hurried()) as client:
        return client.load_entities("OrderItem", progress=hear or False, **options).collect()


def statuses(mews):
    return [r.status for r in mews.requests if r.operation == "add"]


@pytest.mark.parametrize("how", ["cut", "408", "500", "503"])
def test_the_same_call_makes_up_for_it(mews, lose, tmp_path, how):
    lose(INSTEAD[how])
    events = []
    assert load(mews, tmp_path, events.append).height == 30
    said = statuses(mews)
    assert said.count(200) == 2  # one is wasted; Mews takes the other only after its end
    assert set(said[1:-1]) == {400}
    notes = [event.message for event in events if event.stage == "note"]
    assert any("may have been added all the same" in note for note in notes)
    assert any("waiting for the end of that export" in note for note in notes)


def test_an_answer_that_is_no_answer_is_told_and_made_up_for_by_the_next_call(mews, lose, tmp_path):
    lose(INSTEAD["proxy"])
    with pytest.raises(ServerError) as caught:
        load(mews, tmp_path)
    assert "hint:" in str(caught.value)
    events = []
    assert load(mews, tmp_path, events.append).height == 30
    assert any("may have left an export" in event.message for event in events)
    assert statuses(mews).count(200) == 2
    assert load(mews, tmp_path).height == 30
    assert statuses(mews).count(200) == 2


def test_what_mews_refused_is_not_called_lost(mews, tmp_path, monkeypatch):
    answer, refused = Mews.answer, []

    def refuse_once(self, request):
        if request.operation == "add" and not refused:
            refused.append(request)
            return Answer(429, {"Content-Type": "application/json", "Retry-After": "1"}, b"{}", 2)
        return answer(self, request)

    monkeypatch.setattr(Mews, "answer", refuse_once)
    events = []
    assert load(mews, tmp_path, events.append).height == 30
    notes = [event.message for event in events if event.stage == "note"]
    assert not any("may have been added" in note for note in notes)
    assert any("no export was added" in note for note in notes)
