"""Progress on stderr: a line for each change in a log, lines that change in a terminal."""

import io
import re
import sys
from types import SimpleNamespace

import pytest

import mews_frames as mf
from mews_frames._display.log import LogView
from mews_frames._display.notebook import NotebookView
from mews_frames._display.progress import automatic, on_stderr
from mews_frames._display.terminal import TerminalView
from mews_frames.typing import ProgressEvent


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=60, clock=clock, duration=600) as mews:
        yield mews


@pytest.fixture
def open_terminal(monkeypatch):
    """Make stderr a terminal: from within the test, since pytest sets it anew before."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")

    def open_it():
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return open_it


def test_a_log_gets_a_line_for_each_change_and_no_more(mews, capsys):
    mews.client().load_entities("OrderItem")
    out, err = capsys.readouterr()
    assert not out
    lines = [line.removeprefix("OrderItem: ") for line in err.splitlines()]
    begin = ["added export", "Pending at Mews", "Processing at Mews", "downloading:", "decoding:"]
    assert len(lines) == len(begin) + 1  # ten minutes of waiting are two lines
    assert all(line.startswith(start) for line, start in zip(lines, begin, strict=False))
    assert lines[-1].startswith("60 rows in 4 parts, ")
    assert "\r" not in err
    assert "\x1b" not in err


def test_a_cached_load_is_one_line(mews, capsys):
    mews.client().load_entities("OrderItem", progress=False)
    assert capsys.readouterr().err == ""  # and False is silent
    mews.client().load_entities("OrderItem")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("OrderItem: data as of 15 Jun 2026, 12:00 UTC, ")
    assert "refresh=True for newer" in line


def test_where_there_is_no_stderr_nothing_is_written(mews, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert mews.client().load_entities("OrderItem").collect().height == 60


def test_a_terminal_keeps_what_is_worth_it_and_takes_the_rest_away(mews, open_terminal):
    terminal = open_terminal()
    mews.client().load_entities("OrderItem")
    written = terminal.getvalue()
    assert "added export" in written
    assert "60 rows in 4 parts" in written
    assert "\x1b[2K" in written  # a line was taken away
    assert "\x1b[?25h" in written  # the cursor is back


def test_nothing_changes_any_more_once_all_is_loaded(mews, open_terminal, clock):
    """Else a command that writes its data now would write into a line that is still there."""
    terminal = open_terminal()
    with TerminalView(clock, str) as view:
        mews.client().load_entities("OrderItem", progress=view)
        written = terminal.getvalue()
        _, _, after = written.rpartition("\x1b[?25h")  # the cursor is back
        assert "60 rows in 4 parts" in after
        assert "\x1b" not in after
        assert after.endswith("\n")


def test_a_type_that_comes_later_is_shown_again(open_terminal, clock):
    terminal = open_terminal()
    with TerminalView(clock, str) as view:
        view(ProgressEvent(stage="found", message="all is here", entity_type="Bill"))
        view(ProgressEvent(stage="waiting", message="a wait", entity_type="Payment"))
        assert "\x1b[?25l" in terminal.getvalue()  # a line that changes hides the cursor


def test_a_terminal_without_colour_gets_none(mews, open_terminal, monkeypatch):
    terminal = open_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    mews.client().load_entities("OrderItem")
    assert "60 rows" in terminal.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.getvalue())


def test_an_error_leaves_no_line_behind(mews, open_terminal):
    terminal = open_terminal()
    with pytest.raises(mf.errors.ExportTimeoutError):
        mews.client().load_entities("OrderItem", timeout=1)
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is there again
    assert "Pending at Mews" not in terminal.getvalue().split("\x1b[2K")[-1]


def test_what_is_on_stdout_is_left_alone(open_terminal, clock):
    open_terminal()
    before = sys.stdout
    with TerminalView(clock, str) as view:
        view(ProgressEvent(stage="waiting", message="x", entity_type="Bill"))
        assert sys.stdout is before


def test_words_are_those_of_the_reader(capsys):
    view = LogView(str.upper)
    view(ProgressEvent(stage="note", message="be well", entity_type="Bill"))
    assert capsys.readouterr().err == "BILL: BE WELL\n"


def test_what_fits_is_chosen(monkeypatch, clock, tmp_path):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(automatic(tmp_path, clock), LogView)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(automatic(tmp_path, clock), TerminalView)
    assert isinstance(on_stderr(clock), TerminalView)
    import IPython

    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    assert isinstance(automatic(tmp_path, clock), TerminalView)  # imported is not run
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=None))
    assert isinstance(automatic(tmp_path, clock), NotebookView)
