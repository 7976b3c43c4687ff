"""What this cloud offers: the one place where flavors, the image, the network and the servers' ports stand."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Flavor:
    name: str
    vcpus: int
    memory_mb: int
    disk_gb: int


FLAVORS = (
    Flavor("small", vcpus=1, memory_mb=1536, disk_gb=4),
    Flavor("medium", vcpus=2, memory_mb=3072, disk_gb=8),
    Flavor("large", vcpus=2, memory_mb=6144, disk_gb=16),
)
IMAGE = "slipway-spark"
IMAGE_FRAMEWORK = "spark"
NETWORK = "campus"
NETWORK_ID = "5c5b7e52-1b4e-5f0e-9a55-2f6d1c0ca301"
SUBNET = "campus-subnet"
SUBNET_ID = "0f6a8f0e-6f0c-5d3f-8a64-92b8cc0c3a02"


@dataclass(frozen=True)
class ShareType:
    """`base`: the folder of its export paths."""

    name: str
    title: str
    base: str
    protocol: str = "NFS"


# The first is the default. `gpfs` has the form that Manila's GPFS driver gives: the address of its NFS servers, and the
# share's fileset below the file system's mount point.
SHARE_TYPES = {
    each.name: each for each in (ShareType("nfs", "NFS", "/shares"), ShareType("gpfs", "GPFS, by NFS", "/gpfs/slipway"))
}
# What the shares of one course's project may take together. Nothing enforces a share's own size here.
SHARES, SHARES_GB = 20, 100
# The standard ports of what runs in servers: HDFS, Spark. Each server has them on its own address.
SERVER_PORTS = (7077, 7078, 8020, 8080, 8081, 9864, 9866, 9867, 9870)


def flavor(name: str) -> Flavor | None:
    return next((each for each in FLAVORS if each.name == name), None)


def flavors() -> list[dict[str, Any]]:
    """The `flavors` of cloud.json."""
    return [asdict(each) for each in FLAVORS]


def images(bundle_version: str, container: bool) -> list[dict[str, Any]]:
    """The `images` of cloud.json."""
    return [
        {
            "name": IMAGE,
            "framework": IMAGE_FRAMEWORK,
            "bundle_version": bundle_version,
            "architecture": platform.machine(),
            "container": container,
        }
    ]


def share_types() -> list[dict[str, str]]:
    """The `share_types` of cloud.json."""
    return [{"name": each.name, "protocol": each.protocol, "title": each.title} for each in SHARE_TYPES.values()]
