"""The storage of the pretend Mews: signed links that die, ranges, and no tokens."""

import pytest
from support.door import ACCESS_TOKEN, CLIENT_TOKEN


def links_of(export):
    return [file["Url"] for file in export["Files"]]


def test_links_begin_with_the_platform_address(door):
    assert all(link.startswith(door.mews.address + "/") for link in links_of(door.finish()))


def test_every_look_makes_new_links_and_the_old_ones_go_on_working(door):
    export = door.finish()
    again = door.look(export["Id"])
    assert not set(links_of(export)) & set(links_of(again))
    bodies = [door.http.get(links_of(each)[0]).content for each in (export, again)]
    assert bodies[0] == bodies[1] != b""


def test_a_link_works_for_10_minutes_and_no_longer(door):
    link = door.link()
    door.clock.sleep(599)
    assert door.http.get(link).status_code == 200
    door.clock.sleep(1)
    dead = door.http.get(link)
    assert dead.status_code == 403
    assert "xml" in dead.headers["Content-Type"]


def test_a_look_makes_links_for_an_export_whose_links_have_died(door):
    export = door.finish()
    door.clock.sleep(3600)
    assert door.http.get(links_of(door.look(export["Id"]))[0]).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.partition("?")[0],
        lambda link: link.replace("-1.jsonl", "-2.jsonl"),
        lambda link: link.replace("se=2026", "se=2027"),
        lambda link: link.replace("sp=r", "sp=rw"),
        lambda link: link.replace("once=", "once=0"),
        lambda link: link.replace("sig=", "sig=0"),
        lambda link: link + "%C3%A9",
        lambda link: link.replace("sig=", "signature="),
        lambda link: link + "&sig=0",
        lambda link: link.replace(".jsonl", ".json"),
        lambda link: link.replace("se=2026", "se=soon"),
    ],
)
def test_a_link_that_was_changed_does_not_work(door, change):
    link = door.link()
    assert change(link) != link
    assert door.http.get(change(link)).status_code == 403


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
def test_a_link_is_good_for_get_alone(door, method):
    assert door.http.request(method, door.link()).status_code == 403


@pytest.mark.parametrize("token", [CLIENT_TOKEN, ACCESS_TOKEN])
def test_tokens_have_no_business_at_the_storage(door, token):
    link = door.link()
    assert door.http.get(link).status_code == 200
    escaped = token.replace("M", "%4D")
    for answer in (
        door.http.get(f"{link}&token={token}"),
        door.http.get(f"{link}&token={escaped}"),
        door.http.get(link, headers={"X-Token": f"Bearer {token}"}),
        door.http.get(link, headers={"Authorization": "Basic eDp5"}),
        door.http.request("GET", link, content=f'{{"AccessToken": "{token}"}}'),
    ):
        assert answer.status_code == 400


def test_the_files_of_an_expired_export_are_gone(open_door):
    door = open_door(duration=3.0)
    export = door.added()
    door.clock.sleep(3 + 7 * 86_400 - 1)
    link = links_of(door.look(export["Id"]))[0]
    door.clock.sleep(1)
    assert door.http.get(link).status_code == 404


# --------------------------------------------------------------------------- ranges


@pytest.fixture
def part(open_door):
    door = open_door(given={"OrderItem": [b"0123456789"]})
    link = door.link()

    def get(asked=None, **headers):
        if asked is not None:
            headers["Range"] = asked
        return door.http.get(link, headers=headers)

    return get


def test_a_whole_part_comes_with_length_and_etag(part):
    answer = part()
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].startswith('"')


@pytest.mark.parametrize(
    ("asked", "where", "body"),
    [
        ("bytes=0-", "0-9", b"0123456789"),
        ("bytes=4-", "4-9", b"456789"),
        ("bytes=4-6", "4-6", b"456"),
        ("bytes=4-4", "4-4", b"4"),
        ("bytes=4-99", "4-9", b"456789"),
        ("bytes=-3", "7-9", b"789"),
        ("bytes=-99", "0-9", b"0123456789"),
    ],
)
def test_a_range_is_answered_with_206_and_says_where_it_lies(part, asked, where, body):
    answer = part(asked)
    assert (answer.status_code, answer.content) == (206, body)
    assert answer.headers["Content-Range"] == f"bytes {where}/10"
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_beyond_the_part_is_answered_with_416_and_the_size(part, asked):
    answer = part(asked)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked",
    ["bytes=6-4", "bytes=-", "bytes=0-1,4-5", "lines=0-1", "bytes=x-", "bytes=" + "9" * 5000 + "-"],
)
def test_a_range_that_cannot_be_read_is_ignored(part, asked):
    assert (part(asked).status_code, part(asked).content) == (200, b"0123456789")


def test_if_range_gives_the_whole_of_another_version(part):
    etag = part().headers["ETag"]
    assert part("bytes=4-", **{"If-Range": etag}).content == b"456789"
    other = part("bytes=4-", **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, b"0123456789")


def test_the_etag_of_a_part_outlives_its_links_and_is_its_own(door):
    export = door.finish()
    again = door.look(export["Id"])
    etags = [
        [door.http.get(link).headers["ETag"] for link in links_of(each)] for each in (export, again)
    ]
    assert etags[0] == etags[1]
    assert len(set(etags[0])) == 4


def test_an_empty_part_is_a_part(open_door):
    door = open_door(given={"OrderItem": [b'{"Id": 1}\n', b"", b'{"Id": 2}']})
    export = door.finish()
    assert [file["SizeInBytes"] for file in export["Files"]] == [10, 0, 9]
    assert [door.http.get(link).content for link in links_of(export)] == [
        b'{"Id": 1}\n',
        b"",
        b'{"Id": 2}',
    ]
