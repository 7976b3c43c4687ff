"""Processes as /proc shows them: who they are, and which belong to a server."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from minicloud.errors import MinicloudError

PROC = Path("/proc")
# In the environment of whatever runs in a server; inherited, so it survives double forks and new sessions.
MARKER = "SLIPWAY_SERVER_ID"
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """One process of the machine; `server` is None where it carries no marker or its environment cannot be read."""

    pid: int
    parent: int
    uid: int
    started: int
    server: str | None
    memory: int


def start_time(pid: int) -> int | None:
    """When a process started (clock ticks after boot); with the pid it names one process. None: gone, or a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def boot() -> str:
    """Names this boot of this machine or container: pids of another boot mean nothing."""
    kernel = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{kernel}:{start_time(1)}"


def snapshot() -> list[Process]:
    """All living processes that this user may look into, and the bare facts of the others."""
    found = []
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            process = _process(int(entry.name))
            if process is not None:
                found.append(process)
    return found


def of_server(
    processes: Iterable[Process], server: str, uid: int | None, init: tuple[int, int] | None
) -> list[Process]:
    """The processes of a server: marked ones, its uid's, its init and all that descends from these.

    `uid`: the server's own, None where it runs as the user of minicloud. `init`: (pid, start time).
    A process that carries another server's mark is never taken.
    """
    everything = list(processes)
    taken = {
        process.pid: process
        for process in everything
        if process.server == server
        or (process.server is None and uid is not None and process.uid == uid)
        or (init is not None and (process.pid, process.started) == init)
    }
    rest = [process for process in everything if process.pid not in taken and process.server in (None, server)]
    while True:
        children = [process for process in rest if process.parent in taken]
        if not children:
            return list(taken.values())
        taken |= {process.pid: process for process in children}
        rest = [process for process in rest if process.pid not in taken]


def kill(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process, even if its pid is given to another meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process.pid)
        try:
            if start_time(process.pid) == process.started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def free_uid(base: int, used: Iterable[int], processes: Iterable[Process], preferred: int | None) -> int:
    """A uid above `base` that no server of this home and no process on this machine has.

    Raises:
        MinicloudError: all are in use.
    """
    taken = set(used) | {process.uid for process in processes}
    order = ([] if preferred is None else [preferred]) + list(range(base + 1, base + 4000))
    for uid in order:
        if uid not in taken:
            return uid
    raise MinicloudError(f"all user ids from {base + 1} to {base + 3999} are in use; delete servers")


def _stat(pid: int) -> list[str] | None:
    try:
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _process(pid: int) -> Process | None:
    folder = PROC / str(pid)
    try:
        fields = _stat(pid)
        if fields is None or fields[0] in "ZX":
            return None
        uid = folder.stat().st_uid
        status_uid = _real_uid((folder / "status").read_bytes())
        server = _marked(folder)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        # Gone, or somebody else's on a machine that hides them.
        return None
    # A process that changed its uid is shown as root's until it executes something: `status` knows better.
    uid = uid if status_uid is None else status_uid
    return Process(pid, int(fields[1]), uid, int(fields[19]), server, int(fields[21]) * PAGE)


def _real_uid(status: bytes) -> int | None:
    """Bytes, and lines that end as the kernel ends them: a process may choose a name that as text looks like a line."""
    found = re.search(rb"^Uid:\t(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else None


def _marked(folder: Path) -> str | None:
    try:
        environment = (folder / "environ").read_bytes()
    except PermissionError:
        return None
    prefix = f"{MARKER}=".encode()
    values = [item[len(prefix) :] for item in environment.split(b"\0") if item.startswith(prefix)]
    return values[0].decode("utf-8", "replace") if values else None
