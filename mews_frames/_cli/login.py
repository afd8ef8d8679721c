"""``mews-frames login``: ask for tokens, and keep them where only this user reads them."""

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from mews_frames._cli.profiles import check_name, check_place, with_profile, write_private
from mews_frames._cli.talk import ask, say
from mews_frames._settings import SANDBOX, config_file, find_settings, read_config
from mews_frames.errors import ConfigurationError, InvalidArgumentError

__all__ = ["login"]

PLATFORMS = {
    "production": "https://api.mews.com",
    "demo": "https://api.mews-demo.com",
}
"""Mews docs, guidelines/environments.md. Each has tokens of its own."""

STRONGER = ("MEWS_CLIENT_TOKEN", "MEWS_ACCESS_TOKEN", "MEWS_PLATFORM_ADDRESS")


def login(
    *,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="How to call it; 'default' is used by itself.")
    ] = "default",
    platform: Annotated[
        str | None,
        typer.Option(metavar="production|demo|URL", help="Which Mews; asked for where left out."),
    ] = None,
    client_token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Read the client token from there; '-' is stdin."),
    ] = None,
    access_token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Read the access token from there; '-' is stdin."),
    ] = None,
) -> None:
    """Ask for the two tokens of Mews, and store them as a profile. Nothing is sent.

    The client token names the application, the access token the property or the portfolio. They
    are typed unseen, or read from files or from stdin (the client token on its first line, the
    access token on the next): never given as options, which other users of the machine can see.
    """
    check_name(profile, taken=SANDBOX)
    path = config_file()
    check_place(path)
    address = _address(platform)
    client_token = _token("Client token", client_token_file)
    access_token = _token("Access token", access_token_file)
    values = {
        "client_token": client_token,
        "access_token": access_token,
        "platform_address": address,
    }
    find_settings(**values, environ={})  # refuses what no Client would take
    write_private(path, with_profile(_read(path), profile, values))
    option = "" if profile == "default" else f" --profile {profile}"
    say(
        f"profile {profile!r} for {address} written to {path}\n"
        "nothing was sent; to test it:\n"
        f"  mews-frames export start ResourceBlock{option}"
    )
    if stronger := [name for name in STRONGER if os.environ.get(name)]:
        say(f"note: in this shell {', '.join(stronger)} goes before any profile")


def _address(platform: str | None) -> str:
    if platform is None and not sys.stdin.isatty():
        platform = "production"
    if platform is None:
        question = f"Mews ({', '.join(PLATFORMS)}, or its URL) [production]:"
        platform = ask(question) or "production"
    address = PLATFORMS.get(platform, platform)
    # Checked before tokens are asked for; these two stand in for them.
    find_settings(client_token="-", access_token="-", platform_address=address, environ={})  # noqa: S106
    return address


def _token(name: str, file: Path | None) -> str:
    """Get a token: from a file, from stdin, or typed unseen."""
    if file is not None and str(file) != "-":
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidArgumentError(
                f"{file} cannot be read ({type(error).__name__})", hint="it holds one token"
            ) from None
    elif file is not None or not sys.stdin.isatty():
        text = sys.stdin.readline()
    else:
        text = getpass(f"{name} (typed unseen): ")
    token = text.strip()
    if not token or len(token.split()) > 1 or not token.isprintable():
        raise InvalidArgumentError(
            f"the {name.lower()} is {'not one plain word' if token else 'blank'}",
            hint="one token, as Mews shows it; from stdin, each on a line of its own",
        )
    return token


def _read(path: Path) -> str:
    try:
        return read_config(path)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__})") from None
