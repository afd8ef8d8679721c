"""Shells complete what mews-frames knows: types, columns, formats, exports, profiles."""

import pytest

import mews_frames as mf
from mews_frames._cli import main
from mews_frames._settings import config_file


@pytest.fixture
def ask(monkeypatch, capsys):
    """Ask as the script does that --install-completion puts into a shell."""

    def ask_one(what, line=""):
        monkeypatch.setenv("_MEWS_FRAMES_COMPLETE", what)
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        with pytest.raises(SystemExit):
            main([])
        out, err = capsys.readouterr()
        assert not err
        return out

    return ask_one


@pytest.fixture
def complete(ask):
    return lambda line: ask("complete_bash", line).split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mews-frames lo", ["load", "login"]),
        ("mews-frames load Re", ["Reservation", "ResourceBlock"]),
        ("mews-frames load OrderItem --column Amount.N", ["Amount.NetValue"]),
        ("mews-frames load --column Amount.N", []),
        ("mews-frames load Bill --format p", ["parquet"]),
        ("mews-frames load Bill --pl", ["--plan"]),
        ("mews-frames load Bill --profile s", ["sandbox"]),
        ("mews-frames cache clear --type Led", ["LedgerEntry"]),
    ],
)
def test_a_word_is_completed(line, offered, complete):
    assert complete(line) == offered


def test_exports_that_are_known_are_offered(mews, complete, ask):
    with mf.Client() as client:
        export_id, other = (client.start_export(name).id for name in ("Bill", "Payment"))
    assert set(complete("mews-frames export wait ")) == {export_id, other}
    assert complete(f"mews-frames export wait {export_id[:8]}") == [export_id]
    shown = ask("complete_zsh", f"mews-frames export wait {export_id[:8]}")
    assert "Bill" in shown  # shells that show a word beside it say what it is


def test_profiles_are_offered(complete):
    path = config_file()
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text('[profiles.spa]\nclient_token = "MADE-UP"\n')
    path.chmod(0o600)
    assert complete("mews-frames load Bill --profile s") == ["sandbox", "spa"]
    path.write_text("this is no TOML")
    assert complete("mews-frames load Bill --profile s") == ["sandbox"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell, ask):
    assert "_MEWS_FRAMES_COMPLETE" in ask(f"source_{shell}")
