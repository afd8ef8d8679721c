"""The data files travel with the package."""

import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from mews_frames._schemas import ENTITY_TYPES

ROOT = Path(__file__).parents[2]
NAMES = {f"{entity_type}.json" for entity_type in ENTITY_TYPES}


def test_the_installed_package_has_a_file_for_every_type():
    there = {path.name for path in files("mews_frames._schemas").iterdir()}
    assert {name for name in there if name.endswith(".json")} == NAMES


def test_the_wheel_has_a_file_for_every_type(tmp_path, monkeypatch):
    backend = pytest.importorskip("hatchling.build", reason="the build backend is not installed")
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / backend.build_wheel(str(tmp_path))
    inside = zipfile.ZipFile(wheel).namelist()
    assert {f"mews_frames/_schemas/{name}" for name in NAMES} <= set(inside)
    assert not [name for name in inside if name.startswith("scripts/")]
