"""``mews-frames login`` keeps tokens where only this user reads them."""

import os
import stat
import subprocess
import sys
import tomllib

import pytest

from mews_frames._settings import config_file, find_settings

CLIENT, ACCESS = "MADE-UP-CLIENT-CANARY", "MADE-UP-ACCESS-CANARY"
STDIN = f"{CLIENT}\n{ACCESS}\n"
posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and terminals of POSIX")


def profiles():
    return tomllib.loads(config_file().read_text("utf-8"))["profiles"]


def test_what_it_writes_is_what_settings_find(run):
    ran = run("login", "--platform", "demo", stdin=STDIN)
    assert ran.code == 0, ran.err
    settings = find_settings(environ={})
    assert settings.client_token.reveal() == CLIENT
    assert settings.access_token.reveal() == ACCESS
    assert settings.platform_address == "https://api.mews-demo.com"
    assert str(config_file()) in ran.err
    assert "mews-frames export start" in ran.err


def test_no_token_is_shown(run):
    ran = run("--debug", "login", stdin=STDIN)
    assert "CANARY" not in ran.out + ran.err


@posix
def test_only_its_owner_can_read_it(run):
    config_file().parent.mkdir(parents=True, mode=0o755)
    old = os.umask(0)
    try:
        run("login", stdin=STDIN)
    finally:
        os.umask(old)
    assert stat.S_IMODE(config_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(config_file().parent.stat().st_mode) == 0o700
    assert [path.name for path in config_file().parent.iterdir()] == ["config.toml"]


@posix
def test_the_folders_that_it_makes_are_private_whatever_the_umask(run, tmp_path):
    old = os.umask(0)
    try:
        run("login", stdin=STDIN)
    finally:
        os.umask(old)
    folder = config_file().parent
    while folder != tmp_path:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        folder = folder.parent


@posix
def test_a_file_that_others_can_write_is_not_added_to(run):
    run("login", stdin=STDIN)
    config_file().chmod(0o622)
    before = config_file().read_text()
    ran = run("login", "--profile", "group", stdin="other\ntokens\n")
    assert ran.code == 2
    assert "other users can write it" in ran.err
    assert config_file().read_text() == before


@posix
def test_a_file_that_others_can_read_becomes_private(run):
    run("login", stdin=STDIN)
    config_file().chmod(0o644)
    run("login", stdin=STDIN)
    assert stat.S_IMODE(config_file().stat().st_mode) == 0o600


def test_other_profiles_stay(run):
    run("login", stdin=STDIN)
    run(
        "login", "--profile", "group", "--platform", "https://mews.example", stdin="other\ntokens\n"
    )
    assert profiles() == {
        "default": {
            "client_token": CLIENT,
            "access_token": ACCESS,
            "platform_address": "https://api.mews.com",
        },
        "group": {
            "client_token": "other",
            "access_token": "tokens",
            "platform_address": "https://mews.example",
        },
    }


def test_tokens_come_from_files(run, tmp_path):
    (tmp_path / "client").write_text(f"{CLIENT}\n")
    (tmp_path / "access").write_text(ACCESS)
    files = ["--client-token-file", tmp_path / "client", "--access-token-file", tmp_path / "access"]
    assert run("login", *files).code == 0
    assert profiles()["default"]["client_token"] == CLIENT
    assert profiles()["default"]["access_token"] == ACCESS


def test_one_token_comes_from_a_file_and_one_from_stdin(run, tmp_path):
    (tmp_path / "client").write_text(CLIENT)
    words = ["--client-token-file", tmp_path / "client", "--access-token-file", "-"]
    assert run("login", *words, stdin=f"{ACCESS}\n").code == 0
    assert profiles()["default"]["access_token"] == ACCESS


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        ([], "", "the client token is blank"),
        ([], f"{CLIENT}\n", "the access token is blank"),
        ([], f"{CLIENT}\n \n", "the access token is blank"),
        ([], f"{CLIENT} {ACCESS}\n{ACCESS}\n", "the client token is not one plain word"),
        ([], f"{CLIENT}\n{ACCESS}\x07\n", "the access token is not one plain word"),
        (["--profile", "sandbox"], STDIN, "'sandbox' always exists"),
        (["--profile", "a b"], STDIN, "'a b'"),
        (["--platform", "api.mews.com"], "", "has no scheme"),  # before any token is asked for
        (["--client-token-file", "nowhere"], STDIN, "nowhere cannot be read"),
    ],
)
def test_what_cannot_be_right_writes_nothing(words, stdin, said, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run("login", *words, stdin=stdin)
    assert ran.code == 2
    assert said in ran.err
    assert not config_file().exists()
    assert "CANARY" not in ran.err


@posix
@pytest.mark.parametrize("linked", ["file", "folder"])
def test_it_does_not_write_through_a_link(linked, run, tmp_path):
    elsewhere = tmp_path / "published"
    elsewhere.mkdir()
    place = config_file() if linked == "file" else config_file().parent
    place.parent.mkdir(parents=True)
    place.symlink_to(elsewhere / "config.toml" if linked == "file" else elsewhere)
    ran = run("login", stdin=STDIN)
    assert ran.code == 2
    assert "is a link" in ran.err
    assert not list(elsewhere.iterdir())


def test_a_file_that_cannot_be_read_is_left_alone(run):
    config_file().parent.mkdir(parents=True)
    config_file().write_text(f'[profiles.default\nclient_token = "{CLIENT}"')
    ran = run("login", stdin=STDIN)
    assert ran.code == 2
    assert config_file().read_text().startswith("[profiles.default\n")
    assert "CANARY" not in ran.err


def test_nothing_is_sent(mews, run):
    ran = run("login", "--platform", mews.address, stdin=STDIN)
    assert ran.code == 0
    assert not mews.requests


def test_it_tells_what_goes_before_a_profile(mews, run):
    assert "MEWS_CLIENT_TOKEN, MEWS_ACCESS_TOKEN" in run("login", stdin=STDIN).err


AT_A_TERMINAL = """
import os, sys
os.login_tty(0)
from mews_frames._cli import main
sys.exit(main(["login"]))
"""


@posix
def test_a_person_types_tokens_unseen():
    try:
        ours, theirs = os.openpty()
    except OSError:
        pytest.skip("this machine has no pseudo-terminals")
    words = [sys.executable, "-c", AT_A_TERMINAL]
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        for prompt, answer in [
            (b"Mews (", b"demo"),
            (b"Client", CLIENT.encode()),
            (b"Access", ACCESS.encode()),
        ]:
            while prompt not in seen.split(b"\n")[-1] or not seen.endswith(b": "):
                seen += os.read(ours, 1000)
            os.write(ours, answer + b"\n")
        while b"to test it" not in seen:
            seen += os.read(ours, 1000)
    os.close(ours)
    assert process.returncode == 0
    assert b"CANARY" not in seen
    assert profiles()["default"] == {
        "client_token": CLIENT,
        "access_token": ACCESS,
        "platform_address": "https://api.mews-demo.com",
    }
