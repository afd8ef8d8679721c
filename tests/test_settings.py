"""Settings are looked for in one order, and an error names every place looked at."""

import logging
import os

import pytest
from support.tracebacks import shown

import mews_frames as mf
from mews_frames._settings import SANDBOX_ADDRESS, config_file, find_cache_dir, find_settings
from mews_frames.errors import ConfigurationError

TOKENS = {"client_token": "made-up-client", "access_token": "made-up-access"}
PROFILES = """
[profiles.default]
client_token = "client of default"
access_token = "access of default"
cache_dir = "/cache/of/default"

[profiles.demo]
client_token = "client of demo"
access_token = "access of demo"
platform_address = "https://api.mews-demo.com"
client_name = "Board report 2"
"""


posix = pytest.mark.skipif(os.name != "posix", reason="mode bits are POSIX")


def write_profiles(text=PROFILES):
    config_file().parent.mkdir(parents=True, mode=0o700)
    config_file().touch(mode=0o600)
    config_file().write_text(text, "utf-8")


def test_arguments_go_before_the_environment_before_the_profile(monkeypatch):
    write_profiles()
    assert find_settings().access_token.reveal() == "access of default"
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", "access of environment")
    settings = find_settings()
    assert settings.access_token.reveal() == "access of environment"
    assert settings.client_token.reveal() == "client of default"
    assert find_settings(**TOKENS).access_token.reveal() == "made-up-access"


def test_a_profile_is_chosen_by_argument_or_environment(monkeypatch):
    write_profiles()
    settings = find_settings(profile="demo")
    assert settings.platform_address == "https://api.mews-demo.com"
    assert settings.client_name == "Board report 2"
    monkeypatch.setenv("MEWS_FRAMES_PROFILE", "demo")
    assert find_settings().client_token.reveal() == "client of demo"


def test_there_are_defaults_for_all_but_the_tokens(tmp_path):
    settings = find_settings(**TOKENS)
    assert settings.platform_address == "https://api.mews.com"
    assert settings.client_name == f"mews_frames {mf.__version__}"
    assert tmp_path in settings.cache_dir.parents
    assert settings.cache_dir.name == "mews-frames"


@pytest.mark.parametrize("name", ["client_token", "access_token"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_or_blank_token_names_every_place_looked_at(name, value):
    with pytest.raises(ConfigurationError) as caught:
        mf.Client(**TOKENS | {name: value})
    message = caught.value.message
    assert f"the argument {name}" in message
    assert f"the environment variable MEWS_{name.upper()}" in message
    assert f"profile 'default' in {config_file()} (no such file)" in message
    assert "mews-frames login" in caught.value.hint


CANARY = "CANARY-5e77"


def from_arguments(**settings):
    return mf.Client(f"{CANARY}-client", f"{CANARY}-access", **settings)


def from_the_environment(**settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEWS_CLIENT_TOKEN", f"{CANARY}-client")
        patch.setenv("MEWS_ACCESS_TOKEN", f"{CANARY}-access")
        return mf.Client(**settings)


def from_the_profile(**settings):
    write_profiles(f'[profiles.default]\nclient_token = "{CANARY}"\naccess_token = "{CANARY}"\n')
    return mf.Client(**settings)


def for_the_cache(**settings):
    write_profiles(f'[profiles.default]\nclient_token = "{CANARY}"\n')
    return mf.exports(**{"profile": "nobody"} | settings)


def from_a_damaged_profile(**settings):
    write_profiles(f'[profiles.default]\nclient_token = "{CANARY}"\naccess_token {CANARY}\n')
    return mf.Client(**settings)


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (from_arguments, {"platform_address": "ftp://x"}),
        (from_arguments, {"profile": "nobody"}),
        (from_the_environment, {"platform_address": "ftp://x"}),
        (from_the_environment, {"profile": "nobody"}),
        (from_the_profile, {"platform_address": "ftp://x"}),
        (from_the_profile, {"profile": "nobody"}),
        (from_a_damaged_profile, {}),
        (for_the_cache, {}),
    ],
)
def test_no_frame_of_a_wrong_setting_shows_a_token(make, settings):
    with pytest.raises(ConfigurationError) as caught:
        make(**settings)
    texts = shown(caught.value)
    assert len(texts) > 5
    assert not [text for text in texts if CANARY in text]


def test_a_profile_that_does_not_exist_lists_those_that_do():
    write_profiles()
    with pytest.raises(ConfigurationError, match="there is no profile 'dmeo'") as caught:
        find_settings(profile="dmeo")
    assert "default, demo, sandbox" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (
            '[default]\nclient_token = "canary"',
            "(which has [default]: it should be [profiles.default])",
        ),
        ('[profiles.hotel]\nclient_token = "canary"', "(which has 'hotel')"),
        ('client_token = "canary"', "(which has no profile)"),
        (
            '[profiles.default]\nclient_tokn = "canary"\nacces = "canary"',
            "(which does not take 'client_tokn', 'acces')",
        ),
    ],
)
def test_a_slip_in_the_profile_file_is_named_where_something_is_missed(text, flaw):
    write_profiles(text)
    with pytest.raises(ConfigurationError, match="no client token was found") as caught:
        find_settings()
    assert caught.value.message.endswith(f"{config_file()} {flaw}")
    assert "canary" not in str(caught.value)


def test_a_profile_that_stands_beside_the_others_is_found_to_be_misplaced():
    write_profiles('[demo]\nclient_token = "canary"')
    with pytest.raises(ConfigurationError, match=r"\[demo\]: it should be \[profiles\.demo\]"):
        find_settings(profile="demo")


@pytest.mark.parametrize("text", ["[profiles.default", "profiles = 1", "[profiles]\ndefault = 1"])
def test_a_profile_file_that_cannot_be_read_is_not_quoted(text):
    write_profiles(text + '\n# client_token = "canary"')
    with pytest.raises(ConfigurationError, match=r"config\.toml") as caught:
        find_settings()
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "address",
    [
        "api.mews.com",
        "api.mews.com:443",
        "ftp://api.mews.com",
        "https://",
        "https://api.mews.com/api/connector",
        "https://user:canary@api.mews.com",
        "https://api.mews.com?token=canary",
        "https://[::1",
        "https://api.mews.com:port",
    ],
)
def test_an_address_that_is_more_or_less_than_scheme_and_host_is_refused(address):
    with pytest.raises(ConfigurationError, match="platform address") as caught:
        mf.Client(**TOKENS, platform_address=address)
    assert "https://api.mews.com" in caught.value.hint
    assert "canary" not in str(caught.value)


def test_a_slash_at_the_end_of_the_address_does_not_matter():
    settings = find_settings(**TOKENS, platform_address="https://api.mews-demo.com/")
    assert settings.platform_address == "https://api.mews-demo.com"


def test_the_sandbox_ignores_real_tokens(monkeypatch):
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", "a real one")
    settings = find_settings(profile="sandbox")
    assert settings.platform_address == SANDBOX_ADDRESS
    assert settings.access_token.reveal() == "sandbox-access-token"


def test_arguments_go_before_the_sandbox_of_the_environment(monkeypatch):
    monkeypatch.setenv("MEWS_FRAMES_PROFILE", "sandbox")
    settings = find_settings(**TOKENS, platform_address="http://127.0.0.1:8000")
    assert settings.platform_address == "http://127.0.0.1:8000"
    assert settings.access_token.reveal() == "made-up-access"
    assert not settings.is_sandbox


def test_the_cache_folder_needs_no_tokens(monkeypatch, tmp_path):
    write_profiles()
    assert str(find_cache_dir()) == "/cache/of/default"
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", "~/cache")
    assert find_cache_dir() == tmp_path / "home" / "cache"
    assert find_cache_dir("sandbox") == tmp_path / "home" / "cache"


def test_a_token_of_the_environment_that_overrules_a_profile_is_told(monkeypatch, caplog):
    write_profiles()
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", "canary")
    with caplog.at_level(logging.WARNING, "mews_frames"):
        find_settings(profile="demo")
    assert "MEWS_ACCESS_TOKEN overrules profile 'demo'" in caplog.text
    assert "canary" not in caplog.text


def test_settings_do_not_show_tokens():
    assert "made-up" not in repr(find_settings(**TOKENS))
    with mf.Client(**TOKENS) as client:
        assert "made-up" not in repr(client)
        assert "https://api.mews.com" in repr(client)


def test_making_a_client_opens_nothing_and_writes_nothing():
    with mf.Client(**TOKENS) as client:
        assert not client._http.is_open
        assert not client.cache.path.exists()


@posix
@pytest.mark.parametrize("mode", [0o660, 0o602, 0o666])
def test_a_profile_file_that_others_can_write_is_an_error(mode):
    write_profiles()
    config_file().chmod(mode)
    for find in (find_settings, find_cache_dir):
        with pytest.raises(ConfigurationError, match="other users can write it") as caught:
            find()
        assert str(config_file()) in caught.value.message
        assert f"chmod go-w {config_file()}" in caught.value.hint


@posix
def test_a_folder_of_profiles_that_others_can_write_is_an_error():
    write_profiles()
    config_file().parent.chmod(0o770)
    with pytest.raises(ConfigurationError, match="other users can write it") as caught:
        find_settings()
    assert f"chmod go-w {config_file().parent}" in caught.value.hint


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give files to somebody else"
)
def test_a_profile_file_of_somebody_else_is_an_error():
    write_profiles()
    os.chown(config_file(), 65_534, 65_534)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        find_settings()


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_profile_file_that_others_can_read_is_a_warning_once(mode, caplog):
    write_profiles()
    config_file().chmod(mode)
    for _ in range(2):
        assert find_settings().client_token.reveal() == "client of default"
    assert caplog.text.count(f"other users can read {config_file()}") == 1
    assert "of default" not in caplog.text


@posix
def test_a_private_profile_file_is_no_warning(caplog):
    write_profiles()
    find_settings()
    assert not caplog.records


@posix
def test_settings_may_lie_behind_a_link(tmp_path):
    write_profiles()
    config_file().rename(tmp_path / "dotfile")
    config_file().symlink_to(tmp_path / "dotfile")
    assert find_settings().client_token.reveal() == "client of default"


@posix
def test_a_pipe_in_place_of_the_profile_file_keeps_nobody_waiting():
    config_file().parent.mkdir(parents=True, mode=0o700)
    os.mkfifo(config_file(), 0o600)
    with pytest.raises(ConfigurationError, match="it is no plain file"):
        find_settings()


@pytest.mark.parametrize("address", ["http://api.mews.com", "HTTP://192.0.2.2:80", "http://mews"])
def test_tokens_do_not_travel_readable(address):
    with pytest.raises(ConfigurationError, match="plain http"):
        find_settings(**TOKENS, platform_address=address)


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "a.localhost", "[::1]:9"])
def test_a_sandbox_on_this_machine_may_be_plain_http(host):
    settings = find_settings(**TOKENS, platform_address=f"HTTP://{host}")
    assert settings.platform_address == f"http://{host}"


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_cache_folder_is_not_the_current_one(blank):
    there = find_settings(**TOKENS).cache_dir
    assert find_settings(**TOKENS, cache_dir=blank).cache_dir == there


def test_the_folder_of_the_cache_is_named_from_everywhere(tmp_path, monkeypatch):
    (tmp_path / "work" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "deeper")
    for named, meant in ((".", "work/deeper"), ("..", "work"), ("x", "work/deeper/x")):
        assert find_settings(**TOKENS, cache_dir=named).cache_dir == tmp_path / meant


def test_a_cache_in_the_current_folder_has_its_sandbox_beside_it(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path / "work")
    with mf.Client(profile="sandbox", cache_dir=".") as client:
        client.start_export("Bill")
    assert (tmp_path / "work-sandbox" / "exports").is_dir()


def test_the_root_of_a_disk_is_no_cache(tmp_path):
    for profile in ("sandbox", None):
        with pytest.raises(ConfigurationError, match="the root of a disk"):
            mf.Client(**TOKENS, profile=profile, cache_dir=tmp_path.anchor)
