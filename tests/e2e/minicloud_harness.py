"""Brings an embedded cloud up in a folder of its own: PostgreSQL, Keystone, Heat, Manila and compute, on free ports."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from heatclient import client as heat_client
from keystoneauth1 import session
from keystoneauth1.identity import v3

from launcher import environments, paths, postgres

REPOSITORY = Path(__file__).parent.parent.parent
Found = TypeVar("Found")


def until(what: str, look: Callable[[], Found | None], seconds: float = 60.0) -> Found:
    """The first true answer of `look`; an AssertionError that names `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


def free_port() -> int:
    with socket.socket() as channel:
        channel.bind(("127.0.0.1", 0))
        return int(channel.getsockname()[1])


class Cloud:
    """An embedded cloud below `top` (short: it holds sockets)."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.home, self.run, self.bundle = top / "minicloud", top / "run", top / "bundle"
        for folder in (top, self.run, self.bundle):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711 if folder != self.bundle else 0o755)
        self.stores = contextlib.ExitStack()
        self.database = self.stores.enter_context(postgres.temporary(("keystone", "heat", "manila")))
        self.services: dict[str, subprocess.Popen[bytes]] = {}
        everything = paths.resolve(os.environ, os.geteuid())
        self.python = str(environments.python_of(environments.ensure(everything, "minicloud", print)))
        self.settings_file = top / "settings.json"
        self.settings: dict[str, Any] = {
            "home": str(self.home),
            "run": str(self.run),
            "postgres": str(self.database.socket),
            "postgres_user": postgres.USER,
            "keystone_port": free_port(),
            "heat_port": free_port(),
            "manila_port": free_port(),
            "bundle": str(self.bundle),
            "bundle_version": "1-test",
            "service_password": secrets.token_hex(16),
            "admin_password": secrets.token_hex(16),
            "secrets": {
                name: secrets.token_hex(16)
                for name in ("heat", "heat_domain_admin", "heat_encryption_key", "manila", "provisioner")
            },
            "courses": ["demo", "other"],
            "users": {"student": secrets.token_hex(8), "admin": secrets.token_hex(8)},
            "uid_base": 61000,
        }
        self.settings_file.touch(mode=0o600)
        self.settings_file.write_text(json.dumps(self.settings))

    def verb(self, name: str, output: int | None = None) -> subprocess.Popen[bytes]:
        """Start a verb; what it says goes to its log, or to `output`."""
        with open(self.top / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                [self.python, "-m", "minicloud", name, str(self.settings_file)],
                cwd=REPOSITORY,
                stdout=log if output is None else output,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def log(self, name: str) -> str:
        return (self.top / f"{name}.log").read_text(errors="replace")[-4000:]

    def once(self, name: str) -> None:
        assert self.verb(name).wait(300) == 0, self.log(name)

    def start(self, name: str, output: int | None = None) -> None:
        """Start a service and wait until it answers."""
        process = self.services[name] = self.verb(name, output)

        def ready() -> bool:
            assert process.poll() is None, self.log(name)
            if name == "compute":
                return (self.run / "compute.sock").exists() and self._computes()
            port, path = self.settings[f"{name}_port"], {"keystone": "v3"}.get(name, "healthcheck")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5):
                    return True
            except (urllib.error.URLError, OSError):
                return False

        until(name, ready)

    def _computes(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            try:
                channel.sendto(b"?", str(self.run / "compute.sock"))
            except OSError:
                return False
        return True

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        process = self.services.pop(name)
        process.send_signal(number)
        process.wait(40)

    def up(self) -> None:
        self.once("prepare")
        self.start("keystone")
        self.once("seed")
        self.start("heat")
        self.start("compute")

    def down(self) -> None:
        for name in ("compute", "manila", "heat", "keystone"):
            if name in self.services:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.stop(name)
        self.stores.close()

    # What a client sees

    def cloud_file(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "cloud.json").read_text())
        return found

    def session(self, course: str = "demo") -> session.Session:
        cloud = self.cloud_file()
        login = v3.Password(
            auth_url=cloud["auth_url"],
            username=cloud["username"],
            password=cloud["password"],
            user_domain_name=cloud["user_domain"],
            project_id=cloud["projects"][course],
        )
        return session.Session(login)

    def heat(self, course: str = "demo") -> Any:
        return heat_client.Client("1", session=self.session(course), region_name=self.cloud_file()["region"])

    def settle(self, stack: str, seconds: float = 90.0) -> Any:
        """The stack once nothing is in progress."""
        heat = self.heat()

        def look() -> Any:
            found = heat.stacks.get(stack)
            return None if found.stack_status.endswith("IN_PROGRESS") else found

        return until(f"stack {stack}", look, seconds)

    def servers(self) -> dict[str, dict[str, Any]]:
        """The records of the servers by their names."""
        paths = (self.home / "servers").glob("*/server.json")
        found = {path.parent.name: json.loads(path.read_text()) for path in paths}
        return {record["name"]: record | {"id": identifier} for identifier, record in found.items()}

    def server_ids(self) -> list[str]:
        return [path.parent.name for path in (self.home / "servers").glob("*/server.json")]

    def wake_compute(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"look", str(self.run / "compute.sock"))

    def state(self, server: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "servers" / server / "state.json").read_text())
        return found


def processes_of(server: str) -> list[int]:
    """The pids of all processes that carry a server's mark or, as its init, name its folder."""
    mark = f"SLIPWAY_SERVER_ID={server}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (path / "environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
    return found


def main() -> None:
    """By hand: a cloud that runs until Ctrl-C."""
    cloud = Cloud(Path(tempfile.mkdtemp(prefix="slw-")))
    try:
        cloud.up()
        print(cloud.top, flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        cloud.down()


if __name__ == "__main__":
    main()
