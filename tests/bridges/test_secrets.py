"""No token and no signature in what file systems and frames show, keep or hand over."""

import gc
import json
import pickle

import cloudpickle
import fsspec
import polars as pl
import pytest
from support.tracebacks import shown

from mews_frames import errors
from mews_frames._bridges.filesystem import MewsFileSystem

CANARY = "CANARY-7f3a91"


@pytest.fixture
def options(shop):
    """What opens a file system with tokens of its own."""
    return {
        "client_token": shop.mews.client_token,
        "access_token": shop.mews.access_token,
        "platform_address": shop.mews.address,
        "clock": shop.mews.clock,
    }


@pytest.fixture
def secrets(shop):
    return (shop.mews.client_token, shop.mews.access_token, "sig=")


@pytest.fixture
def _settings(shop, monkeypatch):
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", shop.mews.client_token)
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", shop.mews.access_token)


def is_clean(text, secrets):
    assert text
    return not any(secret in str(text) for secret in secrets)


def test_tokens_may_be_given_as_storage_options(shop, export, options):
    url = f"mews://{export.id}/part-00001.jsonl"
    with fsspec.open(url, **options) as file:
        assert file.read() == shop.parts(export)[0]


def test_a_file_system_shows_no_tokens(export, options, secrets):
    fs = fsspec.filesystem("mews", **options)
    file = fs.open(f"{export.id}/part-00001.jsonl")
    file.read(10)
    remote = fs._remotes.get(export.id)
    for thing in (fs, file, file.cache, fs._afar, fs._remotes, remote, fs.info(file.path)):
        assert is_clean(repr(thing), secrets)
        assert is_clean(str(thing), secrets)
    assert is_clean(fs.storage_options, secrets)
    assert is_clean(fs.storage_args or "none", secrets)
    assert is_clean(fs.to_json(), secrets)
    assert is_clean(fs.to_dict(include_password=True), secrets)
    assert is_clean(vars(fs), secrets)


def test_fsspec_keeps_no_instance(options):
    fs = fsspec.filesystem("mews", **options)
    assert MewsFileSystem._cache == {}
    assert fsspec.filesystem("mews", **options) is not fs


def test_a_file_system_that_nobody_holds_is_gone(options):
    before = sum(isinstance(each, MewsFileSystem) for each in gc.get_objects())
    fsspec.filesystem("mews", **options)
    assert sum(isinstance(each, MewsFileSystem) for each in gc.get_objects()) == before


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps], ids=["pickle", "cloudpickle"])
def test_a_pickle_holds_no_token_and_finds_them_again(export, options, secrets, monkeypatch, dumps):
    fs = fsspec.filesystem("mews", **options)
    data = dumps([fs, fs.open(f"{export.id}/part-00001.jsonl")])
    assert is_clean(data.decode("latin-1"), secrets)
    with pytest.raises(errors.ConfigurationError, match="no client token was found"):
        pickle.loads(data)  # noqa: S301 - our own
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", secrets[0])
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", secrets[1])
    again, file = pickle.loads(data)  # noqa: S301
    path = f"{export.id}/part-00002.jsonl"
    assert again.cat_file(path) == fs.cat_file(path)
    assert file.read(10) == fs.cat_file(file.path, 0, 10)
    assert again == fs
    assert again.storage_options["platform_address"] == options["platform_address"]


@pytest.mark.usefixtures("_settings")
def test_json_finds_the_tokens_in_the_settings(export, options):
    fs = fsspec.filesystem("mews", **options)
    again = MewsFileSystem.from_json(fs.to_json())
    assert again.ls(export.id) == fs.ls(export.id)
    assert set(json.loads(fs.to_json())) == {"cls", "protocol", "args", "platform_address"}


def test_file_systems_of_one_account_are_equal_and_others_are_not(shop, options):
    same = [fsspec.filesystem("mews", **options), shop.files(), shop.files()]
    assert len({*same}) == 1
    other = fsspec.filesystem("mews", **(options | {"access_token": CANARY}))
    assert other != same[0]
    assert hash(other) != hash(same[0])


def test_errors_show_no_tokens(export, options, secrets, clock):
    fs = fsspec.filesystem("mews", **options)
    fs.cat_file(f"{export.id}/part-00001.jsonl", 0, 10)
    clock.sleep(8 * 86_400)
    with pytest.raises(errors.ExportExpiredError) as caught:
        fs.cat_file(f"{export.id}/part-00001.jsonl", 0, 10)
    for text in shown(caught.value):
        assert is_clean(text, secrets)


# --------------------------------------------------------------------------- frames


@pytest.fixture
def frame(shop):
    return shop.client.load_entities("OrderItem", cache=False, progress=False)


def test_a_frame_shows_no_tokens(frame, secrets):
    assert is_clean(frame.explain(), secrets)
    assert is_clean(repr(frame), secrets)


def test_a_pickled_frame_holds_no_tokens_and_finds_them_again(frame, secrets, monkeypatch):
    frame = frame.filter(pl.col("Amount.NetValue") > 0).select("Id", "Amount.NetValue")
    data = pickle.dumps(frame)
    assert is_clean(data.decode("latin-1"), secrets)
    with pytest.raises(errors.ConfigurationError, match="no client token was found"):
        pickle.loads(data).collect()  # noqa: S301 - our own
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", secrets[0])
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", secrets[1])
    assert pickle.loads(data).collect().equals(frame.collect())  # noqa: S301


def test_errors_out_of_collect_show_no_tokens(frame, secrets, clock):
    clock.sleep(8 * 86_400)
    with pytest.raises(errors.ExportExpiredError) as caught:
        frame.collect()
    for text in shown(caught.value):
        assert is_clean(text, secrets)
