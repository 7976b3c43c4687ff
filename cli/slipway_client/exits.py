"""What the exit status of the command says; docs/cli.md has this table."""

from __future__ import annotations

from enum import IntEnum

from .errors import ApiError, UnreachableError


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    LOGGED_OUT = 6
    TOO_LONG = 7
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "what was waited for has failed (a cluster, a change of it, a job), or a file here cannot be used",
    Exit.USAGE: "the command line is not right, or something that it needs was not said; nothing was asked for",
    Exit.REFUSED: "the portal said no; it says why and what to do next",
    Exit.NOT_FOUND: "there is no such thing, or not for you",
    Exit.UNREACHABLE: "the portal does not answer, or cannot (5xx); try again later",
    Exit.LOGGED_OUT: "no token, or one that is wrong or over: `slipway login`",
    Exit.TOO_LONG: "it was not over in the time that was to be waited; it goes on in the portal",
    Exit.INTERRUPTED: "interrupted (Ctrl-C); what was asked for goes on in the portal",
}

_OF_STATUS = {401: Exit.LOGGED_OUT, 404: Exit.NOT_FOUND}


def of_error(error: ApiError) -> Exit:
    if isinstance(error, UnreachableError) or error.status >= 500:
        return Exit.UNREACHABLE
    return _OF_STATUS.get(error.status, Exit.REFUSED)
