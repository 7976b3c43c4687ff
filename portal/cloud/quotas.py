"""What a cluster takes of a project's quotas, and how many clusters there is room for. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

UNLIMITED = -1
# Neutron adds two rules to each group by itself: all may go out, by IPv4 and by IPv6.
OWN_RULES = 2
COUNTED = {
    "instances": "OS::Nova::Server",
    "key pairs": "OS::Nova::KeyPair",
    "server groups": "OS::Nova::ServerGroup",
    "ports": "OS::Neutron::Port",
    "networks": "OS::Neutron::Net",
    "subnets": "OS::Neutron::Subnet",
    "routers": "OS::Neutron::Router",
    "floating IPs": "OS::Neutron::FloatingIP",
    "security groups": "OS::Neutron::SecurityGroup",
    "volumes": "OS::Cinder::Volume",
    "shares": "OS::Manila::Share",
}
# A bound on one group and not on all that a project has.
OF_EACH = ("server group members",)


class Room(NamedTuple):
    limit: int
    used: int = 0


def needs(template: Mapping[str, Any], vcpus: int, memory_mb: int) -> dict[str, int]:
    """What one stack of this template takes, where all servers have this flavor."""
    resources = list(template["resources"].values())
    count = Counter(resource["type"] for resource in resources)
    servers = count["OS::Nova::Server"]
    inline = [
        len(resource["properties"].get("rules", ())) + OWN_RULES
        for resource in resources
        if resource["type"] == "OS::Neutron::SecurityGroup"
    ]
    found = {name: count[kind] for name, kind in COUNTED.items()} | {
        "stacks": 1,
        "cores": servers * vcpus,
        "MB of memory": servers * memory_mb,
        "security group rules": sum(inline) + count["OS::Neutron::SecurityGroupRule"],
        "server group members": servers if count["OS::Nova::ServerGroup"] else 0,
        "GB of volumes": _gigabytes(resources, "OS::Cinder::Volume"),
        "GB of shares": _gigabytes(resources, "OS::Manila::Share"),
    }
    return {name: amount for name, amount in found.items() if amount}


def _gigabytes(resources: list[Any], kind: str) -> int:
    return sum(int(resource["properties"]["size"]) for resource in resources if resource["type"] == kind)


def fitting(rooms: Mapping[str, Room], needs: Mapping[str, int]) -> int | None:
    """How many clusters there is room for; None where nothing bounds them."""
    bounds = [_clusters(name, rooms[name], amount) for name, amount in needs.items() if name in rooms]
    finite = [bound for bound in bounds if bound is not None]
    return min(finite) if finite else None


def _clusters(name: str, room: Room, amount: int) -> int | None:
    if room.limit == UNLIMITED:
        return None
    if name in OF_EACH:
        return None if amount <= room.limit else 0
    return max(0, room.limit - room.used) // amount


def tightest(rooms: Mapping[str, Room], needs: Mapping[str, int], clusters: int) -> list[tuple[str, Room, int]]:
    """What is too small for so many clusters: the quota, its room, and what they would need of it."""
    short = []
    for name, amount in needs.items():
        bound = _clusters(name, rooms[name], amount) if name in rooms else None
        if bound is not None and bound < clusters:
            short.append((bound, name, amount if name in OF_EACH else amount * clusters))
    return [(name, rooms[name], needed) for _, name, needed in sorted(short)]
