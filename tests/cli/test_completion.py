"""Shells complete what mews-frames knows: types, columns, formats, exports, profiles."""

import os
import subprocess
import sys

import pytest

from mews_frames._settings import config_file

RUN = "from mews_frames._cli import main; main([])"


def complete(line, how="bash"):
    """Ask as the script does that --install-completion puts into a shell."""
    words = line.split(" ")
    asking = {
        "_MEWS_FRAMES_COMPLETE": f"complete_{how}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
    }
    ran = subprocess.run(
        [sys.executable, "-c", RUN], env=os.environ | asking, capture_output=True, check=True
    )
    assert not ran.stderr
    return ran.stdout.decode().split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mews-frames lo", ["load", "login"]),
        ("mews-frames load Re", ["Reservation", "ResourceBlock"]),
        ("mews-frames load OrderItem --column Amount.N", ["Amount.NetValue"]),
        ("mews-frames load --column Amount.N", []),
        ("mews-frames load Bill --format p", ["parquet"]),
        ("mews-frames load Bill --pl", ["--plan"]),
        ("mews-frames load Bill --profile s", ["sandbox"]),
        ("mews-frames cache clear --type Led", ["LedgerEntry"]),
    ],
)
def test_a_word_is_completed(line, offered):
    assert complete(line) == offered


def test_exports_that_are_known_are_offered(mews, run):
    export_id = run("export", "start", "Bill").out.strip()
    assert complete(f"mews-frames export wait {export_id[:3]}") == [export_id]
    shown = " ".join(complete(f"mews-frames export wait {export_id[:3]}", how="zsh"))
    assert "Bill" in shown  # shells that show a word beside it say what it is


def test_profiles_are_offered():
    path = config_file()
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text('[profiles.spa]\nclient_token = "MADE-UP"\n')
    path.chmod(0o600)
    assert complete("mews-frames load Bill --profile s") == ["sandbox", "spa"]
    path.write_text("this is no TOML")
    assert complete("mews-frames load Bill --profile s") == ["sandbox"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell):
    asking = {"_MEWS_FRAMES_COMPLETE": f"source_{shell}"}
    words = [sys.executable, "-c", RUN]
    ran = subprocess.run(words, env=os.environ | asking, capture_output=True, text=True, check=True)
    assert "_MEWS_FRAMES_COMPLETE" in ran.stdout
