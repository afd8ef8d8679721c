"""The house is a straight pipe: imports point down, and stages do not know each other."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import mews_frames

PACKAGE = Path(mews_frames.__file__).parent
STAGES = {"_connector", "_exports", "_cache", "_frames"}
LEAVES = {"__main__", "_cli", "_sandbox", "_display", "_bridges", "_sync"}
# From the top to the bottom: a room imports only what stands in a row below its own.
ROWS = [
    {"__init__"},
    {"_api", "_handoff"},
    {"_client"},
    {"_plan"},
    {"_pieces", "_known", "_check", "_many"},
    {"_pipe"},
    {"_bring"},
    {"_parts", "_remote", "_shared", "_watch"},
    STAGES,
    {"_settings", "_progress", "_clock"},
    {"_records"},
    {"_closing", "_models", "_moving", "_retry", "_schemas", "_stopped", "_trust", "_version"},
    {"_words"},
    {"testing", "_redact"},
    {"errors", "typing"},
]
# Where the API needs a leaf (progress, backends, the sandbox), these fetch it when called.
FETCH_LEAVES = {"_api", "_client", "_handoff"}


@dataclass(frozen=True)
class Import:
    room: str
    name: str
    when: str  # "at once", "when called", "when shown" or "for types"


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def row_of(room):
    return next(number for number, rooms in enumerate(ROWS) if room in rooms)


def imports_of(path):
    return list(_imports(ast.parse(path.read_text("utf-8")), "at once"))


def _imports(tree, when):
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.ImportFrom(module="mews_frames"):
                yield from (
                    Import(alias.name, f"mews_frames.{alias.name}", when) for alias in node.names
                )
            case ast.ImportFrom():
                yield _import(node.module, when)
            case ast.Import():
                yield from (_import(alias.name, when) for alias in node.names)
            case ast.FunctionDef(name="_repr_html_" | "__str__"):
                yield from _imports(node, "when shown")
            case ast.FunctionDef():
                yield from _imports(node, "when called")
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _imports(node, "for types")
            case _:
                yield from _imports(node, when)


def _import(name, when):
    room = f"{name}.__init__".split(".")[1] if name.split(".")[0] == "mews_frames" else ""
    return Import(room, name, when)


modules = pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)


@modules
def test_imports_point_down(path):
    room = room_of(path)
    for each in imports_of(path):
        if each.room and each.room != room and not {room, each.room} & LEAVES:
            assert row_of(each.room) > row_of(room), f"{each.room} is not below {room}"


@modules
def test_leaves_are_fetched_only_when_they_are_called_for(path):
    room = room_of(path)
    for each in imports_of(path):
        if (each.room, each.when) == ("_display", "when shown"):
            continue  # a value that a notebook shows (docs/decisions/0017)
        if each.room in LEAVES and each.room != room and each.when != "for types":
            assert room in FETCH_LEAVES | LEAVES, f"{room} must not know the leaf {each.room}"
            assert each.when == "when called" or room in LEAVES, f"{each.room} is not needed yet"


@modules
def test_stages_do_not_import_each_other(path):
    if room_of(path) in STAGES:
        assert not {each.room for each in imports_of(path)} & (STAGES - {room_of(path)})


@modules
def test_the_http_library_is_imported_in_one_module(path):
    if any(each.name == "httpx" and each.when != "for types" for each in imports_of(path)):
        assert path == PACKAGE / "_connector" / "http.py"


def test_the_test_of_the_layers_sees_imports():
    seen = imports_of(PACKAGE / "_client.py")
    assert Import("_pipe", "mews_frames._pipe", "at once") in seen
    assert Import("_sandbox", "mews_frames._sandbox", "when called") in seen
    assert Import("", "httpx", "for types") in seen
    assert Import("_display", "mews_frames._display.card", "when shown") in seen


HEAVY = {"pandas", "pyarrow", "duckdb", "dask", "deltalake", "typer", "IPython", "altair", "numpy"}
LATER = {"httpx", "tenacity", "filelock", "platformdirs", "truststore", "mews_frames.testing"}


def modules_loaded_by(code, **environment):
    print_them = "\nimport sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code + print_them],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    return set(run.stdout.split())


def test_importing_it_loads_nothing_heavy_but_polars():
    loaded = modules_loaded_by("import mews_frames")
    assert "polars" in loaded
    assert not (HEAVY | LATER) & loaded


def test_a_cache_hit_does_not_load_pyarrow(tmp_path):
    code = """
import mews_frames as mf
mf.load_entities("Company", profile="sandbox", progress=False).collect()
"""
    environment = {"MEWS_FRAMES_CACHE_DIR": str(tmp_path / "cache")}
    assert "pyarrow" in modules_loaded_by(code, **environment)
    assert "pyarrow" not in modules_loaded_by(code, **environment)
