"""Exit codes: what a script learns without reading."""

from __future__ import annotations

from enum import IntEnum

from mews_frames.errors import (
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    ExportAlreadyRunningError,
    ExportTimeoutError,
    IntegrityError,
    InvalidArgumentError,
    MewsError,
    RateLimitedError,
)

__all__ = ["CODES_IN_WORDS", "ExitCode", "exit_code"]


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    ERROR = 1
    USAGE = 2
    """The number that shells and argument parsers use for it too."""
    AUTHENTICATION = 3
    NOT_NOW = 4
    DAMAGED = 5
    INTERRUPTED = 130
    """128 and the number of SIGINT, as shells have it."""


CODES_IN_WORDS = """\b
Exit codes:
    0  all is well
    1  an error that is none of the others
    2  a call or a setting that cannot be right
    3  Mews refused the tokens
    4  not now, try again later: timeout, export already running, rate limit
    5  damaged data
  130  interrupted"""
"""For the help; the first character keeps the lines as they are."""


def exit_code(error: MewsError) -> ExitCode:
    """Give the exit code of an error."""
    match error:
        case InvalidArgumentError() | ConfigurationError():
            return ExitCode.USAGE
        case AuthenticationError():
            return ExitCode.AUTHENTICATION
        case ExportTimeoutError() | ExportAlreadyRunningError() | RateLimitedError():
            return ExitCode.NOT_NOW
        case DecodeError() | IntegrityError():
            return ExitCode.DAMAGED
        case _:
            return ExitCode.ERROR
