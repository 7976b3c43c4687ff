"""The containers of a house, as their engine and their programs see them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from launcher.testing import Embedded
from minicloud.syscalls import enter_namespace
from tests.docker_engine import docker

NETWORK = 0x40000000  # CLONE_NEWNET of <sched.h>


@dataclass(frozen=True)
class Node:
    """A server of minicloud's, and its container."""

    home: Path
    server: str
    engine: str

    @property
    def container(self) -> str:
        return f"slipway-{self.server}"

    @property
    def folder(self) -> Path:
        return self.home / "minicloud" / "servers" / self.server

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        return found

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    @property
    def console(self) -> str:
        return (self.folder / "console.log").read_text(errors="replace")

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker(self.engine, "inspect", self.container).stdout)[0]
        return found

    def run(self, *words: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """A program in the container; what it comes to is the caller's to judge."""
        return docker(self.engine, "exec", "--user", user, self.container, *words, check=False)

    def says(self, *words: str, user: str = "root") -> str:
        done = self.run(*words, user=user)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()


def nodes(house: Embedded, engine: str, cluster: str = "") -> dict[str, Node]:
    """The nodes of a cluster, or of the one that there is, by the ends of their names: `master`, `worker-01`."""
    found = [Node(house.home, path.name, engine) for path in (house.home / "minicloud/servers").glob("[!.]*")]
    records = [(node, node.record) for node in found]
    return {
        record["resource"]: node for node, record in records if cluster in ("", record["metadata"]["slipway_cluster"])
    }


def entering(pid: int) -> Callable[[], None]:
    """Takes the thread that calls it into the network of a container, by its first process."""
    return partial(enter_namespace, Path(f"/proc/{pid}/ns/net"), NETWORK)


def left_of(home: Path, engine: str) -> dict[str, list[str]]:
    """What the engine has of a home, running or not."""
    mark = f"--filter=label=slipway.home={home / 'minicloud'}"
    return {
        "containers": docker(engine, "ps", "--all", "--quiet", "--no-trunc", mark).stdout.split(),
        "volumes": docker(engine, "volume", "ls", "--quiet", mark).stdout.split(),
        "networks": docker(engine, "network", "ls", "--quiet", mark).stdout.split(),
    }
