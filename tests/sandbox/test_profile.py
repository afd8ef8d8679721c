"""The profile ``sandbox``: a Mews without sockets, whose exports several processes see."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import mews_frames as mf
from mews_frames._sandbox import profile_transport
from mews_frames.testing import FakeClock

TOKENS = {"client_token": "MADE-UP-ONE", "access_token": "MADE-UP-TWO"}
ENVELOPE = {"ClientToken": "MADE-UP-ONE", "AccessToken": "MADE-UP-TWO", "Client": "tests"}
ADDRESS = "https://sandbox.invalid"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args):
        raise AssertionError("a socket was used")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture
def open_client(tmp_path):
    with_clock = FakeClock()
    opened = []

    def open_one():
        opened.append(mf.Client(profile="sandbox", cache_dir=tmp_path / "mine", clock=with_clock))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


def post(http, operation, **body):
    return http.post(f"{ADDRESS}/api/connector/v1/exports/{operation}", json=ENVELOPE | body)


def test_it_loads_without_account_and_without_network(open_client, no_network):
    frame = open_client().load_entities("Company", backend="pyarrow", progress=False)
    assert frame.num_rows > 0


def test_its_exports_live_beside_the_cache(open_client, tmp_path):
    export = open_client().start_export("Company")
    assert (tmp_path / "mine-sandbox" / "exports" / export.id / "export.json").is_file()


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_only_this_user_can_enter_where_they_live(open_client, tmp_path):
    umask = os.umask(0)
    try:
        open_client().load_entities("Bill", progress=False)
    finally:
        os.umask(umask)
    assert (tmp_path / "mine-sandbox").stat().st_mode & 0o777 == 0o700


def test_another_client_finds_what_one_has_added(open_client):
    export = open_client().start_export("Company")
    assert open_client().load_export(export.id, backend="pyarrow", progress=False).num_rows > 0


def test_a_closed_client_that_is_used_again_is_answered_again(open_client):
    client = open_client()
    client.load_entities("Company", progress=False)
    client.close()
    frame = client.load_entities("Company", backend="pyarrow", refresh=True, progress=False)
    assert frame.num_rows > 0


PROCESS = """
import sys
import httpx
from pathlib import Path
from mews_frames._clock import SystemClock
from mews_frames._sandbox import profile_transport

transport = profile_transport(
    Path(sys.argv[1]), address="https://sandbox.invalid", client_token="MADE-UP-ONE",
    access_token="MADE-UP-TWO", clock=SystemClock(),
)
envelope = {"ClientToken": "MADE-UP-ONE", "AccessToken": "MADE-UP-TWO", "Client": "tests"}
with httpx.Client(transport=transport) as http:
    def post(operation, **body):
        address = f"https://sandbox.invalid/api/connector/v1/exports/{operation}"
        return http.post(address, json=envelope | body)
    print(post("getAll", ExportIds=[sys.argv[2]]).json()["Exports"][0]["EntityType"])
    print(post("add", EntityType="OrderItem").status_code)
    print(post("add", EntityType="Bill").json()["Export"]["Id"])
"""


def test_two_processes_see_the_same_exports_and_refuse_a_second_one(tmp_path):
    # Added an hour from now, it is Pending for as long as the other process may take to start.
    clock = FakeClock(datetime.now(UTC) + timedelta(hours=1))
    transport = profile_transport(tmp_path, address=ADDRESS, clock=clock, **TOKENS)
    with httpx.Client(transport=transport) as http:
        answers = [post(http, "add", EntityType="OrderItem")]
        export_id = answers[0].json()["Export"]["Id"]
        command = [sys.executable, "-c", PROCESS, str(tmp_path), export_id]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        entity_type, status, bill_id = run.stdout.split()
        assert (entity_type, status) == ("OrderItem", "400")
        (bill,) = post(http, "getAll", ExportIds=[bill_id]).json()["Exports"]
        assert bill["EntityType"] == "Bill"


def test_a_link_of_one_process_works_in_another(tmp_path):
    clock = FakeClock()

    def open_one():
        transport = profile_transport(tmp_path, address=ADDRESS, clock=clock, **TOKENS)
        return httpx.Client(transport=transport)

    with open_one() as one, open_one() as other:
        export = post(one, "add", EntityType="Company").json()["Export"]
        clock.sleep(3)
        (export,) = post(one, "getAll", ExportIds=[export["Id"]]).json()["Exports"]
        link, size = export["Files"][0].values()
        assert link.startswith(ADDRESS)
        assert len(other.get(link).content) == size


def test_a_folder_that_cannot_be_made_is_told_like_that_of_a_cache(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(blocked / "cache"))
    with pytest.raises(mf.errors.CacheError, match=r"cannot use .*cache-sandbox: ") as caught:
        mf.load_entities("Bill", profile="sandbox")
    assert "MEWS_FRAMES_CACHE_DIR" in caught.value.hint
