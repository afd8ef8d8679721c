"""`mews_frames.sandbox` is a Mews of one's own: it opens, tells, closes, and leaves nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

import mews_frames as mf
from mews_frames._sandbox import Sandbox, sandbox, serve
from mews_frames.errors import InvalidArgumentError
from mews_frames.testing import Drip, FakeClock, Refuse, Stall


@pytest.fixture
def box():
    with sandbox(rows=100, clock=FakeClock()) as opened:
        yield opened


def ask(box, operation="getAll", http=httpx, **body):
    tokens = {"ClientToken": box.client_token, "AccessToken": box.access_token, "Client": "tests"}
    return http.post(f"{box.address}/api/connector/v1/exports/{operation}", json=tokens | body)


def link_of(box):
    export = ask(box, "add", EntityType="OrderItem").json()["Export"]
    box.clock.sleep(3)
    (export,) = ask(box, ExportIds=[export["Id"]]).json()["Exports"]
    return export["Files"][0]["Url"]


def test_it_listens_on_loopback_alone(box):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", box.address)
    assert box._opened.server._server.server_address[0] == "127.0.0.1"
    assert ask(box, "add", EntityType="OrderItem").status_code == 200


def test_its_tokens_are_made_up_and_say_so(box):
    for token in (box.client_token, box.access_token):
        assert token.startswith("MADE-UP-")


def test_other_hotels_have_other_tokens():
    boxes = [sandbox(), sandbox(seed=1), sandbox(rows=1)]
    assert len({box.access_token for box in boxes}) == 3


def test_two_sandboxes_know_nothing_of_each_other(box):
    with sandbox(rows=100, seed=1, clock=FakeClock()) as other:
        assert ask(box, "add", EntityType="OrderItem").status_code == 200
        assert ask(other, "add", EntityType="OrderItem").status_code == 200
        assert len(other.requests) == len(box.requests) == 1


def test_the_public_function_makes_one():
    with mf.sandbox(rows=7, seed=3, faults=[Refuse(503)], clock=FakeClock()) as box:
        assert isinstance(box, Sandbox)
        assert ask(box).status_code == 503
        assert "7 rows, seed 3" in repr(box)


def test_its_ids_are_those_of_its_rows(box):
    scope = ask(box, "add", EntityType="OrderItem").json()["Export"]["Scope"]
    assert scope["EnterpriseIds"] == list(box.enterprise_ids)
    scope = ask(box, "add", EntityType="Customer").json()["Export"]["Scope"]
    assert scope["ChainIds"] == list(box.chain_ids)


def test_records_are_served_exactly_as_they_are():
    parts = [b'{"Id": "a"}\r\n', b"not json"]
    with sandbox(records={"OrderItem": parts}, clock=FakeClock()) as box:
        assert httpx.get(link_of(box)).content == parts[0]


def test_an_export_has_as_many_parts_and_takes_as_long_as_told():
    with sandbox(rows=100, parts=2, duration=60, clock=FakeClock()) as box:
        export = ask(box, "add", EntityType="OrderItem").json()["Export"]
        box.clock.sleep(59)
        (running,) = ask(box, ExportIds=[export["Id"]]).json()["Exports"]
        box.clock.sleep(1)
        (done,) = ask(box, ExportIds=[export["Id"]]).json()["Exports"]
    assert (running["Status"], done["Status"]) == ("Processing", "Success")
    assert len(done["Files"]) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": -1},
        {"parts": 0},
        {"duration": -0.1},
        {"port": -1},
        {"port": 65_536},
        {"records": {"Order": []}},
    ],
)
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidArgumentError):
        sandbox(**wrong)


def test_rows_may_be_written_as_a_power_of_ten():
    assert sandbox(rows=1e2).access_token == sandbox(rows=100).access_token


# --------------------------------------------------------------------------- what it tells


def test_requests_are_told_in_order_with_what_was_sent(box):
    link = link_of(box)
    httpx.get(link)
    add, look, download = box.requests
    assert [each.operation for each in box.requests] == ["add", "getAll", "download"]
    assert add.body == {"Client": "tests", "EntityType": "OrderItem"}
    assert (add.method, add.status) == ("POST", 200)
    assert look.headers["content-type"] == "application/json"
    assert (download.body, download.status) == (None, 200)
    assert download.path in link
    assert download.sent == len(httpx.get(link).content)


def test_requests_can_be_read_after_the_end():
    with sandbox(clock=FakeClock()) as box:
        ask(box)
    assert [each.status for each in box.requests] == [400]


def test_no_token_and_no_signature_is_shown_or_written(box):
    tokens = (box.client_token, box.access_token)
    link = link_of(box)
    signature = link.partition("sig=")[2]
    ask(box, ExportIds=[box.access_token], Note={"in": [box.client_token]})
    httpx.get(link, headers={"X-Token": tokens[0], "Authorization": f"Bearer {tokens[1]}"})
    httpx.get(f"{link}&{tokens[0]}")
    httpx.get(f"{box.address}/{tokens[1]}?{tokens[1]}", cookies={"token": tokens[1]})
    folder = box.folder.parent
    shown = [repr(box), repr(box.requests), *map(str, folder.rglob("*"))]
    shown += [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    assert len(box.requests) == 6
    assert len(shown) > 6
    for text in shown:
        assert not [secret for secret in (*tokens, signature) if secret in text]


# --------------------------------------------------------------------------- clients


def test_a_client_knows_the_way_and_is_closed_with_it():
    with mf.sandbox(rows=100, clock=FakeClock()) as box:
        client = box.client()
        frame = client.load_entities("OrderItem", backend="pyarrow", progress=False)
        assert frame.num_rows == 100
        assert client.cache.path.is_relative_to(box.folder)
    assert not client._http.is_open


def test_a_client_takes_settings_of_its_own(box, tmp_path):
    assert box.client(cache_dir=tmp_path / "mine").cache.path.is_relative_to(tmp_path)


def test_its_folder_is_there_for_caches_and_files_of_ones_own(box):
    assert box.folder.is_dir()
    client = mf.Client(
        box.client_token,
        box.access_token,
        platform_address=box.address,
        cache_dir=box.folder,
        clock=box.clock,
    )
    with client:
        assert client.load_entities("Company", backend="pyarrow", progress=False).num_rows >= 1


def test_through_its_transport_no_socket_is_needed(box, monkeypatch):
    assert box.address
    monkeypatch.setattr(socket.socket, "connect", None)
    with httpx.Client(transport=box.transport) as http:
        assert ask(box, "add", http=http, EntityType="OrderItem").status_code == 200
    assert [each.operation for each in box.requests] == ["add"]


# --------------------------------------------------------------------------- the end


def test_nothing_is_left_of_a_sandbox():
    threads = set(threading.enumerate())
    with sandbox(rows=100, clock=FakeClock()) as box:
        address, folder = box.address, box.folder.parent
        with httpx.Client() as http:
            ask(box, http=http)  # the connection stays open
            box.close()
            assert set(threading.enumerate()) == threads
    assert not folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    box.close()


def test_a_closed_sandbox_says_so(box):
    box.close()
    assert "not open" in repr(box)
    with pytest.raises(InvalidArgumentError, match="closed"):
        _ = box.address


def test_it_opens_nothing_before_it_is_used():
    box = sandbox()
    assert "not open" in repr(box)
    assert box.requests == ()
    box.close()


@pytest.mark.parametrize("fault", [Stall(10), Drip(rate=0.0001, after=10)])
def test_downloads_that_hang_do_not_keep_it_from_closing(fault):
    with sandbox(rows=100, duration=0, faults=[fault]) as box:
        export = ask(box, "add", EntityType="OrderItem").json()["Export"]
        (export,) = ask(box, ExportIds=[export["Id"]]).json()["Exports"]
        with httpx.Client() as http, http.stream("GET", export["Files"][0]["Url"]) as answer:
            chunks = answer.iter_raw()
            assert len(next(chunks)) == 10
            box.close()
            with pytest.raises(httpx.HTTPError):
                list(chunks)


@pytest.mark.parametrize("closing", ["", "mews.close()"])
def test_a_script_that_does_not_close_it_ends_all_the_same(closing):
    code = f"""
import mews_frames as mf
mews = mf.sandbox(rows=100)
client = mews.client()
client.start_export("OrderItem")
print(mews.folder)
{closing}
"""
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert not Path(run.stdout.strip()).exists()


def test_a_port_that_is_taken_is_told(box):
    port = int(box.address.rpartition(":")[2])
    with pytest.raises(InvalidArgumentError, match=f"port {port} "), sandbox(port=port):
        pass


# --------------------------------------------------------------------------- serving others


class Interrupted(FakeClock):
    def sleep(self, _seconds):
        raise KeyboardInterrupt


def test_serve_tells_where_it_is_and_ends_quietly_at_ctrl_c():
    lines = []
    serve(rows=100, seed=5, port=0, tell=lines.append, clock=Interrupted())
    told = "\n".join(lines)
    for name in ("MEWS_PLATFORM_ADDRESS", "MEWS_CLIENT_TOKEN", "MEWS_ACCESS_TOKEN"):
        assert name in told
    assert "http://127.0.0.1:" in told
    assert lines[-1].startswith("the sandbox is closed")


def test_serve_leaves_the_handling_of_signals_as_it_was():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(rows=1, seed=0, port=0, tell=lambda _line: None, clock=Interrupted())
    assert signal.signal(signal.SIGTERM, before) is signal.SIG_IGN


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals for others")
def test_other_processes_load_from_a_served_sandbox_until_it_is_told_to_end(tmp_path, ending):
    code = """
from mews_frames._sandbox import serve
serve(rows=100, seed=5, port=0, tell=lambda line: print(line, flush=True))
"""
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    lines = iter(server.stdout.readline, "")
    settings = {}
    while len(settings) < 3:
        settings |= re.findall(r"export (MEWS_\w+)=(\S+)", next(lines))
    client = mf.Client(
        settings["MEWS_CLIENT_TOKEN"],
        settings["MEWS_ACCESS_TOKEN"],
        platform_address=settings["MEWS_PLATFORM_ADDRESS"],
        cache_dir=tmp_path / "cache",
    )
    with client:
        assert client.start_export("OrderItem").status == "Pending"
    assert list(tmp_path.glob("mews-frames-sandbox-*"))
    server.send_signal(ending)
    rest, _ = server.communicate(timeout=30)
    assert "closed" in rest
    assert not list(tmp_path.glob("mews-frames-sandbox-*"))
    assert server.returncode == 0
