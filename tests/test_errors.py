"""One tree of errors: to catch, to pickle, to read."""

import copy
import inspect
import pickle

import pytest

from mews_frames import errors
from mews_frames.errors import MewsError

CLASSES = [getattr(errors, name) for name in errors.__all__]
FACTS = {
    "hint": "do this",
    "status": 503,
    "request_id": "r-1",
    "export_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "part": 2,
    "line": 3,
    "offset": 40,
    "retry_after": 5.5,
}
every_error = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


def test_all_errors_are_listed_and_sorted():
    defined = [
        name
        for name, thing in vars(errors).items()
        if inspect.isclass(thing) and issubclass(thing, BaseException)
    ]
    assert sorted(defined) == errors.__all__


@every_error
def test_one_root_catches_all(kind):
    assert issubclass(kind, MewsError)
    assert kind.__name__.endswith("Error")


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (errors.InvalidArgumentError, [ValueError]),
        (errors.UnknownColumnError, [errors.InvalidArgumentError, ValueError]),
        (errors.ExportTimeoutError, [errors.ExportError, TimeoutError, OSError]),
        (errors.ExportFailedError, [errors.ExportError]),
        (errors.ExportExpiredError, [errors.ExportError]),
        (errors.AuthenticationError, [errors.ConnectorError]),
        (errors.RequestRejectedError, [errors.ConnectorError]),
        (errors.ExportAlreadyRunningError, [errors.RequestRejectedError]),
        (errors.RateLimitedError, [errors.ConnectorError]),
        (errors.ServerError, [errors.ConnectorError]),
        (errors.ConnectionFailedError, [errors.ConnectorError]),
        (errors.IntegrityError, [errors.DownloadError]),
    ],
)
def test_errors_are_caught_where_callers_expect_them(kind, parents):
    assert all(issubclass(kind, parent) for parent in parents)


def test_the_tree_in_the_docs_is_the_tree():
    drawn = {line.split()[-1] if "──" in line else line.strip() for line in tree_lines()}
    assert {name.split(" ")[0] for name in drawn} == set(errors.__all__)
    for line in tree_lines():
        above, _, name = line.rpartition("── ")
        assert depth_of(getattr(errors, name)) == (len(above) + 3) // 4


def tree_lines():
    text = inspect.cleandoc(errors.__doc__).partition("::\n")[2]
    lines = [line[4:] for line in text.splitlines() if "Error" in line]
    return [line[: line.index("Error") + 5] for line in lines]


def depth_of(kind):
    return len([base for base in kind.__mro__ if issubclass(base, MewsError)]) - 1


@every_error
def test_every_error_is_documented(kind):
    assert kind.__doc__
    assert kind.__doc__ != kind.__bases__[0].__doc__
    assert kind.__doc__.splitlines()[0].endswith(".")


@every_error
@pytest.mark.parametrize("travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])  # noqa: S301 - our own
def test_errors_travel_with_all_they_carry(kind, travel):
    error = kind("what happened", **FACTS)
    error.add_note("said later")
    there = travel(error)
    assert type(there) is kind
    assert there.message == "what happened"
    assert {name: getattr(there, name) for name in FACTS} == FACTS
    assert str(there) == str(error)
    assert there.args == error.args
    assert there.__notes__ == ["said later"]


def test_whether_anything_was_sent_travels_too():
    error = errors.ConnectionFailedError("gone")
    assert error.was_sent
    error.was_sent = False
    assert not pickle.loads(pickle.dumps(error)).was_sent  # noqa: S301 - our own


@every_error
def test_an_error_reads_as_what_happened_and_what_to_do(kind):
    assert str(kind("what happened", hint="do this")) == "what happened\n\nhint: do this"
    assert str(kind("what happened")) == "what happened"


@every_error
def test_facts_that_are_not_known_are_none(kind):
    error = kind("what happened")
    assert all(getattr(error, name) is None for name in FACTS)


def test_facts_are_named():
    with pytest.raises(TypeError):
        MewsError("what happened", "do this")
