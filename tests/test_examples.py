"""What the documentation shows runs: docstrings and the README."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import polars as pl
import pytest

import mews_frames as mf
from mews_frames._clock import SystemClock
from mews_frames.testing import FakeClock

ROOT = Path(__file__).parent.parent
MODULES = [
    info.name
    for info in pkgutil.walk_packages(mf.__path__, "mews_frames.")
    if not info.name.endswith(("__main__", "_compiled"))  # which is a library, and no module
]


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in MODULES:
        module = importlib.import_module(name)
        for each in finder.find(module, extraglobs={"mf": mf, "pl": pl}):
            if each.examples and each.globs.get("__name__") == name:
                yield pytest.param(each, id=each.name.removeprefix("mews_frames."))


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


CLOCK = FakeClock()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    for name in ("now", "monotonic", "sleep"):
        monkeypatch.setattr(
            SystemClock, name, lambda _, *args, name=name: getattr(CLOCK, name)(*args)
        )


@pytest.fixture(autouse=True)
def _sandbox_by_default(monkeypatch, shared_cache):
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(shared_cache))
    monkeypatch.setenv("MEWS_FRAMES_PROFILE", "sandbox")


@pytest.mark.parametrize("example", list(examples()))
def test_an_example_in_a_docstring_runs(example):
    heard = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    failed, tried = runner.run(example, out=heard.append)
    assert tried
    assert not failed, "".join(heard)


GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(guide):
    return re.findall(r"```python\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    "guide", [g for g in GUIDES if blocks_of(g)], ids=lambda g: str(g.relative_to(ROOT))
)
def test_the_python_of_a_guide_runs_from_top_to_bottom(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    names = {}
    for block in blocks_of(guide):
        exec(compile(block, str(guide), "exec"), names)  # noqa: S102 - our own guides


def test_there_are_guides_to_run():
    assert len(blocks_of(GUIDES[0])) >= 3


def test_public_functions_have_examples():
    shown = {param.values[0].name for param in examples()}
    functions = {
        f"{getattr(mf, name).__module__}.{name}"
        for name in mf.__all__
        if inspect.isfunction(getattr(mf, name))
    }
    assert functions <= shown
