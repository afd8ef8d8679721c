"""Links that die before, during and after, over real sockets: nothing lost, one renewal for all."""

import threading

import pytest
from support.shop import ROWS, meeting
from support.troubles import cut, fine, late, saying, together

import mews_frames as mf
from mews_frames import errors
from mews_frames.testing import ExpireUrls, FakeClock, NoRange

REFUSAL = b'<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Sig>CANARY</Sig></Error>'
SAYS_XML = {"Content_Type": "application/xml"}


@pytest.fixture(scope="module")
def clean():
    """What every load must come to."""
    with mf.sandbox(rows=ROWS, clock=FakeClock()) as mews:
        return mews.client().load_entities("OrderItem", progress=False).collect()


@pytest.fixture
def meet(monkeypatch, clock):
    def open_one(*troubles, **options):
        return meeting(monkeypatch, clock, *troubles, **options)

    return open_one


def test_links_that_expired_before_use_are_renewed_once_for_all(meet, clean):
    both = threading.Barrier(2)  # parts that are brought at a time: neither has a new link yet
    expired = ExpireUrls(0, times=1)
    with meet(together(both), together(both), faults=[expired], parts=6) as met:
        assert met.load().equals(clean)
        assert met.statuses == [200] * 6 + [403] * 2
        assert met.renewals == 1
        met.check()


def test_links_that_expire_while_they_queue_are_renewed_once_for_all(meet, clean, clock):
    """The first part takes longer than the links of those behind it live."""
    expire = ExpireUrls(after=60, times=1)
    with meet(late(clock, 61), faults=[expire], parts=6) as met:
        assert met.load().equals(clean)
        assert met.renewals == 1
        assert set(met.statuses) == {200, 403}
        met.check()


def test_links_that_are_known_to_be_old_are_not_even_tried(meet, clean, clock):
    both = threading.Barrier(2)  # twice: time passes when both were asked, and before any answer
    passing = together(both, late(clock, 700, together(both)))
    with meet(passing, together(both, together(both)), parts=6) as met:
        assert met.load().equals(clean)
        assert met.statuses == [200] * 6
        assert met.renewals == 1
        met.check()


def test_a_link_that_dies_half_way_is_renewed_and_gone_on_with(meet, clean, clock):
    dies = ExpireUrls(after=60, times=1)
    with meet(late(clock, 61, cut(5000)), faults=[dies], parts=1) as met:
        assert met.load().equals(clean)
        assert met.statuses == [200, 206, 403]
        assert met.ranges == ["bytes=5000-"] * 2
        assert met.renewals == 1
        met.check()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_a_storage_says_of_a_dead_link_is_not_taken_for_a_part(meet, clean, status):
    with meet(saying(status, body=REFUSAL, **SAYS_XML)) as met:
        assert met.load().equals(clean)
        assert met.renewals == 1
        met.check()


def test_links_that_never_work_are_one_error_soon(meet, clock):
    refused = saying(403, body=REFUSAL, **SAYS_XML)
    with meet(always=refused) as met:
        with pytest.raises(errors.DownloadError, match="the link was refused") as caught:
            met.load()
        assert "CANARY" not in str(caught.value)
        assert not any(entry.complete for entry in met.client.cache.entries())
        assert clock.monotonic() < 300


def test_a_storage_that_ignores_ranges_is_read_from_the_start(meet, clean):
    with meet(cut(5000), faults=[NoRange()], parts=1) as met:
        assert met.load().equals(clean)
        assert met.statuses == [200, 200]
        assert met.ranges == ["bytes=5000-"]
        met.check()


@pytest.mark.parametrize(
    "unfit",
    [
        saying(Content_Range="bytes 5000-5999/6000"),
        saying(Content_Range="bytes 0-999/1000"),
        saying(Content_Range="what?"),
        saying(ETag='"another"'),
        saying(416),
    ],
    ids=["other total", "other range", "no range", "other version", "refused"],
)
def test_a_rest_of_something_else_is_not_taken_for_the_rest(meet, clean, unfit):
    with meet(cut(5000), unfit, parts=1) as met:
        assert met.load().equals(clean)
        assert met.statuses == [200, 200, 206]
        met.check()


def test_another_version_of_the_whole_part_is_an_error_and_no_mixture(meet):
    """Its first 5,000 bytes are in the hands of the decoder: they cannot be taken back."""

    def swap(body):
        return body.replace(b'"Id"', b'"iD"')

    other = saying(416), saying(200, ETag='"another"')
    with meet(cut(5000), *other, parts=1) as met:
        assert met.load().height == ROWS  # the same bytes under another name are fine
    with meet(cut(5000), saying(416), _swapped(swap), parts=1) as met:
        with pytest.raises(errors.IntegrityError, match=r"part 1 of export .* with other bytes"):
            met.load()
        assert not list(met.client.cache.path.rglob("*.partial"))  # nor gone on with later
        assert met.load().height == ROWS


def _swapped(change):
    from support.troubles import changed

    return changed(change, ETag='"another"')


def test_a_part_that_was_fine_is_not_fetched_again(meet, clean):
    with meet(fine, fine, saying(403, body=REFUSAL)) as met:
        assert met.load().equals(clean)
        assert len(met.downloads) == 4
