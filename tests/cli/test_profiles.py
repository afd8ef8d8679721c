"""A profile is put into the profile file; whatever else stands there stays as it is."""

import tomllib

import pytest

from mews_frames._cli.profiles import with_profile, write_private
from mews_frames.errors import ConfigurationError

NEW = {"client_token": "new", "access_token": 'qu"ote\\back'}
FILE = """# mine
theme = "dark"

[profiles.default]  # at home
client_token = "old"
cache_dir = "/big/disk"

# the whole group
[profiles.group]
client_token = 'kept' # really

[other]
profiles = 1
"""


def test_an_empty_file_gets_one_profile():
    assert tomllib.loads(with_profile("", "default", NEW)) == {"profiles": {"default": NEW}}


def test_a_profile_is_replaced_and_keeps_what_else_it_holds():
    changed = with_profile(FILE, "default", NEW)
    before, after = tomllib.loads(FILE), tomllib.loads(changed)
    assert after["profiles"]["default"] == {**NEW, "cache_dir": "/big/disk"}
    assert after["profiles"]["group"] == before["profiles"]["group"]
    assert after["other"] == before["other"]


@pytest.mark.parametrize("name", ["default", "group", "another"])
def test_all_other_lines_stay(name):
    lines = with_profile(FILE, name, NEW).splitlines()
    kept = ["# mine", 'theme = "dark"', "[other]", "profiles = 1"]
    kept += (
        ["client_token = 'kept' # really"] if name != "group" else ["[profiles.default]  # at home"]
    )
    assert [line for line in lines if line in kept] == [
        line for line in FILE.splitlines() if line in kept
    ]


def test_a_comment_above_the_next_table_stays():
    assert "# the whole group\n[profiles.group]" in with_profile(FILE, "default", NEW)


def test_a_name_that_is_part_of_another_is_not_mistaken_for_it():
    text = '[profiles.default2]\nclient_token = "x"\n'
    assert tomllib.loads(with_profile(text, "default", NEW))["profiles"]["default2"]


def test_a_last_line_without_an_end_is_no_trap():
    text = '[profiles.group]\nclient_token = "x"'
    assert set(tomllib.loads(with_profile(text, "default", NEW))["profiles"]) == {
        "group",
        "default",
    }


@pytest.mark.parametrize(
    "text",
    [
        'profiles = {default = {client_token = "x"}}\n',
        '[profiles]\ndefault.client_token = "x"\n',
        '[profiles.default]\nclient_token = """\n[not a table]\n"""\n',
        "[profiles.default]\nsince = 2026-01-01\n",
        "[profiles.default\n",
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text):
    with pytest.raises(ConfigurationError):
        with_profile(text, "default", NEW)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        write_private(path, "new")
    assert [(p.name, p.read_text()) for p in tmp_path.glob("*.toml*")] == [("config.toml", "old")]
    assert not list(tmp_path.glob(".config*"))
