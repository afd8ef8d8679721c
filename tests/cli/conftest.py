"""A pretend Mews that is ready at once, and the command line as a function of its words."""

import io
import logging
import sys
from dataclasses import dataclass

import pytest

import mews_frames as mf
from mews_frames._cli import main


@dataclass
class Ran:
    code: int
    raw: bytes
    err: str

    @property
    def out(self):
        return self.raw.decode()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def run(capsysbinary, monkeypatch):
    """Run a command in this process; its stdin is a terminal only where a test says so."""

    def run_one(*words, stdin="", at_terminal=False):
        monkeypatch.setattr(sys, "stdin", (Terminal if at_terminal else io.StringIO)(stdin))
        code = main([str(word) for word in words])
        out, err = capsysbinary.readouterr()
        return Ran(code, out, err.decode())

    logger = logging.getLogger("mews_frames")
    before = logger.level, list(logger.handlers)
    yield run_one
    logger.setLevel(before[0])  # --debug is for the life of a process
    logger.handlers[:] = before[1]


@pytest.fixture
def open_mews(monkeypatch, tmp_path):
    """Open a pretend Mews and lead every command to it, as a user would: by the environment."""
    opened = []

    def open_one(**options):
        mews = mf.sandbox(**({"rows": 200, "duration": 0} | options))
        opened.append(mews)
        monkeypatch.setenv("MEWS_PLATFORM_ADDRESS", mews.address)
        monkeypatch.setenv("MEWS_CLIENT_TOKEN", mews.client_token)
        monkeypatch.setenv("MEWS_ACCESS_TOKEN", mews.access_token)
        monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(tmp_path / "cache"))
        return mews

    yield open_one
    for mews in opened:
        mews.close()


@pytest.fixture
def mews(open_mews):
    return open_mews()
