"""`python -m launcher.service HOME NAME`: what supervisord runs; it becomes the service NAME of HOME's services.json.

One trampoline keeps paths and secrets out of supervisord.conf, notes who is running what, and reads the service's
definition anew at each start, so that a restart takes what `up` wrote last.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from launcher import postgres_lock, processes
from launcher.files import read_json


@dataclass(frozen=True)
class Service:
    """How to start one service. `uid` is None where it runs as ourselves; a new `fingerprint` means a restart."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: str
    uid: int | None
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def become(home: Path, name: str) -> None:
    service = Service(**read_json(home / "services.json")[name])
    if name == "postgres":
        postgres_lock.clear_stale(home / "postgres")
    processes.note_running(home / "running" / f"{name}.json", service.fingerprint)
    environment = {**service.environment, processes.HOME_VARIABLE: str(home)}
    os.chdir(service.folder)
    if service.uid is not None:
        os.setgroups([])
        os.setgid(service.uid)
        os.setuid(service.uid)
    os.execve(service.command[0], service.command, environment)


if __name__ == "__main__":
    become(Path(sys.argv[1]), sys.argv[2])
