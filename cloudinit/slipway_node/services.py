"""The node's one supervisor: its configuration, and what the boot asks of it."""

from __future__ import annotations

import contextlib
import http.client
import shlex
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import LOG_BYTES, last_words, tail, write_file

if TYPE_CHECKING:
    from cloudinit.frameworks.node import Service

    from .node import Node

START_SECONDS = 30.0
STOP_SECONDS = 30.0
CALL_SECONDS = 10.0
POLL_SECONDS = 0.05
TAIL_BYTES = 1200
MOST_STARTS = 2  # a service that dies a second time in one boot will die a third time
ENDED = ("FATAL", "EXITED", "UNKNOWN", "STOPPED")


class ServiceError(Exception):
    """A service, or the supervisor itself, does not run; `log` has the last lines of its log."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


def supervisor_text(node: Node, services: Iterable[Service]) -> str:
    """supervisord.conf. The boot starts the programs itself, in their order."""
    logs = node.path("/var/log/slipway")
    sections = [
        ("unix_http_server", {"file": str(node.run / "supervisor.sock"), "chmod": "0700"}),
        (
            "supervisord",
            {
                "logfile": str(logs / "supervisor.log"),
                "logfile_maxbytes": "5MB",
                "logfile_backups": "1",
                "pidfile": str(node.run / "supervisor.pid"),
                "childlogdir": str(logs),
                "identifier": node.name,
                "directory": str(node.path("/var/lib/slipway")),
            },
        ),
        (
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        *((f"program:{service.name}", _program(service, logs)) for service in services),
    ]
    return "\n".join(_section(name, values) for name, values in sections)


def _program(service: Service, logs: Path) -> dict[str, str]:
    environment = ",".join(f"{name}={_quoted(value)}" for name, value in service.program.environment.items())
    return {
        "command": shlex.join(service.program.command),
        "environment": environment,
        "autostart": "false",
        "autorestart": "true",
        # One that ends before this many seconds has not started; after so many tries it stays down.
        "startsecs": "10",
        "startretries": "3",
        "stopasgroup": "true",
        "killasgroup": "true",
        "stopwaitsecs": "10",
        "redirect_stderr": "true",
        "stdout_logfile": str(logs / f"{service.name}.log"),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "1",
    }


def _section(name: str, values: Mapping[str, str]) -> str:
    lines = [f"[{name}]"]
    for key, value in values.items():
        if any(sign in value for sign in ("\n", "\r", " ;", " #")):
            raise ServiceError(
                f"the supervisor cannot be told of {value!r}: choose a path without line breaks, ' ;', ' #'"
            )
        lines.append(f"{key}={value.replace('%', '%%')}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    # The supervisor knows no escapes within quotes.
    for quote in ('"', "'"):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise ServiceError(f"the supervisor cannot be told of {value!r}: choose a path without both kinds of quotes")


class Supervisor:
    """The supervisor of one node. It runs on after the boot."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._socket = node.run / "supervisor.sock"
        self._configuration = node.path("/etc/slipway/supervisord.conf")
        self._logs = node.path("/var/log/slipway")
        self._starts: dict[str, set[int]] = {}

    def configure(self, services: Iterable[Service]) -> None:
        """Write the configuration; a supervisor that still runs by another one is stopped."""
        changed = write_file(self._configuration, supervisor_text(self._node, services))
        if changed and self.running():
            self._shut_down()

    def running(self) -> bool:
        return bool(self._state())

    def up(self, names: Iterable[str]) -> list[str]:
        """Which of the services run now."""
        state = self._state()
        return [name for name in names if state.get(name, {}).get("statename") in ("RUNNING", "STARTING")]

    def launch(self) -> None:
        """Start the supervisor unless it runs. ServiceError where it does not come up."""
        if self.running():
            return
        self._node.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        python = str(self._node.bundle / "node-python" / "bin" / "python")
        command = [python, "-I", "-m", "supervisor.supervisord", "-c", str(self._configuration)]
        try:
            # It ends when the supervisor has gone into the background.
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=START_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise ServiceError(f"the supervisor did not start within {START_SECONDS:.0f} s") from error
        if done.returncode != 0:
            raise ServiceError("the supervisor did not start", (done.stdout + done.stderr).strip()[-TAIL_BYTES:])
        end = time.monotonic() + START_SECONDS
        while not self.running():
            if time.monotonic() > end:
                raise ServiceError("the supervisor does not answer", tail(self._logs / "supervisor.log", TAIL_BYTES))
            time.sleep(POLL_SECONDS)

    def start(self, name: str) -> None:
        """Start a service; one that runs is left alone."""
        with contextlib.suppress(xmlrpc.client.Fault):  # ALREADY_STARTED; all else is seen by `check`
            self._call("startProcess", name, False)

    def signal(self, name: str, signal: str) -> None:
        """Send a signal (such as "PWR") to a service. ServiceError where it does not run."""
        self._ask("signalProcess", name, signal)

    def restart(self, name: str) -> None:
        """Stop a service and start it again. ServiceError where it does not stop."""
        with contextlib.suppress(ServiceError):  # it may have ended by itself
            self._ask("stopProcess", name, False)
        end = time.monotonic() + STOP_SECONDS
        while self._state().get(name, {}).get("statename") not in ENDED:
            if time.monotonic() > end:
                raise ServiceError(f"the service {name} did not stop within {STOP_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)
        self.start(name)

    def _ask(self, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise ServiceError(f"the supervisor does not {method} {arguments}: {error}") from error

    def check(self, names: Iterable[str]) -> None:
        """ServiceError for a service that has ended for good, or again and again."""
        state = self._state()
        if not state:
            raise ServiceError("the supervisor has ended", tail(self._logs / "supervisor.log", TAIL_BYTES))
        for name in names:
            found = state.get(name, {})
            starts = self._starts.setdefault(name, set())
            starts.update({int(found["pid"])} if found.get("pid") else set())
            if verdict := service_verdict(str(found.get("statename")), len(starts)):
                reason = found.get("spawnerr") or f"exit code {found.get('exitstatus')}"
                raise ServiceError(f"the service {name} {verdict} ({reason})", last_words(self._log(name), TAIL_BYTES))

    def log(self, name: str) -> str:
        """The end of a service's log."""
        return tail(self._log(name), LOG_BYTES)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _state(self) -> dict[str, dict[str, Any]]:
        try:
            found = self._call("getAllProcessInfo")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return {}
        return {entry["name"]: entry for entry in found}

    def _call(self, method: str, *arguments: object) -> Any:
        with xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(self._socket)) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _shut_down(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, xmlrpc.client.Error):
            self._call("shutdown")
        end = time.monotonic() + STOP_SECONDS
        while self._socket.exists():
            if time.monotonic() > end:
                raise ServiceError(f"the supervisor of the last boot did not stop within {STOP_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)


def service_verdict(state: str, starts: int) -> str:
    """What is wrong with a service in this state that was seen under so many process ids; "" where nothing is."""
    if state in ENDED:
        return "has ended and is not started any more" if state == "FATAL" else "has ended"
    if starts > MOST_STARTS or (state == "BACKOFF" and starts >= MOST_STARTS):
        return "ends again and again"
    return ""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CALL_SECONDS)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _Connection(self._path)
