"""Files that were kept private stay so while they are written anew."""

import os

import polars as pl
import pytest

import mews_frames as mf
from mews_frames._cli.files import find_target, write

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")


def load(frame, folder, name):
    write(frame, find_target(str(folder / name), None), "Bill")


WAYS = {
    "t.parquet": lambda frame, folder: mf.to_bi({"t": frame}, folder, tool="parquet"),
    "t.xlsx": lambda frame, folder: mf.to_bi({"t": frame}, folder, tool="excel"),
    "t.duckdb": lambda frame, folder: mf.to_duckdb(folder / "t.duckdb", {"t": frame}),
    "load.parquet": lambda frame, folder: load(frame, folder, "load.parquet"),
    "load.csv": lambda frame, folder: load(frame, folder, "load.csv"),
}


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@posix
@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize("name", WAYS)
def test_what_was_private_is_not_open_to_others_while_it_is_written(name, tmp_path):
    for each in (name, "t.dictionary.csv"):
        (tmp_path / each).touch(mode=0o600)
    if name == "t.duckdb":
        (tmp_path / name).unlink()
        mf.to_duckdb(tmp_path / name, {"old": pl.LazyFrame({"Id": ["a"]})})
        (tmp_path / name).chmod(0o600)
    seen = []

    def look(frame):
        seen.extend((path.name, path.stat().st_mode & 0o077) for path in tmp_path.iterdir())
        return frame

    WAYS[name](pl.LazyFrame({"Id": ["b"]}).map_batches(look), tmp_path)
    assert len({path for path, _ in seen}) > 2  # the new one was there, too
    assert {open_to for _, open_to in seen} == {0}
    left = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert left == {name: 0o600, "t.dictionary.csv": 0o600}


@posix
@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize("name", WAYS)
def test_a_new_file_has_the_mode_that_the_user_gives_to_files(name, tmp_path):
    WAYS[name](pl.LazyFrame({"Id": ["b"]}), tmp_path)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o644
