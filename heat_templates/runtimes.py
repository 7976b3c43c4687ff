"""What a node is on a cloud, and what a kind of node cannot have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NOVA, NOVA_DOCKER, ZUN = "nova", "nova-docker", "zun"


@dataclass(frozen=True)
class Runtime:
    """`lacks`: fields of a spec that ask for what it cannot do, with why and what to ask for instead.

    `fixed` says why the nodes of a cluster that is there stay as they are; "" where they can be changed.
    """

    name: str
    of_containers: bool = False  # processors are a weight only, and the image is a container's
    lacks: Mapping[str, str] = field(default_factory=dict)
    fixed: str = ""


_SERVERS = "ask for it on a site whose machines are of the runtime nova"
_UNPRIVILEGED = "Heat's containers of Zun are never privileged, so they mount no shares"

RUNTIMES: Mapping[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Runtime(NOVA),
        Runtime(
            NOVA_DOCKER,
            of_containers=True,
            lacks={
                "hdfs.storage": "nova-docker attaches no volumes, maps no block devices and makes no ephemeral disks: "
                "ask for root",
                "gpus": f"nova-docker hands no devices to containers: {_SERVERS}",
            },
        ),
        Runtime(
            ZUN,
            of_containers=True,
            lacks={
                "hdfs.storage": "Heat's containers of Zun have no ephemeral disks, and of volumes no device that a "
                "node could find: ask for root",
                "gpus": f"Heat's containers of Zun have no devices: {_SERVERS}",
                "key_pair": "Zun puts no keys into containers: come in by the cluster's pages and jobs",
                "scratch": f"{_UNPRIVILEGED}: keep files in HDFS",
                "folders": f"{_UNPRIVILEGED}: bring files with a job",
                "spread": "Zun knows no server groups: its own scheduler spreads containers",
                "availability_zone": "Heat's containers of Zun cannot name one: leave it to Zun's scheduler",
            },
            # So is Heat's resource: `environment`, where the facts are, is not update_allowed, and nothing takes the
            # port from a container before the next one is made on it, as OS::Nova::Server does.
            fixed="for one change this cloud (Zun) would make all of them anew, and what is in HDFS would be gone.",
        ),
    )
}
