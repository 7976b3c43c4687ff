"""Starting, restarting and stopping the services of one home, whatever was killed before."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from launcher import processes, supervisor
from launcher.files import read_json, write_json
from launcher.paths import Paths
from launcher.problem import Problem
from launcher.service import Service
from launcher.supervisor import Supervisor

READY_SECONDS = 120
ROUNDS = 5  # of ending what is left
# A first end may come from what the last life left behind; who ends again does so for ever.
ENDS_BEFORE_GIVING_UP = 2


def tail(path: Path, lines: int = 12) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"


def died(paths: Paths, name: str, what: str) -> Problem:
    why = "its log ends:\n        " + tail(paths.log(name)).replace("\n", "\n        ")
    return Problem(f"{name} {what}", why, f"`./slipway logs {name}` shows all of it; then run `./slipway up` again")


def define(paths: Paths, services: Mapping[str, Service]) -> None:
    """Write the services' definitions, keeping those of services that are not among them."""
    try:
        known = read_json(paths.services)
    except FileNotFoundError:
        known = {}
    write_json(paths.services, {**known, **{name: service.to_json() for name, service in services.items()}}, 0o600)


def is_current(paths: Paths, service: Service) -> bool:
    """Whether the service runs as it is defined now."""
    running = processes.read_running(paths.running(service.name))
    return running is not None and running.fingerprint == service.fingerprint


def start(paths: Paths, keeper: Supervisor, services: Iterable[Service], say: Callable[[str], None]) -> None:
    """Start those that do not run, restart those that changed; returns before they answer."""
    chosen = list(services)
    define(paths, {service.name: service for service in chosen})
    for service in chosen:
        running = processes.read_running(paths.running(service.name))
        if running is not None and running.fingerprint == service.fingerprint:
            continue
        if running is not None:
            say(f"{service.name} changed: restarting it")
            hand_over(keeper, service.name, running.identity)
        keeper.start(service.name)


def hand_over(keeper: Supervisor, name: str, process: processes.Identity) -> None:
    """End a service that is about to start anew.

    compute stops its servers when it is told to end; killed, it leaves them, and the next compute takes them over.
    """
    if name == "compute":
        processes.send(process, signal.SIGKILL)
        processes.wait_gone([process], 10)
    else:
        keeper.stop(name)


def wait(
    paths: Paths,
    keeper: Supervisor,
    services: Iterable[Service],
    probes: Mapping[str, Callable[[], bool]],
    seconds: float = READY_SECONDS,
) -> None:
    """Wait until each runs as defined and answers; Problem with its log when it dies or takes longer."""
    deadline = time.monotonic() + seconds
    for service in services:
        pids: set[int] = set()
        while not (is_current(paths, service) and probes[service.name]()):
            status = keeper.statuses().get(service.name)
            # One that lives and does not answer is only busy: the machine may be.
            if status is None and processes.read_running(paths.running("supervisord")) is None:
                raise died(paths, "supervisord", "ended")
            pids |= {status.pid} - {0} if status else set()
            if (status and status.state == "FATAL") or len(pids) > ENDS_BEFORE_GIVING_UP:
                raise died(paths, service.name, "did not start")
            if time.monotonic() > deadline:
                raise died(paths, service.name, f"did not answer in {seconds:.0f} s")
            time.sleep(0.1)


def recorded(paths: Paths) -> dict[str, processes.Identity]:
    """The services of this home that live, supervised or not."""
    found = {name: processes.read_running(paths.running(name)) for name in supervisor.NAMES}
    return {name: running.identity for name, running in found.items() if running}


def stop_orphans(paths: Paths, say: Callable[[str], None], keep_servers: bool) -> None:
    """Stop services whose supervisord is gone: nobody would restart or stop them."""
    found = recorded(paths)
    if found:
        say(f"supervisord was killed: stopping {', '.join(sorted(found))}")
    for program in sorted(supervisor.PROGRAMS, key=lambda one: supervisor.STOP_ORDER.index(one.name)):
        if program.name not in found:
            continue
        first = signal.Signals[f"SIG{program.stop_signal}"]
        if program.name == "compute" and keep_servers:
            first = signal.SIGKILL
        processes.stop([found[program.name]], program.stop_seconds, first)


def stop_all(paths: Paths, say: Callable[[str], None]) -> list[processes.Identity]:
    """Stop everything of this home, compute and its servers first; what could not be ended (normally nothing)."""
    keeper = Supervisor(paths)
    statuses = keeper.statuses()
    for name in supervisor.STOP_ORDER:
        if name in statuses and statuses[name].state not in ("STOPPED", "FATAL", "EXITED"):
            say(f"stopping {name}")
            keeper.stop(name)
    keeper.shut_down()
    stop_silent_supervisor(paths)
    stop_orphans(paths, say, keep_servers=False)
    # What ends may have started another meanwhile: a node's supervisor starts a service again.
    for _ in range(ROUNDS):
        left = processes.of_home(paths.home, paths.postgres_data)
        if not left:
            return []
        say(f"ending {len(left)} more processes of this home")
        processes.stop(left, 10)
    return processes.of_home(paths.home, paths.postgres_data)


def stop_silent_supervisor(paths: Paths) -> None:
    """End a supervisord that lives but cannot be asked: somebody removed its socket."""
    daemon = processes.read_running(paths.running("supervisord"))
    if daemon:
        processes.stop([daemon.identity], 60)
