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

# The one table of what is handed on. `token USER` of our own stays: it asks the database of this machine.
VERBS = {
    "login": "log in to a portal",
    "logout": "forget the token",
    "course": "courses",
    "cluster": "create, list, show, watch, resize, repair, delete clusters",
    "job": "submit jobs, their logs and output",
    "folder": "folders that outlive clusters",
    "completion": "completion for bash and zsh",
}
COMPLETING = "_SLIPWAY_COMPLETE"


def described() -> str:
    """For the end of our own help."""
    lines = (f"  {name:20}{text}" for name, text in VERBS.items())
    return "\n".join(["of a portal, here or elsewhere (docs/cli.md; `./slipway VERB --help`):", *lines])


def is_handed_on(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    return COMPLETING in environment or (bool(words) and words[0] in VERBS)


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
