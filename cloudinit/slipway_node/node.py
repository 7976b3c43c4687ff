"""The node that this program runs on, for everything that has to know it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .facts import Facts, Machine, Mount, Packages


@dataclass(frozen=True)
class Node:
    """The node that this program runs on.

    `root` is the prefix of every path ("/" in a real server); `embedded`: several nodes share this machine, so names
    resolve through a file of the node's own. `hosts`: names of all nodes to their addresses; `memory_mb` in MiB;
    `leaving`: the nodes that are on their way out.
    From `storage` on: what the cluster's owner has asked for, as in the facts.
    """

    root: Path
    embedded: bool
    bundle: Path
    run: Path
    cluster_id: str
    domain: str
    secret: str = field(repr=False)
    name: str
    role: str
    master: str
    hosts: Mapping[str, str]
    gateway: str
    memory_mb: int
    vcpus: int
    java: Path
    leaving: frozenset[str] = frozenset()
    storage: str = "root"
    volumes: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    gpus: int = 0
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    packages: Packages = field(default_factory=Packages)

    def path(self, absolute: str) -> Path:
        """Where a server's path lies on this machine."""
        return self.root / absolute.lstrip("/")

    def host(self, name: str) -> str:
        """The full name of a node."""
        return f"{name}.{self.domain}"

    @property
    def disks(self) -> list[Path]:
        """Where HDFS's disks are mounted; none where it lies on the root disk."""
        count = {"root": 0, "ephemeral": 1, "volumes": len(self.volumes)}[self.storage]
        return [self.path("/var/lib/slipway/disks") / str(number) for number in range(1, count + 1)]

    @property
    def storage_folders(self) -> list[Path]:
        """Where HDFS lies: a folder of the root disk, or one for each disk."""
        return self.disks or [self.path("/var/lib/slipway")]

    @property
    def packages_folder(self) -> Path | None:
        """Where the cluster's own Python packages are; None where it wants none."""
        wanted = "\n".join([self.bundle.name, self.packages.index, *self.packages.names])
        name = hashlib.sha256(wanted.encode()).hexdigest()[:12]
        return self.path("/var/lib/slipway/packages") / name / "site-packages" if self.packages.names else None

    @property
    def address(self) -> str:
        return self.hosts[self.name]

    @property
    def master_address(self) -> str:
        return self.hosts[self.master]

    @property
    def workers(self) -> int:
        return len(self.hosts) - 1


def make_node(facts: Facts, machine: Machine, bundle: Path, master: str) -> Node:
    """`bundle` is the folder of the bundle; `master` the name of the cluster's master."""
    return Node(
        root=machine.root,
        embedded=machine.embedded,
        bundle=bundle,
        run=machine.run,
        cluster_id=facts.cluster_id,
        domain=facts.domain,
        secret=facts.secret,
        name=facts.name,
        role=facts.role,
        master=master,
        hosts=facts.hosts,
        gateway=facts.gateway,
        memory_mb=machine.memory_mb,
        vcpus=min(machine.vcpus, facts.vcpus) if facts.vcpus else machine.vcpus,
        java=machine.java,
        storage=facts.storage,
        volumes=facts.volumes,
        mounts=facts.mounts,
        gpus=facts.gpus,
        settings=facts.settings,
        packages=facts.packages,
    )
