"""One run in which everything goes wrong, and no artefact of it holds a token or a signature."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.shop import ROWS, meeting
from support.troubles import cut, saying

import mews_frames as mf
from mews_frames import errors
from mews_frames._sandbox.server import _Handler
from mews_frames.testing import Corrupt, Drop, Refuse, UnknownStatus

TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def settings(mews, folder):
    names = {
        "MEWS_PLATFORM_ADDRESS": mews.address,
        "MEWS_CLIENT_TOKEN": mews.client_token,
        "MEWS_ACCESS_TOKEN": mews.access_token,
        "MEWS_FRAMES_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join([str(Path(mf.__file__).parents[1]), str(TESTS)]),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "PYTHONWARNINGS": "ignore",
    }
    return os.environ | names


@pytest.fixture
def secrets(monkeypatch):
    """Every signature that was in an address, and what every link has in it."""
    found = {"sig="}
    serve = _Handler._serve

    def noting(handler):
        if "sig=" in handler.path:
            found.add(handler.path.rpartition("sig=")[2])
        serve(handler)

    monkeypatch.setattr(_Handler, "_serve", noting)
    return found


def leaks(folder, secrets, *texts):
    """Say which artefacts hold which secrets."""
    artefacts = {str(i): text.encode() for i, text in enumerate(texts)}
    artefacts |= {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return [(name, s) for name, data in artefacts.items() for s in secrets if s.encode() in data]


def command_lines():
    """What `ps` shows of every process."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().decode("utf-8", "replace"))
        except OSError:  # it has ended meanwhile
            continue
    return lines


KINDS = {
    "01-bad-token": "AuthenticationError",
    "02-refused": "RequestRejectedError",
    "03-interrupted-post": "KeyboardInterrupt",
    "04-interrupted-body": "KeyboardInterrupt",
    "05-interrupted-reading-json": "KeyboardInterrupt",
    "06-load": "ServerError",
    "07-load": "DownloadError",
    "08-load": "DecodeError",
    "09-load": "fine",
    "10-no-room": "CacheError",
    "notebook": "done",
}


def test_no_artefact_of_a_run_holds_a_token_or_a_link(tmp_path, secrets):
    """Real processes, real sockets, tokens from the environment, everything logged."""
    faults = [
        Refuse(401, on="add"),
        Refuse(400, on="add", body='{"Message": "no such thing: https://x.example/?sig=7"}'),
        UnknownStatus("Paused", times=1),
        Refuse(302, on="download", headers={"Location": "//elsewhere.example/?sig=7"}),
        Drop(5000),
        Corrupt(times=1),
    ]
    said = []
    with (
        mf.sandbox(rows=60, parts=1, duration=0, faults=faults) as mews,
        (tmp_path / "err").open("w") as err,
    ):
        words = [sys.executable, "-m", "support.failing", str(tmp_path)]
        options = {"stdout": subprocess.PIPE, "stderr": err, "text": True, "cwd": TESTS}
        with subprocess.Popen(words, env=settings(mews, tmp_path), **options) as process:
            for line in process.stdout:
                said += [line, *command_lines()]
        tokens = {mews.client_token, mews.access_token}
    assert process.returncode == 0, (tmp_path / "err").read_text()
    told = dict(line.strip().split(": ", 1) for line in said if line.partition(":")[0] in KINDS)
    assert told == KINDS
    # It was all there to be seen: variables in tracebacks, headers in logs, a failed cell.
    for name, kind in KINDS.items():
        if kind not in {"fine", "done"}:
            seen = (tmp_path / f"{name}.txt").read_text("utf-8")
            assert seen.count("self = ") > 1
    assert "receive_response_headers" in (tmp_path / "all.log").read_text("utf-8")
    assert "InvalidArgumentError" in (tmp_path / "run.ipynb").read_text("utf-8")
    assert any("support.failing" in line for line in said)
    assert len(secrets) > 3
    assert leaks(tmp_path, secrets | tokens, *said) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("on", ["add", "getAll", "download"])
def test_a_redirect_brings_nothing_elsewhere(clock, on, status):
    with mf.sandbox(rows=20, clock=clock) as elsewhere:
        there = {"Location": f"{elsewhere.address}/api/connector/v1/exports/{on}?sig=7"}
        refuse = Refuse(status, on=on, headers=there)
        with mf.sandbox(rows=20, clock=clock, faults=[refuse]) as mews:
            kind = errors.DownloadError if on == "download" else errors.ServerError
            with pytest.raises(kind, match=r"redirect|another host"):
                mews.client().load_entities("OrderItem", progress=False)
        assert elsewhere.requests == ()


def test_a_cookie_is_not_sent_back(monkeypatch, clock):
    cookie = saying(Set_Cookie="who=me; Path=/")
    with meeting(monkeypatch, clock, cookie, cut(5000), parts=3, always=cookie) as met:
        assert met.load().height == ROWS
        met.check()
    assert not [r for r in met.mews.requests if "cookie" in r.headers]
