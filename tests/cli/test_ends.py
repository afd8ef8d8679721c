"""Every command ends with a documented exit code, and an error says what to do."""

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mews_frames import errors
from mews_frames._cli import main, talk
from mews_frames._cli.codes import exit_code

RUN = [sys.executable, "-m", "mews_frames"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes as POSIX has them")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidArgumentError, 2),
        (errors.UnknownColumnError, 2),
        (errors.ConfigurationError, 2),
        (errors.AuthenticationError, 3),
        (errors.ExportTimeoutError, 4),
        (errors.ExportAlreadyRunningError, 4),
        (errors.RateLimitedError, 4),
        (errors.DecodeError, 5),
        (errors.IntegrityError, 5),
        (errors.DownloadError, 1),
        (errors.ServerError, 1),
        (errors.RequestRejectedError, 1),
        (errors.ExportFailedError, 1),
        (errors.CacheError, 1),
    ],
)
def test_each_error_has_its_exit_code(error, code):
    assert exit_code(error("x")) == code


@pytest.mark.parametrize(
    "words",
    [
        ["--nonsense"],
        ["frobnicate"],
        ["cache"],
        ["load"],
        ["load", "OrderItem", "--colunm", "Id"],
        ["schema", "Orders"],
        ["load", "OrderItem", "--out", "x.csv"],  # no tokens anywhere
        ["load", "OrderItem", "--out", "x.csv", "--profile", "sandbox", "--max-age", "a week"],
    ],
    ids=" ".join,
)
def test_a_call_that_cannot_be_right_ends_with_2_and_a_hint(words, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run(*words)
    assert ran.code == 2
    assert not ran.raw
    assert ran.err.startswith("error: ")
    assert "\n\nhint: " in ran.err


def test_a_refused_token_ends_with_3(mews, run, monkeypatch, tmp_path):
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", "MADE-UP-AND-WRONG")
    ran = run("load", "OrderItem", "--out", tmp_path / "x.csv")
    assert ran.code == 3
    assert "MADE-UP-AND-WRONG" not in ran.err
    assert "Traceback" not in ran.err


def test_a_timeout_ends_with_4_and_says_how_to_go_on_here(open_mews, run, tmp_path):
    open_mews(duration=3600)
    export_id = run("export", "start", "OrderItem").out.strip()
    ran = run("load", "OrderItem", "--out", tmp_path / "x.csv", "--timeout", "0")
    assert ran.code == 4
    assert f"mews-frames export wait {export_id}" in ran.err
    assert "after 0 s" in ran.err
    assert "mf." not in ran.err
    assert not list(tmp_path.glob("*.csv"))


def test_a_damaged_line_ends_with_5(open_mews, run, tmp_path):
    open_mews(records={"OrderItem": [b'{"Id": "a"}\n{"Id": \n']})
    ran = run("load", "OrderItem", "--out", tmp_path / "x.csv")
    assert ran.code == 5
    assert "line 2" in ran.err


def test_debugging_shows_the_traceback_and_the_log(mews, run, monkeypatch, tmp_path):
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", "MADE-UP-AND-WRONG")
    ran = run("--debug", "load", "OrderItem", "--out", tmp_path / "x.csv")
    assert "Traceback" in ran.err
    assert "MADE-UP-AND-WRONG" not in ran.err


@posix
def test_an_interruption_ends_with_130_and_says_how_to_go_on(open_mews, tmp_path):
    open_mews(duration=3600)
    words = [*RUN, "--debug", "load", "OrderItem", "--out", str(tmp_path / "x.csv")]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "Pending" in line:
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "mews-frames export wait " in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*.csv"))


@pytest.fixture
def _buffered(monkeypatch):
    """As Python is where nobody changed it: what is left in a buffer is written at the end."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


@posix
@pytest.mark.usefixtures("_buffered")
@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_a_reader_that_has_enough_is_no_error(format_, open_mews):
    open_mews(rows=2000)  # more than a pipe holds
    words = [*RUN, "load", "OrderItem", "--out", "-", "--format", format_, "--quiet"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(4)
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full")
@pytest.mark.parametrize(
    ("words", "buffered"),
    [(["schema", "OrderItem"], True), (["schema", "OrderItem"], False), (["--help"], True)],
)
def test_a_full_disk_is_an_error_without_a_traceback(words, buffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([*RUN, *words], stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"error: No space left on device\n\nhint: ")
    assert b"Traceback" not in ran.stderr
    assert b"ignored" not in ran.stderr


@posix
@pytest.mark.usefixtures("_buffered")
@pytest.mark.parametrize(
    "words", [["schema", "OrderItem"], ["--help"], ["schema", "Bill", "--json"]]
)
def test_a_reader_that_went_away_is_no_error(words):
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run([*RUN, *words], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (0, b"")


class Gone(io.RawIOBase):
    """A pipe without a reader, as Windows shows it."""

    def __init__(self, number):
        self.number = number

    def writable(self):
        return True

    def write(self, _):
        raise OSError(self.number, "Invalid argument")


@pytest.mark.parametrize(
    "words", [["schema", "Bill"], ["load", "Bill", "--out", "-", "--format", "csv", "--quiet"]]
)
@pytest.mark.parametrize(
    ("system", "number", "code"), [(True, errno.EINVAL, 0), (False, errno.EINVAL, 1), (True, 5, 1)]
)
def test_on_windows_an_invalid_argument_is_a_reader_that_went_away(
    words, system, number, code, mews, monkeypatch, capsys
):
    monkeypatch.setattr(talk, "IS_WINDOWS", system)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(Gone(number), 1)))
    assert main(words) == code
    assert ("Invalid argument" in capsys.readouterr().err) == bool(code)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["load", "orderitem"], "did you mean OrderItem?"),
        (["load", "OrderItems", "--plan"], "did you mean OrderItem?"),
        (["export", "start", "LedgerEntries"], "did you mean LedgerEntry?"),
        (["sync", "Bills"], "did you mean Bill?"),
        (["export", "wait", "latest"], "mews-frames export list"),
        (["cache", "clear", "--type", "Orderitem"], "did you mean OrderItem?"),
        (["cache", "clear", "--export-id", "latest"], "mews-frames export list"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_slip_is_told_before_tokens_are_missed_or_anything_is_asked(words, hint, run):
    ran = run(*words)
    assert ran.code == 2
    assert hint in ran.err
    assert "token" not in ran.err
    assert "nobody is there" not in ran.err
