"""What Manila says no with, in words for the person whose folder it is. Pure."""

from __future__ import annotations

import re

from portal.failure import Failure

_ADMINISTRATOR = "Show this to your administrator."
# Manila's words, and what they come from and ask for; the first that fits.
_REASONS = (
    (
        re.compile(r"maximum allowed limit|per.share", re.IGNORECASE),
        "One folder may not be so large in this cloud.",
        "Ask for less, or have your administrator raise what one share may have.",
    ),
    (
        re.compile(r"number of shares", re.IGNORECASE),
        "The course has as many folders as its quota in the cloud allows.",
        "Delete one that is needed no more, or have your administrator raise the quota.",
    ),
    (
        re.compile(r"quota|HTTP 413", re.IGNORECASE),
        "The course has not so much room left: its quota in the cloud counts all of its folders together.",
        "Ask for less, delete a folder that is needed no more, or have your administrator raise the quota.",
    ),
    (
        re.compile(r"share type", re.IGNORECASE),
        "The cloud does not offer this kind of storage to the course.",
        "Choose another kind, or have your administrator import the catalogue again.",
    ),
)


def not_made(reason: str) -> Failure:
    return _refused("The folder could not be made.", reason)


def not_grown(reason: str) -> Failure:
    return _refused("The folder could not be made larger. It is as it was, with all that is in it.", reason)


def lost() -> Failure:
    return Failure(
        "The folder is gone from the cloud.",
        "Its share was deleted by somebody else than this portal.",
        f"{_ADMINISTRATOR} What was in it is lost unless there is a backup.",
    )


def of_share(status: str) -> Failure:
    """From Manila's word for a share in trouble."""
    what = {
        "extending_error": "The folder could not be made larger.",
        "error_deleting": "The folder could not be deleted.",
    }.get(status, "The storage has trouble with the folder.")
    return Failure(
        what, f"The cloud says {status!r} of its share.", f"{_ADMINISTRATOR} Or delete it and make another one."
    )


def _refused(what: str, reason: str) -> Failure:
    for pattern, why, todo in _REASONS:
        if pattern.search(reason):
            return Failure(what, f"{why} ({reason})", todo)
    return Failure(what, f"The cloud refuses it: {reason}", _ADMINISTRATOR)
