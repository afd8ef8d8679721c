"""The functions, the methods of Client and their typed options say the same."""

import inspect

import pytest

import mews_frames as mf
from mews_frames._client import LoadExportOptions, LoadOptions

LOADS = {"load_entities": LoadOptions, "load_many": LoadOptions, "load_export": LoadExportOptions}


def parameters(function):
    return dict(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", [*LOADS, "start_export", "exports", "sync_entities", "changes"])
def test_a_function_is_the_method_of_the_client_and_a_profile(name):
    of_function = parameters(getattr(mf, name))
    of_method = parameters(getattr(mf.Client, name))
    assert of_function.pop("profile").default is None
    del of_method["self"]
    assert {name: p.default for name, p in of_function.items()} == {
        name: p.default for name, p in of_method.items()
    }


@pytest.mark.parametrize("name", LOADS)
def test_the_typed_options_are_the_options(name):
    taken = set(parameters(getattr(mf.Client, name))) - {"self", "backend"}
    options = set(LOADS[name].__annotations__)
    for parent in LOADS[name].__mro__[:-1]:
        options |= set(getattr(parent, "__annotations__", {}))
    assert taken - {"entity_type", "entity_types", "export_id"} == options | (
        set(LoadExportOptions.__annotations__) if name != "load_export" else set()
    )


@pytest.mark.parametrize("name", [*LOADS, "start_export", "sync_entities", "changes"])
def test_options_are_keyword_only(name):
    first, *options = parameters(getattr(mf, name)).values()
    assert first.default is inspect.Parameter.empty
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in options)


def test_public_names_are_sorted_and_there():
    assert sorted(mf.__all__) == mf.__all__
    assert all(hasattr(mf, name) for name in mf.__all__)


@pytest.mark.parametrize("name", [n for n in mf.__all__ if n != "__version__"])
def test_every_public_thing_is_documented(name):
    thing = getattr(mf, name)
    assert (thing.__doc__ or "").strip()
    for member, value in vars(thing).items() if inspect.isclass(thing) else ():
        if callable(value) and not member.startswith("_"):
            assert (value.__doc__ or "").strip(), member
