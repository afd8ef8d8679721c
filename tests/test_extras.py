"""A library that is not there is named with a command that installs it, wherever one is."""

import ast
import re
import shlex
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from fsspec.registry import _registry

import mews_frames as mf
from mews_frames._bridges.extras import need
from mews_frames.errors import ConfigurationError

PACKAGE = Path(mf.__file__).parent


def brought_by(extra):
    """Names of the libraries that an extra brings, as they are on an index."""
    return {
        re.match(r"[\w-]+", each)[0]
        for each in requires("mews-frames")
        if re.search(rf"extra == ['\"]{extra}['\"]", each)
    }


def needed():
    """Each call of `need` in the package: module and extra."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need":
                yield tuple(each.value for each in node.args)


def installed_by(hint):
    *command, library = shlex.split(hint)
    assert command == ["pip", "--python", sys.prefix, "install"]
    return library


@pytest.mark.parametrize(("module", "extra"), sorted(set(needed())))
def test_the_hint_installs_what_the_extra_brings(module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)  # as if it were not there
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match=f"extra '{extra}'") as caught:
        need(module, extra)
    assert installed_by(caught.value.hint) in brought_by(extra)


def test_tables_that_grow_say_how_to_install_their_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with mf.sandbox(rows=1000) as mews, mews.client() as client:
        with pytest.raises(ConfigurationError, match="deltalake is not installed") as caught:
            client.sync_entities("Bill", progress=False)
        assert not mews.requests
    assert installed_by(caught.value.hint) in brought_by("delta")


def test_a_shared_cache_says_how_to_install_its_library(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    # fsspec keeps the class, if another test has opened such a store
    monkeypatch.delitem(_registry, "s3", raising=False)
    client = mf.Client(profile="sandbox", cache_dir=tmp_path, shared_cache="s3://hotel/mews")
    with client, pytest.raises(ConfigurationError, match="s3fs") as caught:
        client.load_entities("Bill", progress=False)
    assert installed_by(caught.value.hint) in brought_by("s3")
