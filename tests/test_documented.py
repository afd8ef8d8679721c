"""Every public name, error, command and setting has its page."""

import ast
import dataclasses
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
import typer

import mews_frames as mf
from mews_frames._cli.app import app
from mews_frames._settings import Settings, find_settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
MODULES = ("errors", "testing", "typing")
MADE_BY_SCRIPT = {"cache": "cache_page"}


def directives(kind):
    """Names that a directive of autodoc shows, as they are written in the reference."""
    return set(re.findall(rf"^\.\. {kind}:: (?:mews_frames\.)?(\S+)$", REFERENCE, re.MULTILINE))


def made():
    """Names of the functions that make pages, and of those that are called for it."""
    source = (DOCS / "_ext" / "made.py").read_text("utf-8")
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


@pytest.mark.parametrize("name", [n for n in mf.__all__ if n not in MODULES])
def test_a_public_name_has_its_place_in_the_reference(name):
    if name in MADE_BY_SCRIPT:
        assert MADE_BY_SCRIPT[name] in made()
    else:
        shown = directives("autofunction") | directives("autoclass") | directives("py:data")
        assert name in shown, f"add it to a page of docs/reference: {name}"


@pytest.mark.parametrize("module", MODULES)
def test_a_public_module_is_shown_with_its_members(module):
    assert module in directives("automodule")
    page = (DOCS / "reference" / f"{module}.md").read_text("utf-8")
    assert re.search(rf"automodule:: mews_frames\.{module}\n   :members:", page)


@pytest.mark.parametrize("module", MODULES)
def test_every_member_of_a_public_module_has_a_docstring(module):
    # Sphinx leaves out what has none.
    members = getattr(mf, module)
    tree = ast.parse(inspect.getsource(members))
    described = {
        each.targets[0].id if isinstance(each, ast.Assign) else each.target.id
        for each, after in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(each, (ast.Assign, ast.AnnAssign)) and isinstance(after, ast.Expr)
    }
    for name in members.__all__:
        assert name in described or vars(getattr(members, name)).get("__doc__"), name


def test_errors_stand_in_the_tree_at_the_top_of_their_page():
    for name in mf.errors.__all__:
        assert re.search(rf"\b{name}\b", mf.errors.__doc__), name


def test_pages_of_entity_types_and_commands_are_made():
    assert {"entity_page", "commands_page"} <= made()


def commands(command, path=()):
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))


@pytest.mark.parametrize(
    "path", [" ".join(p) for p, _ in commands(typer.main.get_command(app)) if p]
)
def test_a_command_says_what_it_does(path):
    command = dict(commands(typer.main.get_command(app)))[tuple(path.split())]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


class Environ(dict):
    """Remembers what was looked for."""

    def __init__(self, **given):
        super().__init__(given)
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


def test_a_setting_has_a_line_with_its_name_and_its_variable(monkeypatch, tmp_path):
    for name in ("HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    environ = Environ(MEWS_CLIENT_TOKEN="a", MEWS_ACCESS_TOKEN="b")
    find_settings(environ=environ)
    lines = (DOCS / "reference" / "settings.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    for field in dataclasses.fields(Settings):
        (row,) = [row for row in rows if row.startswith(f"| `{field.name}`")]
        (variable,) = re.findall(r"`(MEWS_\w+)`", row)
        assert variable in environ.asked, "a variable that nobody looks for"
        assert field.name.upper() in variable
    assert len(rows) == len(environ.asked & {v for r in rows for v in re.findall(r"MEWS_\w+", r)})
    assert {name for name in environ.asked if name.startswith("MEWS_")} <= set(
        re.findall(r"MEWS_\w+", "\n".join(rows))
    )


def test_variables_of_the_command_line_are_told():
    page = (DOCS / "reference" / "settings.md").read_text("utf-8")
    told = [
        parameter.envvar
        for _, command in commands(typer.main.get_command(app))
        for parameter in command.params
        if getattr(parameter, "envvar", None)
    ]
    assert told
    assert all(variable in page for variable in told)


def module_at(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figures_of_the_readme_are_those_that_were_measured():
    module = module_at(ROOT / "benchmarks" / "readme.py")
    measured = module.figures((DOCS / "explanation" / "performance.md").read_text("utf-8"))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert module.put_in(readme, measured) == readme, "run: python -m benchmarks.readme"
    assert len(re.findall(r"\d+\.?\d* (?:s|MB) ", measured)) >= 9


def test_no_page_needs_another_host():
    fetched_by = module_at(DOCS / "_ext" / "offline.py").fetched_by
    assert fetched_by('<script defer src="https://cdn.example/a.js"></script>')
    assert fetched_by('<link href="//cdn.example/a.css" rel="stylesheet">')
    assert fetched_by("<img class='x' src='http://example/a.png'>")
    assert not fetched_by('<a href="https://delta.io">Delta</a> <img src="_images/a.svg">')


def test_pictures_are_small():
    pictures = list((DOCS / "images").glob("*.png"))
    assert pictures
    assert all(picture.stat().st_size < 200_000 for picture in pictures)


def test_pictures_are_shown_somewhere():
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md"]
    told = "\n".join(page.read_text("utf-8") for page in pages)
    for picture in (DOCS / "images").glob("*.png"):
        assert f"images/{picture.name}" in told, picture.name


@pytest.mark.parametrize("page", sorted(each.name for each in ROOT.glob("*.md")))
def test_links_within_the_repository_lead_somewhere(page):
    # Those of the docs are checked by Sphinx.
    text = (ROOT / page).read_text("utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for link in (first or second for first, second in links):
        assert link.startswith("https://") or (ROOT / link).exists(), link
