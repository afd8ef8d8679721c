"""Signed links: renewed for all parts in one flight."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mews_frames._exports.links import TRUSTED_FOR, Link, Links
from mews_frames._models import Export, ExportFile, Seen
from mews_frames._redact import Secret
from mews_frames.errors import ExportExpiredError, IntegrityError

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
FILES = (ExportFile(1, 10), ExportFile(2, 20))


def seen(generation, *, status="Success", files=FILES):
    links = [Secret(f"https://files.example/{file.number}?sig={generation}") for file in files]
    return Seen(Export(ID, status, "Bill", files=files), tuple(links))


@pytest.fixture
def make(clock):
    """Make links that count how often Mews is asked for new ones."""

    def links(*answers):
        looks = iter(answers)
        made = Links(seen(1), lambda: next(looks), clock)
        made.left = looks
        return made

    return links


def test_young_links_are_given_as_they_came(make, clock):
    links = make()
    clock.sleep(TRUSTED_FOR)
    assert [links.get(n).url.reveal()[-5:] for n in (1, 2)] == ["sig=1", "sig=1"]


def test_links_are_renewed_before_they_die(make, clock):
    links = make(seen(2))
    clock.sleep(TRUSTED_FOR + 1)
    assert [links.get(n).url.reveal() for n in (1, 2)] == [
        "https://files.example/1?sig=2",
        "https://files.example/2?sig=2",
    ]


def test_an_export_of_another_time_is_looked_at_when_a_link_is_needed(clock):
    asked = []

    def look():
        asked.append(1)
        return seen(2)

    links = Links(Seen(seen(1).export), look, clock)
    assert asked == []
    assert [links.get(n).url.reveal()[-5:] for n in (1, 2)] == ["sig=2", "sig=2"]
    assert asked == [1]


def test_renewed_links_are_young_again(make, clock):
    links = make(seen(2), seen(3))
    clock.sleep(TRUSTED_FOR + 1)
    links.get(1)
    clock.sleep(TRUSTED_FOR)
    assert links.get(1).url.reveal().endswith("2")
    clock.sleep(1)
    assert links.get(1).url.reveal().endswith("3")


def test_links_are_trusted_for_less_than_they_live():
    assert TRUSTED_FOR < 600


def test_a_refused_link_renews_them_all_once(make):
    links = make(seen(2))
    old = links.get(1), links.get(2)
    for link in old:
        links.refused(link)
    assert links.get(2).url.reveal().endswith("2")


def test_many_threads_ask_mews_once(clock):
    asked, all_there, another = [], threading.Barrier(8), threading.Event()

    def look():
        asked.append(1)
        if len(asked) > 1:
            another.set()
        another.wait(0.2)  # s of real time: enough for a second look, if there could be one
        return seen(2)

    links = Links(seen(1), look, clock)
    old = links.get(1)

    def refuse():
        all_there.wait()
        links.refused(old)
        return links.get(2).generation

    with ThreadPoolExecutor(8) as threads:
        generations = {f.result() for f in [threads.submit(refuse) for _ in range(8)]}
    assert asked == [1]
    assert generations == {2}


@pytest.mark.parametrize(
    ("answer", "says"),
    [(None, "unknown to Mews"), (seen(2, status="Expired", files=()), "is Expired")],
)
def test_an_export_that_is_gone_is_an_error(make, answer, says):
    links = make(answer)
    with pytest.raises(ExportExpiredError, match=says) as caught:
        links.refused(links.get(1))
    assert caught.value.export_id == ID
    assert "refresh=True" in caught.value.hint


@pytest.mark.parametrize("files", [FILES[:1], (ExportFile(1, 11), FILES[1])])
def test_files_that_change_meanwhile_are_an_error(make, files):
    links = make(seen(2, files=files))
    with pytest.raises(IntegrityError, match="changed"):
        links.refused(links.get(1))


def test_a_link_does_not_show_itself():
    assert "sig" not in repr(Link(Secret("https://files.example/1?sig=1"), 1))
