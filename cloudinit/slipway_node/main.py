"""The verbs of the node program: `boot` (make this node a member of its cluster) and `agent` (keep it one; the master's
runs jobs too)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from . import unit
from .agent import run_agent, say
from .boot import Boot
from .duties import Duty, serve
from .facts import PATH, FactsError, Machine, check_role, parse_facts, read_document, read_machine
from .folder_tool import FolderTool
from .follow import Follower
from .handed import take_facts
from .health import keep_telling
from .host_list import remembered
from .jobs import JobTools
from .memory import keep_some_left
from .node import Node, make_node
from .portal import PortalClient

if TYPE_CHECKING:
    from cloudinit.frameworks.manifest import Manifest
    from cloudinit.frameworks.node import Half

USAGE = "use: slipway-node boot | agent"


def main(arguments: list[str], bundle: Path, manifest: Callable[[str], Manifest], half: Callable[[str], Half]) -> int:
    """Run a verb; the exit code. `bundle` is the folder that this program stands in."""
    if arguments not in (["boot"], ["agent"]):
        print(USAGE, file=sys.stderr)
        return 2
    take_facts(os.environ)
    if arguments == ["boot"] and unit.boots_the_node(os.environ):
        return unit.have_it_booted()
    try:
        machine = read_machine(os.environ)
        if arguments == ["boot"]:
            return Boot(machine, bundle, manifest, half).run()
        return _agent(machine, bundle, manifest, half)
    except FactsError as error:
        print(f"slipway-node {arguments[0]}: {error}", file=sys.stderr)
        return 1


def _agent(machine: Machine, bundle: Path, manifest: Callable[[str], Manifest], half: Callable[[str], Half]) -> int:
    document = read_document(machine.root / PATH.lstrip("/"))
    facts = parse_facts(document, (bundle / "VERSION").read_text().strip())
    node = remembered(make_node(facts, machine, bundle, check_role(facts, manifest).master.name))
    portal, framework = document["portal"], half(facts.framework)

    def client() -> PortalClient:
        return PortalClient(portal["url"], portal["credential"], machine.address)

    follower = Follower(client(), node, framework)
    follow = Duty("hosts", follower.run, follower.interrupt)
    # Servers that share a machine share its memory: no program of theirs ends for what others' take.
    others = [follow] if node.embedded else [follow, Duty("memory", partial(keep_some_left, node.memory_mb, say))]
    if node.name != node.master:
        return serve(others)

    def tell(stopping: threading.Event) -> None:
        keep_telling(client(), lambda: framework.report(follower.node), stopping, follower.news)

    health = Duty("health", tell, follower.news.set)
    return run_agent(client(), job_tools(node, framework), node.path("/var/lib/slipway/jobs"), [*others, health])


def job_tools(node: Node, half: Half) -> JobTools:
    """What the agent needs of the node's framework."""
    return JobTools(
        job_command=lambda application, arguments, uri: half.job_command(node, application, arguments, uri),
        folder_tool=FolderTool(*half.job_folder_command(node)),
        directory_uri=lambda job_id: half.job_directory_uri(node, job_id),
    )
