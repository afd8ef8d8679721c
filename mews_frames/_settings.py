"""Where settings come from: argument, environment, profile file, default, in this order."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mews_frames._redact import Secret, without_frames, without_query
from mews_frames._trust import flaw_in, others_read
from mews_frames._version import __version__
from mews_frames.errors import ConfigurationError

__all__ = [
    "SANDBOX",
    "Settings",
    "config_file",
    "find_cache_dir",
    "find_settings",
    "read_config",
    "tables_dirs",
]

logger = logging.getLogger("mews_frames")

SANDBOX = "sandbox"
"""The profile that always exists: a Mews of one's own, in this process."""

SANDBOX_TOKENS = ("sandbox-client-token", "sandbox-access-token")
SANDBOX_ADDRESS = "https://sandbox.mews.invalid"  # RFC 2606: this name never resolves
DEFAULT_ADDRESS = "https://api.mews.com"
DEFAULT_PROFILE = "default"
TABLES = "it holds tables such as [profiles.default]; mews-frames login writes it"
KEYS = {
    "client_token",
    "access_token",
    "platform_address",
    "client_name",
    "cache_dir",
    "shared_cache",
}
"""What a profile holds."""
ADMINISTRATOR = (0,)
"""User ids that may own the profile file besides this user's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a Client needs to know.

    Attributes
    ----------
    client_token, access_token
        What Mews knows the application and the property by.
    platform_address
        Without a trailing slash.
    client_name
        Name and version that Mews sees.
    cache_dir
        The folder of the cache.
    profile
        The profile in use; None if there is none.
    shared_cache
        URL of the cache that a team shares; None if there is none.
    """

    client_token: Secret[str] = field(repr=False)
    access_token: Secret[str] = field(repr=False)
    platform_address: str
    client_name: str
    cache_dir: Path
    profile: str | None = None
    shared_cache: str | None = None

    @property
    def is_sandbox(self) -> bool:
        """Whether this is the sandbox in this process, and no network is needed."""
        return self.platform_address == SANDBOX_ADDRESS


class _Lookup:
    """Looks for settings, and remembers where it looked."""

    def __init__(self, profile: str | None, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.profile = profile or environ.get("MEWS_FRAMES_PROFILE") or None
        self._file = config_file()
        self._flaw = ""
        self._values = self._read_profile()

    def find(self, name: str, variable: str, argument: str | None = None) -> str | None:
        """Find a setting; a blank one counts as missing."""
        values = (argument, self._environ.get(variable), self._values.get(name))
        return next((v.strip() for v in values if isinstance(v, str) and v.strip()), None)

    def need(self, name: str, variable: str, argument: str | None = None) -> str:
        """Find a setting that has no default.

        Raises
        ------
        ConfigurationError
            If it is nowhere; the message names every place looked at.
        """
        value = self.find(name, variable, argument)
        if value is not None:
            return value
        blank = " (it is blank)" if argument is not None else ""
        raise ConfigurationError(
            f"no {name.replace('_', ' ')} was found; looked at the argument {name}{blank},"
            f" the environment variable {variable}, and profile"
            f" {self.profile or DEFAULT_PROFILE!r} in {self._file}{self._flaw}",
            hint='mews-frames login stores the tokens; profile="sandbox" works without any',
        )

    def _read_profile(self) -> Mapping[str, Any]:
        tables = self._read_file()
        profiles = {} if tables is None else tables.get("profiles", {})
        if not isinstance(profiles, Mapping):
            raise ConfigurationError(f"profiles in {self._file} is not a table", hint=TABLES)
        name = self.profile or DEFAULT_PROFILE
        if name in profiles:
            chosen = profiles[name]
            if not isinstance(chosen, Mapping):
                raise ConfigurationError(f"profile {name!r} in {self._file} is not a table")
            if odd := [key for key in chosen if key not in KEYS]:
                self._flaw = f" (which does not take {', '.join(map(repr, odd))})"
            return chosen
        if tables is None:
            self._flaw = " (no such file)"
        elif name in tables:
            self._flaw = f" (which has [{name}]: it should be [profiles.{name}])"
        elif self.profile is None:
            self._flaw = f" (which has {', '.join(map(repr, profiles)) or 'no profile'})"
        if self.profile is not None:
            raise ConfigurationError(
                f"there is no profile {name!r} in {self._file}{self._flaw}",
                hint="profiles there: " + ", ".join([*sorted(profiles), SANDBOX]),
            )
        return {}

    def _read_file(self) -> Mapping[str, Any] | None:
        import tomllib

        try:
            return tomllib.loads(read_config(self._file))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            # The error of the parser may quote a line, and the line may hold a token.
            raise ConfigurationError(
                f"{self._file} cannot be read ({type(error).__name__})", hint=TABLES
            ) from None


def config_file() -> Path:
    """Give the place of the profile file, whether it exists or not."""
    import platformdirs

    return Path(platformdirs.user_config_dir("mews-frames", appauthor=False)) / "config.toml"


def read_config(path: Path) -> str:
    """Read the profile file, if only its owner, or the administrator, can have written it.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ConfigurationError
        If others can write it, or its folder: tokens go to the address that stands there.
    """
    # The folder may be a link: people keep their settings together (stow, home-manager).
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, encoding="utf-8") as file:
        seen = os.fstat(handle)
        for place, flaw in (
            (path.parent, flaw_in(path.parent.stat(), folder=True, owners=ADMINISTRATOR)),
            (path, flaw_in(seen, owners=ADMINISTRATOR)),
        ):
            if flaw:
                raise ConfigurationError(
                    f"{place} is not trusted: {flaw}",
                    hint="your tokens are sent to the address in it. See that it says what you"
                    f" wrote, then: chmod go-w {place}",
                )
        if others_read(seen):
            _tell_readable(path, stat.S_IMODE(seen.st_mode))
        return file.read()


@cache
def _tell_readable(path: Path, mode: int) -> None:
    """Warn once: every one-line call reads the settings again."""
    logger.warning(
        "other users can read %s, where tokens are kept (mode %04o); chmod 600 makes it private",
        path,
        mode,
    )


def find_settings(
    *,
    client_token: str | None = None,
    access_token: str | None = None,
    platform_address: str | None = None,
    client_name: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    profile: str | None = None,
    shared_cache: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Find every setting of a Client.

    Raises
    ------
    ConfigurationError
        If one is missing or unusable.
    """
    shared = None if shared_cache is None else os.fspath(shared_cache)
    name = client_name or environ.get("MEWS_FRAMES_CLIENT_NAME") or _own_name()
    if (profile or environ.get("MEWS_FRAMES_PROFILE")) == SANDBOX:
        # Complete in itself: real tokens from the environment have no business there.
        return Settings(
            Secret(client_token or SANDBOX_TOKENS[0]),
            Secret(access_token or SANDBOX_TOKENS[1]),
            _address(platform_address or SANDBOX_ADDRESS),
            name,
            _cache_dir(cache_dir, environ, None),
            SANDBOX,
            shared,  # nor made-up hotels in the team's cache
        )
    lookup = _Lookup(profile, environ)
    _tell_overruled(lookup, profile, environ)
    return Settings(
        Secret(lookup.need("client_token", "MEWS_CLIENT_TOKEN", client_token)),
        Secret(lookup.need("access_token", "MEWS_ACCESS_TOKEN", access_token)),
        _address(
            lookup.find("platform_address", "MEWS_PLATFORM_ADDRESS", platform_address)
            or DEFAULT_ADDRESS
        ),
        lookup.find("client_name", "MEWS_FRAMES_CLIENT_NAME", client_name) or name,
        _cache_dir(cache_dir, environ, lookup.find("cache_dir", "MEWS_FRAMES_CACHE_DIR")),
        lookup.profile,
        lookup.find("shared_cache", "MEWS_FRAMES_SHARED_CACHE", shared),
    )


def find_cache_dir(profile: str | None = None) -> Path:
    """Find the folder of the cache, for calls that need no tokens."""
    # The environment and the profile file may hold some: no frame that has read them is shown.
    return without_frames(lambda: _found_cache_dir(profile, os.environ))


def _found_cache_dir(profile: str | None, environ: Mapping[str, str]) -> Path:
    if (profile or environ.get("MEWS_FRAMES_PROFILE")) == SANDBOX:
        return _cache_dir(None, environ, None)
    return _cache_dir(
        None, environ, _Lookup(profile, environ).find("cache_dir", "MEWS_FRAMES_CACHE_DIR")
    )


def _tell_overruled(lookup: _Lookup, profile: str | None, environ: Mapping[str, str]) -> None:
    if profile is None:
        return
    for name, variable in (
        ("access_token", "MEWS_ACCESS_TOKEN"),
        ("client_token", "MEWS_CLIENT_TOKEN"),
    ):
        if environ.get(variable) and lookup.find(name, "") not in {None, environ[variable].strip()}:
            logger.warning(
                "the environment variable %s overrules profile %r, which was asked for",
                variable,
                profile,
            )


def _cache_dir(
    argument: str | os.PathLike[str] | None, environ: Mapping[str, str], found: str | None
) -> Path:
    given = (argument, environ.get("MEWS_FRAMES_CACHE_DIR"), found)
    for chosen in given:  # a blank one counts as missing; Path("") is the current folder
        if chosen is not None and os.fspath(chosen).strip():
            return _absolute(Path(chosen).expanduser())
    return _default_cache_dir()


def _absolute(folder: Path) -> Path:
    """Give a folder the name that it has from everywhere: others are made beside it, and named so.

    Raises
    ------
    ConfigurationError
        If nothing can lie beside it.
    """
    folder = folder.resolve() if ".." in folder.parts else folder.absolute()
    if folder.parent == folder:
        raise ConfigurationError(
            f"the cache cannot be {folder}, the root of a disk",
            hint="cache_dir=, or MEWS_FRAMES_CACHE_DIR, names a folder",
        )
    return folder


def _default_cache_dir() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("mews-frames", appauthor=False))


def tables_dirs(cache_dir: Path) -> tuple[Path, ...]:
    """Say where tables lie that were given no place: where a new one goes, then older places.

    What a table remembers cannot be exported again, and cleaners empty the system's folder for
    caches: so tables lie in the user's folder for data. Whoever chose another place for the cache
    has them beside it (docs/decisions/0023).
    """
    beside = cache_dir.with_name(cache_dir.name + "-tables").absolute()
    if cache_dir != _default_cache_dir():
        return (beside,)
    import platformdirs

    data = Path(platformdirs.user_data_dir("mews-frames", appauthor=False))
    return (data / "tables", beside)


def _address(text: str) -> str:
    """Check a platform address: tokens are sent to it.

    Raises
    ------
    ConfigurationError
        If it has no scheme, no host, or carries anything else.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ConfigurationError(
            "the platform address cannot be read", hint=f"such as {DEFAULT_ADDRESS}"
        ) from None
    if parts.scheme not in {"https", "http"} or not host:
        raise ConfigurationError(
            f"the platform address {text!r} has no scheme and host"
            if "@" not in text and "?" not in text
            else "the platform address has no scheme and host",
            hint=f"such as {DEFAULT_ADDRESS}",
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(
            f"the platform address {without_query(text)!r} has more than a scheme and a host",
            hint=f"such as {DEFAULT_ADDRESS}: the path is added",
        )
    if parts.scheme == "http" and not _is_here(host):
        raise ConfigurationError(
            f"the platform address {without_query(text)!r} is plain http: whoever carries the"
            " requests could read both tokens",
            hint="https://, as Mews has it; plain http is for a sandbox on this machine",
        )
    return parts._replace(path="").geturl()  # the scheme in small letters


def _is_here(host: str) -> bool:
    """Say whether a host is this machine, or none, so that nobody else carries what is sent."""
    own = {"127.0.0.1", "::1", "localhost"}
    return host in own or host.endswith((".localhost", ".invalid"))  # RFC 6761


def _own_name() -> str:
    return f"mews_frames {__version__}"
