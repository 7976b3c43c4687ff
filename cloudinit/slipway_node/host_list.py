"""Who belongs to the cluster now: in the beginning what the facts say, later what the portal says."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace
from typing import Any

from .facts import FactsError, parse_hosts
from .files import write_file
from .node import Node

PATH = "/var/lib/slipway/hosts.json"


def digest_of(node: Node) -> str:
    """As docs/architecture.md states it."""
    return hashlib.sha256(_text(node).encode()).hexdigest()[:16]


def changed(node: Node, said: Any) -> Node:
    """The node in the cluster that the portal describes. FactsError where that is none, or one without this node."""
    if not isinstance(said, dict):
        raise FactsError("the portal's hosts are no JSON object")
    hosts, leaving = parse_hosts(said.get("hosts")), said.get("leaving")
    if hosts.get(node.name) != node.address or node.master not in hosts:
        raise FactsError("the portal's hosts do not name this node with its address, and the master")
    if not isinstance(leaving, list) or not all(name in hosts for name in leaving):
        raise FactsError("the portal's hosts say of unknown nodes that they leave")
    return replace(node, hosts=hosts, leaving=frozenset(leaving))


def remember(node: Node) -> None:
    """For the next boot: the facts know only who was there at the first one."""
    write_file(node.path(PATH), _text(node))


def remembered(node: Node) -> Node:
    """The node in the cluster as it was when something was remembered last."""
    with contextlib.suppress(OSError, ValueError, FactsError):
        return changed(node, json.loads(node.path(PATH).read_text(encoding="utf-8")))
    return node


def _text(node: Node) -> str:
    said = {"hosts": dict(node.hosts), "leaving": sorted(node.leaving)}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))
