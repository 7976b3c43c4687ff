"""Three servers started by hand, as an image would start them: roots, users and addresses of their own, no minicloud.

A small HTTP server stands at the other end of two contracts: the node's calls to the portal, and its wait condition.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cloudinit.slipway_node.ports import PortTakenError, check_ports
from cloudinit.user_data import FACTS_PATH

MARKER = "SLIPWAY_TEST_CLUSTER"
TOKEN = "the token of the handle"
BOOT_SECONDS = 300
UID_BASE = 64100
PROBED_PORTS = (7077, 7078, 8020, 8080, 8081, 9864, 9866, 9867, 9870)


class Cloud(ThreadingHTTPServer):
    """Records events by node and signals by node, in the order of their arrival."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.signals: dict[str, list[dict[str, Any]]] = {}
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Cloud

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/node/v1/events":
            node = self.headers["Authorization"].removeprefix("Bearer ")
            self.server.events.setdefault(node, []).append(body)
            self._answer(204)
        elif self.path.startswith("/signal/") and self.headers["X-Auth-Token"] == TOKEN:
            self.server.signals.setdefault(self.path.removeprefix("/signal/"), []).append(body)
            self._answer(200)
        else:
            self._answer(401)

    def do_GET(self) -> None:
        self.server.closing.wait(2)
        with contextlib.suppress(BrokenPipeError):  # an agent that was ended meanwhile
            if self.path.startswith("/node/v1/hosts"):
                self._answer(204)
            else:
                self._answer(200, b'{"commands": []}')

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Server:
    """One server: `boot` runs its one command. `uid` is None where the tests run as a normal user."""

    name: str
    folder: Path
    environment: dict[str, str]
    uid: int | None
    console: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def start(self) -> subprocess.Popen[bytes]:
        with self.console.open("ab") as console:
            return self.popen([str(self.root / "opt/slipway/bin/slipway-node"), "boot"], {}, stdout=console)

    def boot(self) -> int:
        return self.start().wait(BOOT_SECONDS)

    def boot_on_a_small_disk(self, kilobytes: int) -> int:
        """Boot with a file system of that size at /var/lib/slipway, in a mount namespace of its own."""
        data = self.root / "var/lib/slipway"
        for place in (self.root / "var", self.root / "var/lib", data):
            place.mkdir()
            if self.uid is not None:
                os.chown(place, self.uid, self.uid)
        become, options = "", f"size={kilobytes}k,mode=700"
        if self.uid is not None:
            become = f"setpriv --reuid {self.uid} --regid {self.uid} --clear-groups"
            options += f",uid={self.uid},gid={self.uid}"
        script = f'mount -t tmpfs -o {options} tmpfs "$1" && shift && exec {become} "$@"'
        namespace = (
            ["unshare", "--mount"] if self.uid is not None else ["unshare", "--user", "--map-root-user", "--mount"]
        )
        boot = [str(self.root / "opt/slipway/bin/slipway-node"), "boot"]
        with self.console.open("ab") as console:
            return subprocess.run(
                [*namespace, "sh", "-c", script, "sh", str(data), *boot],
                env=self.environment,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                timeout=BOOT_SECONDS,
                check=False,
            ).returncode

    def popen(self, command: list[str], environment: dict[str, str], **options: Any) -> subprocess.Popen[bytes]:
        """Run something as the server's user, in its environment."""
        identity: dict[str, Any] = {}
        if self.uid is not None:
            identity = {"user": self.uid, "group": self.uid, "extra_groups": []}
        return subprocess.Popen(
            command,
            env={**self.environment, **environment},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **identity,
            **options,
        )

    def write_facts(self, facts: dict[str, Any]) -> None:
        path = self.root / FACTS_PATH.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(facts) + "\n")
        path.chmod(0o600)
        if self.uid is not None:
            for place in (path, path.parent, path.parent.parent):
                os.chown(place, self.uid, self.uid)

    def add_program(self, name: str, text: str) -> None:
        """A program that comes before the machine's."""
        folder = self.root / "usr/bin"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
        if self.uid is not None:
            for place in (folder, folder.parent):
                os.chown(place, self.uid, self.uid)

    def log(self, name: str) -> str:
        return (self.root / "var/log/slipway" / f"{name}.log").read_text(errors="replace")


@dataclass
class Cluster:
    """Servers with facts that are right; each test may spoil its own."""

    cloud: Cloud
    folder: Path
    bundle: Path
    hosts: dict[str, str]
    stranger: str
    secret: str = field(default_factory=lambda: uuid.uuid4().hex)
    servers: dict[str, Server] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    wishes: dict[str, Any] = field(default_factory=dict)

    def facts(self, name: str) -> dict[str, Any]:
        return {
            "version": 2,
            "bundle": self.bundle.name,
            "cluster": {
                "id": str(uuid.UUID(self.mark)),
                "name": "flights",
                "domain": f"c{self.mark[:8]}.slipway.internal",
                "framework": "spark",
                "gateway": self.stranger.rpartition(".")[0] + ".2",
                "boot_seconds": BOOT_SECONDS,
                **self.wishes,
            },
            "secret": self.secret,
            "node": {"name": name, "role": name.partition("-")[0]},
            "hosts": self.hosts,
            "portal": {"url": self.cloud.url, "credential": name},
            "signal": {"endpoint": f"{self.cloud.url}/signal/{name}", "token": TOKEN},
        }

    def close(self) -> None:
        """End all that was started here, and only that; then remove it."""
        self.kill()
        self.cloud.close()
        shutil.rmtree(self.folder)

    def kill(self) -> None:
        """End all servers as a machine does that loses its power."""
        end = time.monotonic() + 30
        while (left := self.processes()) and time.monotonic() < end:
            for pid in left:
                _kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        assert not self.processes()

    def processes(self) -> list[int]:
        return [pid for pid in _pids() if f"{MARKER}={self.mark}".encode() in _read(pid, "environ").split(b"\0")]

    def command_lines(self) -> list[bytes]:
        return [_read(pid, "cmdline") for pid in self.processes()]


def make_cluster(bundle: Path, workers: int, wishes: dict[str, Any] | None = None) -> Cluster:
    """Servers that were not booted yet, on addresses of 127.0.0.0/8 on which nobody listens.

    `wishes`: what the facts' `cluster` shall say beside what each says.
    """
    folder = Path(tempfile.mkdtemp(prefix="slw-node-", dir="/tmp"))
    folder.chmod(0o711)
    prefix = _free_prefix(workers)
    names = ["master", *(f"worker-{number:02d}" for number in range(1, workers + 1))]
    hosts = {name: f"{prefix}.{10 + number}" for number, name in enumerate(names)}
    cluster = Cluster(Cloud(), folder, bundle, hosts, f"{prefix}.99", wishes=wishes or {})
    for number, name in enumerate(names):
        uid = UID_BASE + number if os.geteuid() == 0 else None
        cluster.servers[name] = _make_server(cluster, name, uid)
        cluster.servers[name].write_facts(cluster.facts(name))
    return cluster


def _make_server(cluster: Cluster, name: str, uid: int | None) -> Server:
    folder = cluster.folder / name
    root, run = folder / "root", folder / "run"
    for place in (folder, root, root / "opt", run):
        # As on machines of their own: no node may see into another's root.
        place.mkdir(mode=0o711 if place == folder else 0o700)
        if uid is not None:
            os.chown(place, uid, uid)
    (root / "opt/slipway").symlink_to(cluster.bundle)
    environment = {
        "PATH": f"{root}/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(root),
        MARKER: cluster.mark,
        "SLIPWAY_NODE_ROOT": str(root),
        "SLIPWAY_ADDRESS": cluster.hosts[name],
        "SLIPWAY_MEMORY_MB": "1536",
        "SLIPWAY_VCPUS": "1",
        "SLIPWAY_RUN": str(run),
    }
    if uid is not None:
        (folder / "passwd").write_text(f"slipway:x:{uid}:{uid}::{root}:/bin/sh\n")
        (folder / "group").write_text(f"slipway:x:{uid}:\n")
        environment |= {
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(folder / "group"),
        }
    return Server(name, folder, environment, uid, folder / "console.log")


def boot_all(servers: Iterable[Server]) -> dict[str, int]:
    """Boot them at the same time; the exit codes."""
    started = {server.name: server.start() for server in servers}
    return {name: process.wait(BOOT_SECONDS) for name, process in started.items()}


def _free_prefix(workers: int) -> str:
    for _ in range(50):
        prefix = f"127.{random.randint(100, 120)}.{random.randint(1, 250)}"
        with contextlib.suppress(PortTakenError):
            for number in range(workers + 1):
                check_ports(f"{prefix}.{10 + number}", PROBED_PORTS)
            return prefix
    raise AssertionError("no free block of addresses: does a server listen on 0.0.0.0 at one of our ports?")


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _kill(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)


def built_bundle() -> Path:
    """The bundle of this checkout, built where it is not there."""
    from launcher import bundle, paths

    return bundle.ensure(paths.resolve(os.environ, os.geteuid()), Path(sys.prefix), print)
