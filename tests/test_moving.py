"""A file that Windows does not let go of at once is waited for, a moment long."""

import os

import polars as pl
import pytest

import mews_frames as mf
from mews_frames import _moving
from mews_frames._cache.files import write_sealed
from mews_frames._cli.files import find_target, write
from mews_frames._cli.profiles import write_private
from mews_frames.errors import CacheError, ConfigurationError, MewsError

FRAME = pl.LazyFrame({"Id": ["a"]})

WAYS = {
    "cache": (CacheError, lambda path: write_sealed(path, {"a": 1})),
    "bi": (MewsError, lambda path: mf.to_bi({path.stem: FRAME}, path.parent, "parquet")),
    "load": (MewsError, lambda path: write(FRAME, find_target(str(path), None), "Bill")),
    "profile": (ConfigurationError, lambda path: write_private(path, "new")),
}

ways = pytest.mark.parametrize(("error", "put"), WAYS.values(), ids=WAYS)


@pytest.fixture
def refusals(monkeypatch):
    """Say how often Windows refuses, and hear how often it was asked."""
    left, asked, replace = [0], [], os.replace

    def refuse(source, target):
        asked.append(target)
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "Access is denied")
        replace(source, target)

    monkeypatch.setattr("os.replace", refuse)
    monkeypatch.setattr(_moving, "IS_WINDOWS", True)
    monkeypatch.setattr(_moving, "PAUSES", (0, 0))
    return left, asked


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_text("old")
    return path


@ways
def test_a_file_that_is_open_for_a_moment_is_waited_for(error, put, path, refusals):
    left, asked = refusals
    left[0] = 2
    put(path)
    assert asked[:3] == [path] * 3
    assert path.read_bytes() != b"old"


@ways
def test_a_file_that_stays_open_is_left_and_the_error_names_frames(error, put, path, refusals):
    left, asked = refusals
    left[0] = 99
    with pytest.raises(error, match="a frame that reads it"):
        put(path)
    assert asked == [path] * 3
    assert path.read_bytes() == b"old"
    assert [each.name for each in path.parent.iterdir()] == ["t.parquet"]


def test_elsewhere_a_refusal_is_final(path, refusals, monkeypatch):
    left, asked = refusals
    left[0] = 1
    monkeypatch.setattr(_moving, "IS_WINDOWS", False)
    with pytest.raises(ConfigurationError, match="Access is denied"):
        write_private(path, "new")
    assert len(asked) == 1


def test_a_second_is_waited_in_all():
    assert sum(_moving.PAUSES) == pytest.approx(1)
