"""Help is where people look first: it is complete, plain and quick."""

import subprocess
import sys

import pytest
import typer

import mews_frames as mf
from mews_frames._cli.app import app


def commands(command, above=()):
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            yield from commands(child, (*above, name))
        else:
            yield (*above, name)


ALL = sorted(commands(typer.main.get_command(app)))


def test_these_are_the_commands():
    cache = [("cache", name) for name in ("clear", "dir", "ls", "prune", "size", "verify")]
    export = [("export", name) for name in ("list", "start", "wait")]
    others = [("demo",), ("load",), ("login",), ("sandbox",), ("schema",), ("sync",)]
    assert sorted([*cache, *export, *others]) == ALL


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(words, run):
    ran = run(*words, "--help")
    assert ran.code == 0
    assert f"mews-frames {' '.join(words)}" in ran.out.split("Example: ")[1]
    assert not ran.err


def test_examples_of_a_load_stand_in_lines_and_are_right(mews, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = run("load", "--help").out.split("Example: ")[1:]
    assert len(lines) == 4
    for line in lines:
        assert line.count("\n") <= 1
        words = line.partition("|")[0].split()
        assert run(*words[1:]).code == 0, line


def test_the_help_lists_the_exit_codes(run):
    lines = run("--help").out.split("Exit codes:")[1].split("\n")
    assert [line.split()[0] for line in lines if line.strip()] == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "130",
    ]


def test_no_words_at_all_show_the_help(run):
    assert run().out == run("--help").out


def test_the_version_is_told(run):
    assert run("--version").out == f"mews-frames {mf.__version__}\n"


def test_it_runs_as_a_module_too():
    words = [sys.executable, "-m", "mews_frames", "--version"]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("mews-frames ")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from mews_frames._cli import main; main(['--help']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in ran.stderr.split()}
    assert not loaded & {"pandas", "pyarrow", "duckdb", "dask", "IPython"}
    assert "mews_frames._sandbox.rules" not in ran.stderr.split()
