"""A file that will not go (Windows holds what is open) keeps nothing else back, and no load."""

import logging
import os
from pathlib import Path

import pytest

from mews_frames.errors import CacheError

DAY = 86_400


@pytest.fixture
def held(monkeypatch):
    """Paths that cannot be removed while they stand in here, as on Windows those of open frames."""
    paths = set()
    unlink = Path.unlink

    def refuse(path, *args, **options):
        if path in paths:
            raise PermissionError(13, "it is being used by another process", str(path))
        unlink(path, *args, **options)

    monkeypatch.setattr(Path, "unlink", refuse)
    return paths


@pytest.fixture
def parts(client, load, clock):
    """The parts of an export that a frame is still open on."""
    load("OrderItem")
    paths = sorted(client.cache.path.rglob("*.parquet"))
    for path in paths:  # written now, by the clock of the test
        os.utime(path, (clock.now().timestamp(),) * 2)
    return paths


def files_in(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_part_that_will_not_go_fails_no_load_and_is_told_once(load, clock, parts, held, caplog):
    clock.sleep(9 * DAY)
    held.update(parts)
    with caplog.at_level(logging.WARNING, "mews_frames"):
        assert load("Company").collect().height > 0
        assert load("Bill").collect().height > 0
    (told,) = caplog.messages
    assert f"{parts[0]} cannot be removed: it is being used by another process" in told
    assert f"and {len(parts) - 1} other files" in told


def test_pruning_goes_on_past_it_and_takes_it_as_soon_as_it_goes(client, load, clock, parts, held):
    load("Company")
    clock.sleep(8 * DAY + 10)
    held.add(parts[1])
    with pytest.raises(CacheError, match="cannot be removed") as caught:
        client.cache.prune()
    assert str(parts[1]) in caught.value.message
    assert "other file" not in caught.value.message
    assert files_in(client.cache.path / "v1/exports") == {parts[1]}
    assert client.exports()["type"].to_list() == [None]  # the journal has forgotten it
    held.clear()
    assert client.cache.prune() > 0
    assert list((client.cache.path / "v1/exports").iterdir()) == []


@pytest.mark.parametrize("only", [{}, {"entity_type": "OrderItem"}])
def test_clearing_goes_on_past_it(client, load, parts, held, only):
    load("Company")
    held.add(parts[1])
    with pytest.raises(CacheError, match="cannot be removed"):
        client.cache.clear(**only)
    left = files_in(client.cache.path)
    assert {path for path in left if path.parent == parts[1].parent} == {parts[1]}
    assert ({parts[1]} == left) == (only == {})
    assert "OrderItem" not in set(client.exports()["type"])
    held.clear()
    client.cache.clear()
    assert not client.cache.path.exists()
