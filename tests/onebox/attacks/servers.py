"""Servers of the one-box cloud as this machine's root sees them: containers with a network of their own."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks.site import Cluster
from tests.onebox.cloud import Cloud

NETWORK = 0x40000000  # CLONE_NEWNET of <sched.h>
SECONDS = 60
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Server:
    """`id` is Nova's, `first` the number of its first process on this machine."""

    id: str
    first: int

    @property
    def network(self) -> Path:
        return Path(f"/proc/{self.first}/ns/net")

    def as_root(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What a program says that the server's own root starts in it."""
        within = ["nsenter", f"--target={self.first}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        return subprocess.run(
            [*within, *command],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )


def servers_of(cloud: Cloud, cluster: Cluster) -> dict[str, Server]:
    """By the names of the nodes."""
    nodes = {node["address"]: node["name"] for node in cluster.row["nodes"]}
    found = {}
    for server in cloud.connect().compute.servers(all_projects=True):
        for address in addresses_of(server):
            if address in nodes:
                found[nodes[address]] = Server(server.id, first_process(server.instance_name))
    return found


def addresses_of(server: Any) -> list[str]:
    return [entry["addr"] for entries in server.addresses.values() for entry in entries]


def first_process(name: str) -> int:
    """libvirt keeps the number of the container's guard, whose child is the container's first process."""
    guard = Path(f"/run/libvirt/lxc/{name}.pid").read_text().strip()
    (child,) = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
    return int(child)


def entering(network: Path) -> Callable[[], None]:
    """Takes the thread that calls it into a network namespace, and no other of this program."""

    def enter() -> None:
        with network.open() as file:
            if LIBC.setns(file.fileno(), NETWORK) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(network))

    return enter
