"""What kill -9 leaves of a PostgreSQL, and when it may be cleared away."""

from __future__ import annotations

import os
from pathlib import Path

from launcher import processes


def processes_in(data: Path) -> list[processes.Identity]:
    """The living processes of the PostgreSQL of this data folder: each has it as its working folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            inside = (folder / "cwd").readlink() == data and processes.runs_postgres(folder)
        except OSError:
            continue
        process = processes.identify(int(folder.name)) if inside else None
        if process and process.pid != os.getpid():
            found.append(process)
    return found


def clear_stale(data: Path) -> None:
    """Remove the pid file of a PostgreSQL that is gone.

    PostgreSQL refuses to start while a process of the pid in it exists, whoever was given that pid since. Backends that
    a killed postmaster left behind see its end and go at once: they are waited for, and ended after 10 s. A postmaster
    that lives keeps its file: the new one will refuse, as it should.
    """
    pid_file = data / "postmaster.pid"
    try:
        postmaster = int(pid_file.read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        postmaster = 0
    inside = processes_in(data)
    if any(process.pid == postmaster for process in inside):
        return
    if processes.wait_gone(inside, 10):
        processes.stop(inside, 1)
    pid_file.unlink(missing_ok=True)
