"""What the agents of a cluster's nodes are told: who belongs to it, and who is to leave. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Protocol


class Member(Protocol):
    name: str
    address: str | None
    leaving: bool


def host_list(nodes: Iterable[Member]) -> dict[str, Any]:
    """The answer to `GET hosts`. A node belongs to the cluster as soon as its address is known."""
    members = [node for node in nodes if node.address]
    said = {
        "hosts": {node.name: node.address for node in members},
        "leaving": sorted(node.name for node in members if node.leaving),
    }
    return {"digest": digest(said), **said}


def digest(said: dict[str, Any]) -> str:
    """As docs/architecture.md states it; a node that has just booted knows that of its own facts."""
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
