"""The embedded services of one home: how each is started, what makes it restart, how it is asked whether it answers."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher import processes, redis
from launcher.environments import python_of
from launcher.files import fingerprint, tree_fingerprint
from launcher.paths import Paths
from launcher.postgres import Postgres
from launcher.service import Service
from launcher.site import LOOPBACK, api_address, bind_address

LISTEN = "0A"  # in /proc/net/tcp
MINICLOUD_CODE = ("minicloud",)
PORTAL_CODE = ("manage.py", "portal", "billing", "heat_templates", "cloudinit")
# Kept from the caller: where programs are and which Java to take. All else is ours, so that a service runs the same
# whoever starts it.
INHERITED = ("PATH", "JAVA_HOME", "TZ", "PYTHONPYCACHEPREFIX")


@dataclass(frozen=True)
class Plan:
    """What the services of one home are made from."""

    paths: Paths
    portal: Path
    minicloud: Path
    ports: Mapping[str, int]
    server: Postgres
    redis_server: Path
    bind: str = LOOPBACK


def base_environment(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: environ[name] for name in INHERITED if environ.get(name)}
    ours = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        # The services are threads: glibc would keep a heap for each.
        "MALLOC_ARENA_MAX": "2",
    }
    return {"PATH": os.defpath, **inherited, **ours}


def _service(plan: Plan, name: str, command: list[str], extra: Mapping[str, str], made_from: object) -> Service:
    environment = {**base_environment(plan.paths.home, os.environ), **extra}
    mark = fingerprint(command, sorted(extra.items()), made_from)
    return Service(name, command, environment, str(plan.paths.top), None, mark)


def stores(plan: Plan) -> dict[str, Service]:
    """PostgreSQL and Redis: they depend on nothing of ours."""
    server = plan.server
    mark = fingerprint(server.command, sorted(server.environment.items()), server.uid)
    postgres = Service("postgres", server.command, server.environment, str(server.data), server.uid, mark)
    command = redis.command(plan.redis_server, plan.paths.redis_socket)
    store = _service(plan, "redis", command, {}, None)
    # Where it would put a dump, were it ever told to make one.
    keeper = Service("redis", store.command, store.environment, str(plan.paths.home / "redis"), None, store.fingerprint)
    return {"postgres": postgres, "redis": keeper}


def cloud(plan: Plan, settings: dict[str, Any], block: str) -> dict[str, Service]:
    """keystone, heat, manila and compute; `block` says which addresses are the home's."""
    made_from = [tree_fingerprint(plan.paths.top, MINICLOUD_CODE), settings]
    python = str(python_of(plan.minicloud))
    extra = {"PYTHONWARNINGS": "ignore"}
    return {
        name: _service(
            plan, name, [python, "-m", "minicloud", name, str(plan.paths.settings)], extra, [made_from, uses]
        )
        for name, uses in (("keystone", None), ("heat", block), ("manila", block), ("compute", block))
    }


def portal(plan: Plan, environment: Mapping[str, str]) -> dict[str, Service]:
    """web and worker; `environment` is what environment.json holds."""
    made_from = tree_fingerprint(plan.paths.top, PORTAL_CODE)
    python = str(python_of(plan.portal))
    web = [python, "-m", "uvicorn", "portal.asgi:application", "--host", plan.bind, "--port", str(plan.ports["web"])]
    worker = [python, "-m", "celery", "-A", "portal", "worker", "--beat", "--pool", "threads", "--concurrency", "4"]
    schedule = ["--scheduler", "celery.beat:Scheduler", "--loglevel", "INFO"]
    return {
        # Event streams and long polls have no end of their own: a stop does not wait for them.
        "web": _service(plan, "web", [*web, "--timeout-graceful-shutdown", "3"], environment, made_from),
        "worker": _service(plan, "worker", [*worker, *schedule], environment, made_from),
    }


def listens(process: processes.Identity, port: int, address: str = LOOPBACK) -> bool:
    """Whether it is this process that listens on address:port."""
    here = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    found = {f"socket:[{row[9]}]" for row in rows if (row[1], row[3]) == (here, LISTEN)}
    try:
        return any(str(entry.readlink()) in found for entry in Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:
        return False


def http_answers(port: int, path: str, seconds: float = 5, address: str = LOOPBACK) -> bool:
    """Whether address:port answers `path` with anything but a server's error."""
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def datagrams_taken(path: Path) -> bool:
    """Whether a process listens on the datagram socket at `path`."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def probes(paths: Paths, ports: Mapping[str, int], server: Postgres) -> dict[str, Callable[[], bool]]:
    """For each service how to ask it whether it answers."""

    def serves(name: str, path: str, address: str = LOOPBACK) -> bool:
        # Another program may have taken the port since it was chosen, and answer in the place of ours.
        running = processes.read_running(paths.running(name))
        if running is None or not listens(running.identity, ports[name], address):
            return False
        return http_answers(ports[name], path, address=address)

    def apis() -> str | None:
        return api_address(paths, {})

    return {
        "postgres": server.answers,
        "redis": lambda: redis.answers(paths.redis_socket),
        "keystone": lambda: serves("keystone", "/v3", apis() or LOOPBACK),
        "heat": lambda: serves("heat", "/healthcheck", apis() or bind_address(paths)),
        "manila": lambda: serves("manila", "/healthcheck", apis() or LOOPBACK),
        "compute": lambda: datagrams_taken(paths.compute_socket),
        "web": lambda: serves("web", "/", bind_address(paths)),
        "worker": lambda: redis.has_worker(paths.redis_socket),
    }
