"""supervisord: its configuration, and its XML-RPC over a Unix socket."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher import processes
from launcher.paths import Paths
from launcher.problem import Problem


@dataclass(frozen=True)
class Program:
    """How supervisord stops one service: the signal, how long it waits, whether its whole process group is meant."""

    name: str
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    whole_group: bool = True


# compute stops its servers first, each of which ends JVMs; its servers have sessions of their own.
PROGRAMS = (
    Program("postgres", "INT", 30, whole_group=False),
    Program("redis"),
    Program("keystone"),
    Program("heat"),
    Program("manila"),
    Program("compute", "TERM", 120, whole_group=False),
    Program("web"),
    Program("worker", "TERM", 30),
)
NAMES = tuple(program.name for program in PROGRAMS)
STOP_ORDER = ("compute", "web", "worker", "heat", "manila", "keystone", "redis", "postgres")
LAUNCH_SECONDS = 60


def _plain(value: object) -> str:
    """supervisord expands % in every value."""
    return str(value).replace("%", "%%")


def _section(title: str, values: Mapping[str, object]) -> str:
    return "\n".join([f"[{title}]", *(f"{name}={value}" for name, value in values.items())]) + "\n"


def configuration(paths: Paths, python: Path, as_root: bool) -> str:
    """supervisord.conf for this home; `python` is the interpreter that starts the services."""
    general: dict[str, object] = {
        "logfile": _plain(paths.log("supervisord")),
        "logfile_maxbytes": "10MB",
        "logfile_backups": 1,
        "pidfile": _plain(paths.supervisord_pid),
        "childlogdir": _plain(paths.home / "log"),
        "directory": _plain(paths.top),
        "nocleanup": "true",
        "umask": "022",
    }
    if as_root:
        general["user"] = "root"
    sections = [
        _section(
            "unix_http_server",
            {"file": _plain(paths.supervisor_socket), "chmod": "0700"},
        ),
        _section("supervisord", general),
        _section(
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        *(_program(paths, python, program) for program in PROGRAMS),
    ]
    return "\n".join(sections)


def _program(paths: Paths, python: Path, program: Program) -> str:
    command = [str(python), "-m", "launcher.service", str(paths.home), program.name]
    group = "true" if program.whole_group else "false"
    return _section(
        f"program:{program.name}",
        {
            "command": _plain(shlex.join(command)),
            "directory": _plain(paths.top),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": 5,
            # With a second more before each: half an hour, in which a full disk may be cleared without a word to us.
            "startretries": 60,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": program.stop_seconds,
            "stopasgroup": "false",
            "killasgroup": group,
            "redirect_stderr": "true",
            # This one value supervisord expands twice.
            "stdout_logfile": _plain(_plain(paths.log(program.name))),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 2,
        },
    )


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__()
        self._path, self._seconds = path, seconds

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path, self._seconds)


@dataclass(frozen=True)
class Status:
    """What supervisord says of one service; `pid` is 0 where it does not run."""

    name: str
    state: str
    pid: int
    reason: str


class Supervisor:
    """The supervisord of one home."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def _call(self, method: str, *arguments: Any, seconds: float = 30) -> Any:
        transport = _UnixTransport(str(self._paths.supervisor_socket), seconds)
        with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=transport) as server:
            try:
                return getattr(server, f"supervisor.{method}")(*arguments)
            except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
                raise Problem(
                    "supervisord does not answer",
                    str(error) or type(error).__name__,
                    "look at the machine's load, then run this again",
                ) from error

    def answers(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (Problem, xmlrpc.client.Error):
            return False

    def statuses(self) -> dict[str, Status]:
        """Each service's status; empty where supervisord does not answer."""
        try:
            rows = self._call("getAllProcessInfo")
        except (Problem, xmlrpc.client.Error):
            return {}
        return {
            row["name"]: Status(
                row["name"],
                row["statename"],
                int(row["pid"]),
                row["spawnerr"] or row["description"],
            )
            for row in rows
        }

    def start(self, name: str) -> None:
        """Have it started; to wait until it answers is the caller's."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise Problem(
                    f"{name} cannot be started",
                    fault.faultString,
                    f"see `./slipway logs {name}`",
                ) from fault

    def stop(self, name: str) -> None:
        """Stop it and wait until it is gone; supervisord kills what does not go in its time."""
        try:
            self._call("stopProcess", name, True, seconds=180)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise Problem(
                    f"{name} cannot be stopped",
                    fault.faultString,
                    f"see `./slipway logs {name}`",
                ) from fault

    def pid(self) -> processes.Identity | None:
        """The supervisord that listens on our socket; None if there is none."""
        try:
            return processes.identify(int(self._call("getPID")))
        except (Problem, xmlrpc.client.Error):
            return None

    def launch(self, program: Path, seconds: float = 20) -> None:
        """Start supervisord as a daemon with the home's configuration, and wait until it answers."""
        command = [str(program), "-c", str(self._paths.supervisord_conf)]
        try:
            done = subprocess.run(
                command,
                check=False,
                cwd=self._paths.top,
                env={**os.environ, processes.HOME_VARIABLE: str(self._paths.home)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LAUNCH_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise Problem(
                "supervisord did not start",
                f"it did not become a daemon in {LAUNCH_SECONDS} s",
                f"read {self._paths.log('supervisord')}, look at the machine's load, and run this again",
            ) from None
        deadline = time.monotonic() + seconds
        while not self.answers():
            if done.returncode or time.monotonic() > deadline:
                why = (done.stderr or done.stdout).strip() or f"no answer in {seconds:.0f} s"
                raise Problem(
                    "supervisord did not start",
                    why,
                    f"read {self._paths.log('supervisord')}",
                )
            time.sleep(0.05)
        daemon = self.pid()
        if daemon:
            # So that it is found where somebody removed its socket.
            processes.note(self._paths.running("supervisord"), daemon, "")

    def shut_down(self) -> None:
        """End supervisord, which stops what still runs."""
        daemon = self.pid()
        if daemon:
            self._call("shutdown")
            left = processes.wait_gone([daemon], 60)
            processes.stop(left, 5)
