"""What a killed run leaves half written goes with the next load; what is being written stays."""

import os
import subprocess
import sys

import pytest

from mews_frames._cache.files import is_orphan, is_scratch, scratch

WRITE = """
import os, sys
from pathlib import Path
from mews_frames._cache.files import scratch
with scratch(Path(sys.argv[1])) as path:
    path.write_text("half")
    print(path, flush=True)
    os.kill(os.getpid(), 9)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="to ask Windows ends the process")


def left_by_a_killed_process(target):
    words = [sys.executable, "-c", WRITE, str(target)]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == -9, said.stderr
    (left,) = [path for path in target.parent.iterdir() if str(path) == said.stdout.strip()]
    return left


def test_what_a_killed_process_was_writing_is_an_orphan(tmp_path):
    left = left_by_a_killed_process(tmp_path / "export.json")
    assert is_scratch(left)
    assert is_orphan(left)


def test_what_is_being_written_is_none(tmp_path):
    with scratch(tmp_path / "export.json") as path:
        assert is_scratch(path)
        assert not is_orphan(path)


@pytest.mark.parametrize("name", ["export.json", "export.json.0123456789abcdef.tmp"])
def test_what_does_not_say_whose_it_is_is_none(tmp_path, name):
    assert not is_orphan(tmp_path / name)


def test_what_another_machine_writes_is_none(tmp_path):
    left = left_by_a_killed_process(tmp_path / "export.json")
    machine = left.name.split(".")[2].split("-")[0]
    there = left.name.replace(machine, f"{int(machine, 16) ^ 1:08x}")
    assert not is_orphan(left.with_name(there))


def test_orphans_go_with_the_next_load(client, load):
    load()
    record = next(client.cache.path.glob("v1/requests/*.json"))
    left = left_by_a_killed_process(record)
    with scratch(record) as living:
        load(refresh=True)
        assert living.exists()
    assert not left.exists()


def test_scratch_files_are_private_from_the_start(tmp_path):
    before = os.umask(0o000)
    try:
        with scratch(tmp_path / "part.parquet") as path:
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_other_peoples_files_stay_whatever_they_are_called(mews, clock, tmp_path):
    theirs = [
        "mine.tmp",
        "work/draft.tmp",
        "v0/figures.csv",
        "v2/figures.csv",
        "v1/exports/notes.tmp",
    ]
    for name in theirs:
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("mine")
        os.utime(path, (0, 0))
    for folder in (tmp_path / "folder").rglob("*/"):
        folder.chmod(0o700)
    (tmp_path / "folder").chmod(0o700)
    client = mews.client(cache_dir=tmp_path / "folder")
    client.load_entities("OrderItem", progress=False)
    clock.sleep(30 * 86_400)
    client.cache.prune()
    assert [name for name in theirs if not (tmp_path / "folder" / name).exists()] == []
    client.cache.clear()
    assert [name for name in theirs[:4] if not (tmp_path / "folder" / name).exists()] == []


def test_a_folder_with_other_things_in_it_is_not_called_a_cache_as_a_whole(mews, tmp_path):
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "folder" / "report.docx").touch()
    client = mews.client(cache_dir=tmp_path / "folder")
    client.load_entities("OrderItem", progress=False)
    assert not (tmp_path / "folder/CACHEDIR.TAG").exists()
    assert (tmp_path / "folder/v1/CACHEDIR.TAG").exists()
    assert client.cache.verify() == ()
    client.cache.clear()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["report.docx"]
