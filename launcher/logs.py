"""`./slipway logs [NAME]`: the services' logs and the nodes' consoles."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher import control
from launcher.console import Console
from launcher.paths import Paths
from launcher.problem import Problem


def _server_name(folder: Path) -> str:
    """The server's name as its record has it, with enough of its id to tell two of one name apart."""
    try:
        name = str(json.loads((folder / "server.json").read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        name = "server"
    return f"{name}@{folder.name[:8]}"


def find(paths: Paths) -> dict[str, Path]:
    """Name -> file of each log there is: services and steps by name, nodes' consoles as NAME@ID."""
    logs = {file.stem: file for file in sorted((paths.home / "log").glob("*.log"))}
    consoles = sorted((paths.minicloud / "servers").glob("*/console.log"))
    return {**logs, **{_server_name(file.parent): file for file in consoles}}


def choose(logs: Mapping[str, Path], name: str) -> Path:
    """The log that NAME means: its name, or the beginning of exactly one. Problem otherwise, with the names."""
    matching = [known for known in logs if known == name] or [known for known in logs if known.startswith(name)]
    if len(matching) != 1:
        why = f"it could be {', '.join(matching)}" if matching else f"there are: {', '.join(logs) or 'none yet'}"
        raise Problem(f"no one log is called {name!r}", why, "`./slipway logs` lists them with their ends")
    return logs[matching[0]]


def show(paths: Paths, name: str | None, console: Console) -> None:
    logs = find(paths)
    if name is not None:
        with choose(logs, name).open("rb") as file:
            while piece := file.read(1 << 20):
                sys.stdout.buffer.write(piece)
        sys.stdout.flush()
        return
    for known, path in logs.items():
        console.say(f"== {known}: {path}")
        console.say(control.tail(path, 5))
    if not logs:
        console.say("There are no logs yet. `./slipway up` starts the services.")
