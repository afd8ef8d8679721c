"""No test sees the settings, tokens or caches of whoever runs it."""

import os

import pytest
from hypothesis import settings

from mews_frames.testing import FakeClock

# A machine that is busy makes no claim false: the time limit of a whole test is enough.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("MEWS_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def client(mews):
    """Give a client of the sandbox `mews` that a folder of tests, or a file, opens its own way."""
    return mews.client()
