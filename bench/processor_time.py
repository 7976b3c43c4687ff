"""Processor seconds of a house's processes, by what they are: from /proc, ended children included."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
DAEMONS = {
    "namenode.NameNode": "namenode",
    "datanode.DataNode": "datanode",
    "master.Master": "master",
    "worker.Worker": "worker",
}
SERVER = "SLIPWAY_SERVER_ID="


@dataclass(frozen=True)
class Process:
    """`own`: seconds of its own; `ended`: those of its children that have ended, theirs included."""

    pid: int
    parent: int
    own: float
    ended: float


def by_kind(home: Path) -> Counter[str]:
    """Seconds so far. The difference of two answers is what was used in between: what ends goes on to its parent.

    "daemon NAME" is one of the six daemons' kinds, "node NAME" another program of a node; all others are services.
    """
    seconds: Counter[str] = Counter()
    for process, service in of_home(home):
        kind = _kind_in_node(process.pid) if service == "compute" else ""
        seconds[kind or service] += process.own
        if kind:
            # A server's first process inherits and awaits all that ends in its server: above all the boot.
            seconds["node boot and other ended programs"] += process.ended
        elif service != "compute":  # whose children that have ended are the servers of earlier clusters
            seconds[service] += process.ended
    return seconds


def of_home(home: Path) -> Iterator[tuple[Process, str]]:
    """The processes of a house, each with the service that it is, or that is its nearest parent."""
    processes = {process.pid: process for entry in os.scandir("/proc") if (process := _process(entry.name))}
    services = {
        int(json.loads(note.read_text())["pid"]): note.stem for note in sorted((home / "running").glob("*.json"))
    }
    for process in processes.values():
        service = _service(process, processes, services)
        if service is not None:
            yield process, service


def of_tree(top: int) -> float:
    """Seconds so far of a process and of all that it has started and that still runs, with what of it has ended."""
    processes = [process for entry in os.scandir("/proc") if (process := _process(entry.name))]
    family, seconds = {top}, 0.0
    while more := [process for process in processes if process.pid in family or process.parent in family]:
        seconds += sum(process.own + process.ended for process in more)
        family |= {process.pid for process in more}
        processes = [process for process in processes if process not in more]
    return seconds


def in_daemons(seconds: Counter[str]) -> float:
    return sum(value for kind, value in seconds.items() if kind.startswith("daemon "))


def outside_daemons(seconds: Counter[str]) -> float:
    return sum(value for kind, value in seconds.items() if not kind.startswith("daemon "))


def _service(process: Process, processes: dict[int, Process], services: dict[int, str]) -> str | None:
    at: Process | None = process
    while at is not None:
        if at.pid in services:
            return services[at.pid]
        at = processes.get(at.parent)
    return None


def _kind_in_node(pid: int) -> str:
    """What a process of a server is; "" where it is none."""
    if not any(entry.startswith(SERVER) for entry in _words(pid, "environ")):
        return ""
    words = _words(pid, "cmdline")
    for name, daemon in DAEMONS.items():
        if any(word.endswith(name) for word in words):
            return f"daemon {daemon}"
    if "supervisor.supervisord" in words:
        return "node supervisor"
    if "agent" in words[-1:]:
        return "node agent"
    return "node first process" if any(word.endswith("init.py") for word in words) else "node others"


def _process(name: str) -> Process | None:
    if not name.isdigit():
        return None
    try:
        stat = Path("/proc", name, "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = re.sub(r"^.*\)", "", stat, flags=re.S).split()
    user, system, ended_user, ended_system = (int(field) / TICKS for field in fields[11:15])
    return Process(int(name), int(fields[1]), user + system, ended_user + ended_system)


def _words(pid: int, name: str) -> list[str]:
    try:
        return Path("/proc", str(pid), name).read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []
