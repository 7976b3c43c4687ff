"""What is there, asked of the machine and of Heat itself, not of the portal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from heatclient import client
from keystoneauth1 import session
from keystoneauth1.identity import v3

from launcher.testing import Embedded


class Process(NamedTuple):
    pid: int
    command: str


def processes_below(home: Path) -> list[Process]:
    """The processes that have to do with a home: by command line, working folder or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            traces = [command, str((entry / "cwd").readlink()).encode(), (entry / "environ").read_bytes()]
        except OSError:
            continue
        if any(str(home).encode() in trace for trace in traces):
            found.append(Process(int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")))
    return found


def log_in(house: Embedded, course: str) -> session.Session:
    """The portal's service user in the project of a course."""
    cloud = json.loads((house.home / "minicloud" / "cloud.json").read_text())
    auth = v3.Password(
        auth_url=cloud["auth_url"],
        username=cloud["username"],
        password=cloud["password"],
        user_domain_name=cloud["user_domain"],
        project_id=cloud["projects"][course],
    )
    return session.Session(auth)


def strays(home: Path) -> list[Process]:
    """The processes of a home that do not descend from its supervisord: nobody would restart or end them."""
    supervisor = int((home / "supervisord.pid").read_text())
    return [process for process in processes_below(home) if supervisor not in _line_of(process.pid)]


def _line_of(pid: int) -> list[int]:
    """A process, its parent, and so on."""
    line = []
    while pid > 1:
        line.append(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            break
    return line


def heat(house: Embedded, course: str) -> Any:
    return client.Client("1", session=log_in(house, course), service_type="orchestration")


def stacks_of(house: Embedded) -> list[str]:
    return [stack.stack_name for course in ("demo", "other") for stack in heat(house, course).stacks.list()]


def assert_nothing_is_left(house: Embedded) -> None:
    """Of all clusters: no stack, no server, no program of theirs."""
    assert stacks_of(house) == []
    assert list((house.home / "minicloud" / "servers").iterdir()) == []
    assert [process.command for process in processes_below(house.home) if "java" in process.command] == []
