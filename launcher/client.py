"""The verbs of the command line in `cli/`, which `./slipway` hands on: it becomes that program."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from launcher import environments
from launcher.environments import python_of
from launcher.files import read_json
from launcher.paths import Paths

# The one table of what is handed on.
VERBS = {
    "login": "log in to a portal",
    "logout": "end the token and forget it",
    "whoami": "who you are to which portal",
    "me": "where letters to you go, and whether you are warned",
    "offers": "flavors, software, images, kinds of storage, and what they cost",
    "course": "courses, who is in them, and their limits",
    "profile": "what a teacher has thought out for the clusters of a course",
    "class": "clusters for a whole class: ready at a time, extend all, end all",
    "cluster": "create, list, show, watch, resize, repair, extend, delete clusters",
    "job": "submit jobs, their logs and output",
    "folder": "folders that outlive clusters",
    "billing": "prices, credits, budgets, statements",
    "token": "list, create, revoke tokens for programs",
    "trail": "who did what to which thing",
    "admin": "for administrators: stacks, service accounts, who may make courses",
    "completion": "completion for bash and zsh",
}
# `token USER` is our own, and asks the database of this machine; followed by one of these it is the portal's.
SHARED = {"token": ("list", "create", "revoke")}
COMPLETING = "_SLIPWAY_COMPLETE"


def described() -> str:
    """For the end of our own help."""
    lines = (f"  {name:20}{text}" for name, text in VERBS.items())
    return "\n".join(["of a portal, here or elsewhere (docs/cli.md; `./slipway VERB --help`):", *lines])


def is_handed_on(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    if COMPLETING in environment:
        return True
    verb, *rest = words or [""]
    return verb in VERBS and (verb not in SHARED or rest[:1] in [[word] for word in SHARED[verb]])


def become(paths: Paths, words: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Become the command line, where the caller stands: paths on it are the caller's."""
    portal = environments.ensure(paths, "portal", lambda text: print(text, file=sys.stderr))
    python = str(python_of(portal))
    more = {"PYTHONPATH": str(paths.top), "SLIPWAY_URL_HERE": _address(paths)}
    os.execve(python, [python, "-P", "-m", "cli.slipway_client", *words], {**environment, **more})


def _address(paths: Paths) -> str:
    """Of this home's portal; empty where it was never up, or is somebody else's."""
    try:
        return str(read_json(paths.environment).get("SLIPWAY_URL", ""))
    except OSError:
        return ""
