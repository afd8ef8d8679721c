"""Nothing that comes over the wire, or in a URL, names a file unless it is a UUID."""

import dataclasses
import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mews_frames as mf
from mews_frames import errors
from mews_frames._bridges.paths import MissingError, part_path, read_path
from mews_frames._cache.layout import Layout
from mews_frames._models import Seen, is_uuid
from mews_frames._sandbox.rules import Mews

GOOD = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
ROOT = Path("/cache")

STRANGE = "\u0663\uff13\u56db\U0001d7d1\u0430\u0391f\uff0d\u2013\u2014\u0131K_/.\\\0 g%{}"
"""Digits, letters and dashes of other scripts, and what means something in a path."""

# 36 characters that look like a UUID: some of them other digits, letters or dashes.
LOOK_ALIKES = st.lists(st.tuples(st.integers(0, 35), st.sampled_from(STRANGE)), max_size=4).map(
    lambda changes: "".join(dict(changes).get(at, char) for at, char in enumerate(GOOD))
)

HOSTILE = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: str(one).upper()),
    st.uuids().map(lambda one: one.hex),
    st.uuids().map(lambda one: one.urn),
    st.uuids().map(lambda one: f"{{{one}}}"),
    LOOK_ALIKES,
    st.text(max_size=40),
    st.lists(st.sampled_from(["..", "/", "\\", GOOD, "\0", "~", "C:", "."]), max_size=6).map(
        "".join
    ),
    st.sampled_from([f"{GOOD}/../../x", f"../{GOOD}", f"{GOOD}\n", f" {GOOD}", f"{GOOD}\0.json"]),
)


def lies_in_its_place(path, export_id):
    return path.parent == ROOT / "v1" / "exports" / export_id and ".." not in path.parts


@given(HOSTILE | st.integers() | st.none() | st.lists(st.text()))
def test_an_id_from_the_wire_is_a_uuid_or_an_error(wire_id):
    wire = {"Id": wire_id, "Status": "Pending", "EntityType": "Bill"}
    try:
        export_id = Seen.from_wire(wire).export.id
    except errors.ServerError:
        return
    assert str(uuid.UUID(export_id)) == export_id
    assert lies_in_its_place(Layout(ROOT).manifest(export_id), export_id)


@given(HOSTILE)
def test_only_a_uuid_becomes_a_folder(text):
    layout = Layout(ROOT)
    try:
        paths = [layout.manifest(text), layout.part(text, 1), layout.partial(text, 1)]
    except errors.CacheError:
        assert not is_uuid(text)
        return
    assert text.isascii()
    assert all(lies_in_its_place(path, str(uuid.UUID(text))) for path in paths)


@given(HOSTILE)
def test_only_a_uuid_is_the_id_of_an_export_to_load(text):
    if is_uuid(text):
        return
    with (
        mf.Client("a-token", "another", cache_dir="/nowhere") as client,
        pytest.raises(errors.InvalidArgumentError, match="no UUID"),
    ):
        client.load_export(text)


@given(HOSTILE, st.sampled_from(["", "/", "/part-00001.jsonl"]) | HOSTILE.map("/{}".format))
def test_a_path_of_mews_is_an_export_or_a_part_or_missing(export_id, rest):
    try:
        where = read_path(export_id + rest)
    except MissingError:
        return
    if where.export_id is None:
        assert not (export_id + rest).strip("/")
        return
    assert str(uuid.UUID(where.export_id)) == where.export_id
    assert where.number is None or where.number >= 1


@given(st.integers(-(10**30), 10**30))
def test_the_number_of_a_part_is_one_that_a_path_can_have(number):
    try:
        where = read_path(part_path(GOOD, number))
    except MissingError:
        assert number < 1 or number > 999_999_999
        return
    assert (where.export_id, where.number) == (GOOD, number)


@given(
    st.sampled_from(
        [
            "part-\u0660\u0660\u0660\u0660\u0661.jsonl",
            "part-00001.jsonl\n",
            "part-+0001.jsonl",
            "part-0x001.jsonl",
        ]
    )
)
def test_digits_of_other_scripts_are_no_number(name):
    with pytest.raises(MissingError):
        read_path(f"{GOOD}/{name}")


@pytest.mark.parametrize("size", [-1, 1.5, "10", None, [], 1e400])
def test_a_size_that_is_none_is_an_error(size):
    file = {"Url": "https://files.example/1", "SizeInBytes": size}
    wire = {"Id": GOOD, "Status": "Success", "EntityType": "Bill", "Files": [file]}
    with pytest.raises(errors.ServerError):
        Seen.from_wire(wire)


@pytest.mark.parametrize(
    "wire_id", ["../../../escaped", f"{GOOD}/..", "/etc/passwd", "..\\..\\escaped", f"{GOOD}\0"]
)
def test_a_hostile_id_leaves_nothing_anywhere(wire_id, tmp_path, clock, monkeypatch):
    answer = Mews.answer

    def hostile(mews, request):
        given = answer(mews, request)
        if request.operation != "add":
            return given
        body = json.loads(given.body)
        body["Export"]["Id"] = wire_id
        data = json.dumps(body).encode()
        return dataclasses.replace(given, body=data, length=len(data))

    monkeypatch.setattr(Mews, "answer", hostile)
    with mf.sandbox(rows=20, clock=clock) as mews:
        client = mews.client(cache_dir=tmp_path / "a" / "b" / "cache")
        with pytest.raises(errors.MewsError):
            client.load_entities("OrderItem", progress=False, timeout=60)
    names = {path.name for path in tmp_path.rglob("*")} - {"home", "a", "b", "cache", "v1"}
    allowed = {"CACHEDIR.TAG", "requests", "locks", "exports"}
    assert not [name for name in names - allowed if not name.endswith((".json", ".lock"))]
    assert not [name for name in names if "escaped" in name or "passwd" in name]
