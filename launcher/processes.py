"""Processes by identity (pid and start time), never by pid alone: a pid is given away again."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from launcher.files import write_json

HOME_VARIABLE = "SLIPWAY_SERVICE_OF"
NODE_VARIABLE = "SLIPWAY_NODE_ROOT"


@dataclass(frozen=True)
class Identity:
    """A process: its pid and its start in clock ticks since boot."""

    pid: int
    started: int


@dataclass(frozen=True)
class Running:
    """What a service noted of itself before it became its program."""

    identity: Identity
    fingerprint: str


def identify(pid: int) -> Identity | None:
    """The living process `pid`; None if there is none or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Identity(pid, int(fields[19]))


def alive(process: Identity) -> bool:
    return identify(process.pid) == process


def boot() -> str:
    """Names this boot of the machine or container: pids and starts of another one mean nothing."""
    kernel = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    first = identify(1)
    return f"{kernel}:{first.started if first else 0}"


def note(path: Path, process: Identity, fingerprint: str) -> None:
    told = {"pid": process.pid, "started": process.started, "boot": boot(), "fingerprint": fingerprint}
    write_json(path, told, 0o600)


def note_running(path: Path, fingerprint: str) -> None:
    me = identify(os.getpid())
    assert me is not None
    note(path, me, fingerprint)


def read_running(path: Path) -> Running | None:
    """The service that noted itself in `path`, if it still lives."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        process = Identity(int(told["pid"]), int(told["started"]))
        # What an older version of ours noted lacks it, and was noted in this boot.
        same_boot = told.get("boot", boot()) == boot()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Running(process, str(told.get("fingerprint", ""))) if same_boot and alive(process) else None


def wait_gone(processes: Iterable[Identity], seconds: float) -> list[Identity]:
    """Wait for their ends (an event of the kernel, no polling); those still there after `seconds`."""
    deadline = time.monotonic() + seconds
    left = []
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            if alive(process):
                select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
                if alive(process):
                    left.append(process)
        finally:
            os.close(descriptor)
    return left


def send(process: Identity, number: signal.Signals) -> None:
    """Send a signal to exactly this process; nothing if it is gone."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process.pid)
        try:
            if alive(process):
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def stop(
    processes: Iterable[Identity],
    seconds: float,
    first: signal.Signals = signal.SIGTERM,
) -> list[Identity]:
    """Ask, wait up to `seconds`, then kill; those that even this did not end (in 5 s)."""
    chosen = list(processes)
    for process in chosen:
        send(process, first)
    for process in (stubborn := wait_gone(chosen, seconds)):
        send(process, signal.SIGKILL)
    return wait_gone(stubborn, 5)


def belongs(environ: bytes, cwd: str, home: Path, postgres_data: Path) -> bool:
    """Whether a process with this environment and working folder is one of this home's."""
    wanted = f"{HOME_VARIABLE}={home}".encode()
    below = f"{NODE_VARIABLE}={home}/".encode()
    # PostgreSQL writes its title over its environment; its working folder is its data folder.
    return cwd == str(postgres_data) or any(
        entry == wanted or entry.startswith(below) for entry in environ.split(b"\0")
    )


def runs_postgres(folder: Path) -> bool:
    """Whether the process with this folder of /proc is PostgreSQL's; OSError where it cannot be known."""
    return (folder / "exe").readlink().name.removesuffix(" (deleted)") == "postgres"


def of_home(home: Path, postgres_data: Path) -> list[Identity]:
    """All living processes of this home: services, their children, nodes; not this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            # Somebody's shell may stand in the same folder.
            cwd = str((folder / "cwd").readlink()) if runs_postgres(folder) else ""
        except OSError:
            continue
        process = identify(int(folder.name))
        if process and process.pid != os.getpid() and belongs(environ, cwd, home, postgres_data):
            found.append(process)
    return found
