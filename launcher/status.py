"""`./slipway status`: what runs and whether it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher import configuration, control, environments, ports, services, site, supervisor, up
from launcher.paths import Paths
from launcher.problem import Problem
from launcher.supervisor import Status, Supervisor

UP, DOWN, DEGRADED = "up", "down", "degraded"
# supervisord's words -> ours.
STATES = {"RUNNING": "running", "STARTING": "running", "STOPPING": "stopping", "BACKOFF": "failing", "FATAL": "failed"}


def service_state(status: Status | None, recorded_pid: int | None, answers: bool) -> dict[str, Any]:
    """{"state", "pid"} of one service.

    States: running; silent (runs, does not answer); unsupervised (runs, but supervisord is gone); stopping; failing
    (ends and is started again); failed (given up); stopped. `pid` is null where no process is.
    """
    if status is None:
        return {"state": "unsupervised" if recorded_pid else "stopped", "pid": recorded_pid}
    state = STATES.get(status.state, "stopped")
    if state == "running" and not answers:
        state = "silent"
    return {"state": state, "pid": status.pid or None}


def overall(states: Mapping[str, str]) -> str:
    """up when all run and answer, down when none is there, else degraded."""
    if all(state == "running" for state in states.values()):
        return UP
    if all(state == "stopped" for state in states.values()):
        return DOWN
    return DEGRADED


def _probes(paths: Paths, chosen: ports.Ports) -> Mapping[str, Any]:
    try:
        server = up.make_postgres(paths, environments.folder(paths, "portal"))
    except Problem:
        # A pull brought an environment that the next `up` will make.
        return {}
    return services.probes(paths, chosen, server)


def status(paths: Paths) -> dict[str, Any]:
    """{"state", "url", "logins_file", "services": {NAME: {"state", "pid"}}}; url is null before the first `up`."""
    chosen = ports.read(paths.ports)
    statuses = Supervisor(paths).statuses()
    recorded = control.recorded(paths)
    probes = _probes(paths, chosen) if statuses else {}
    found = {}
    for name in site.services_of(paths) or supervisor.NAMES:
        process = recorded.get(name)
        runs = name in statuses and statuses[name].pid != 0
        answers = runs and (name not in probes or bool(probes[name]()))
        found[name] = service_state(statuses.get(name), process.pid if process else None, answers)
    return {
        "state": overall({name: one["state"] for name, one in found.items()}),
        "url": site.public_url(paths) or configuration.portal_url(chosen, site.bind_address(paths))
        if "web" in chosen
        else None,
        "logins_file": str(paths.logins),
        "services": found,
    }


def describe(report: Mapping[str, Any]) -> str:
    """The same for people."""
    lines = [f"Slipway is {report['state']}" + (f": {report['url']}" if report["state"] != DOWN else "")]
    for name, one in report["services"].items():
        lines.append(f"  {name:10} {one['state']:13} {one['pid'] or ''}".rstrip())
    if report["state"] == UP:
        lines.append(f"Logins: {report['logins_file']}")
    elif report["state"] == DEGRADED:
        lines.append("`./slipway logs NAME` shows why; `./slipway up` starts what is missing.")
    else:
        lines.append("`./slipway up` starts it.")
    return "\n".join(lines)
