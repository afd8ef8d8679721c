import pytest
from support.frames import needs_library

from mews_frames._frames import compiled


@pytest.fixture
def without_library(monkeypatch):
    """Decode as where no C compiler was: with Arrow's reader."""
    monkeypatch.setattr(compiled, "is_there", lambda: False)


@pytest.fixture(params=[pytest.param("compiled", marks=needs_library), "arrow"])
def reader(request):
    """Run a test with either fast path."""
    if request.param == "arrow":
        request.getfixturevalue("without_library")
