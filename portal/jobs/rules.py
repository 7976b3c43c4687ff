"""What may be submitted. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from cloudinit.frameworks.manifest import Manifest

NAME_LIMIT = 255  # bytes: a file system's limit
PATH_LIMIT = 2000  # bytes: what the database can still keep apart
MOST_OUTPUTS = 10_000  # files of one job that are listed: as many as its node lists
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # what neither a command line nor a database takes
ARGUMENTS_LIMIT = 100_000  # characters in all: well below what a command line takes


def wrong_fields(manifest: Manifest, application: str, arguments: object, files: Sequence[str]) -> dict[str, str]:
    """What is wrong with a submission, by field; empty where nothing is."""
    wrong: dict[str, str] = {}
    if why := wrong_name(application):
        wrong["application"] = why
    elif not application.lower().endswith(manifest.job_suffixes):
        wrong["application"] = f"must be a file that ends with {' or '.join(manifest.job_suffixes)}"
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        wrong["arguments"] = 'must be a JSON list of texts, such as ["flights.csv", "10"]'
    elif sum(map(len, arguments)) > ARGUMENTS_LIMIT or any(NO_TEXT.search(argument) for argument in arguments):
        wrong["arguments"] = (
            f"must have at most {ARGUMENTS_LIMIT} characters in all, none of them NUL or a lone surrogate"
        )
    bad = {name: why for name in files if (why := wrong_name(name))}
    twice = sorted({name for name in files if files.count(name) > 1})
    if bad:
        wrong["files"] = "; ".join(f"{name!r} {why}" for name, why in bad.items())
    elif twice:
        wrong["files"] = f"two files have the name {twice[0]!r}; each must have its own"
    return wrong


def wrong_name(name: str) -> str | None:
    """Why a file cannot be called so; None where it can. HDFS has no names with a colon."""
    if name in ("", ".", "..") or "/" in name:
        return "must be the name of a file, without folders"
    if ":" in name:
        return "must not contain a colon: HDFS has no such names"
    if len(name.encode(errors="surrogatepass")) > NAME_LIMIT:
        return f"must have at most {NAME_LIMIT} bytes"
    if not name.isprintable():
        return "must not contain control characters"
    return None


def wrong_path(path: str) -> str | None:
    """Why the path of an output cannot be listed; None where it can."""
    if not path or len(path.encode(errors="surrogatepass")) > PATH_LIMIT or not path.isprintable():
        return f"must be a printable path of 1 to {PATH_LIMIT} bytes"
    return None


def parse_arguments(text: str) -> object:
    """The value of the form's field `arguments`; text that is no JSON stays text, which wrong_fields refuses."""
    try:
        return json.loads(text) if text.strip() else []
    except (ValueError, RecursionError):
        return text
