"""Containers of this machine's engine as the place of the attacks: each with its own address in the home's network."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from launcher.testing import Embedded
from minicloud import catalogue
from tests.attacks.home import known_of
from tests.attacks.site import Pair, Site, Stand, told_in
from tests.docker.nodes import Node, entering, nodes
from tests.docker_engine import docker
from tests.e2e import faults

# The programs of some attacks are ten Javas on one machine.
ATTACKERS, VICTIMS = "medium", "small"
# Numbers of addresses that no port has.
OUTSIDE, SPARE = 250, 249


def site_of(house: Embedded, engine: str, admin: Client, pair: Pair, outside: Stand) -> Site:
    victims = nodes(house, engine, pair.victim.id)
    facts = [json.loads(node.says("cat", "/etc/slipway/facts.json")) for node in victims.values()]
    known = known_of(house, admin, pair, facts, own_of(victims["master"]))
    attackers = nodes(house, engine, pair.attacker.id)["master"].state["pid"]
    inside = Stand(pair.victim.address("master"), entering(victims["master"].state["pid"]))
    flavor = catalogue.flavor(ATTACKERS)
    assert flavor is not None
    return Site(
        **{**known, "sockets": {**known["sockets"], "the engine": engine.removeprefix("unix://")}},
        # It listens on this machine's loopback, and so nowhere for containers.
        keystone=f"http://{faults.address_block(house)}.1:{ports_of(house)['keystone']}/v3",
        outside=outside,
        # The gateway's address is nobody's, as there is none yet.
        gateway=inside,
        inside=inside,
        impostor=Stand(pair.victim.address("worker-01"), entering(attackers)),
        apart=True,
        any_address=False,
        strangers_arrive=True,
        memory_mb=flavor.memory_mb,
        most_processes=None,
    )


def own_of(node: Node) -> dict[str, Path]:
    """Where this machine has what is a container's own."""
    about = node.inspect()
    root = Path(about["GraphDriver"]["Data"]["MergedDir"])
    return {
        "the victim's facts": root / "etc/slipway/facts.json",
        "the victim's secret": root / "etc/slipway/spark/spark-defaults.conf",
        "the victim's folder": root,
        "the victim's processes": Path(f"/proc/{about['State']['Pid']}/root"),
        "the engine's containers": Path(about["HostnamePath"]).parents[1],
        "the engine's layers": root.parents[1],
    }


def ports_of(house: Embedded) -> dict[str, int]:
    found: dict[str, int] = json.loads((house.home / "ports.json").read_text())
    return found


def image_and_network(house: Embedded) -> tuple[str, str]:
    about = json.loads((house.home / "minicloud" / "settings.json").read_text())["containers"]
    return about["image"], about["network"]


@contextlib.contextmanager
def container(engine: str, house: Embedded, *options: str) -> Iterator[str]:
    """One that is no node, of the image that nodes have; its id."""
    image, _ = image_and_network(house)
    words = ("run", "--detach", *options, "--entrypoint", "sleep", image, "infinity")
    identifier = docker(engine, *words).stdout.strip()
    try:
        yield identifier
    finally:
        docker(engine, "rm", "--force", identifier)


@contextlib.contextmanager
def nobodys_container(house: Embedded, engine: str, network: str = "") -> Iterator[Stand]:
    """A container that is no cluster's: in the network of the clusters, unless another one is named."""
    own = f"{faults.address_block(house)}.{OUTSIDE}"
    where = ("--network", network) if network else ("--network", image_and_network(house)[1], "--ip", own)
    with container(engine, house, *where) as identifier:
        pid = int(docker(engine, "inspect", "--format={{.State.Pid}}", identifier).stdout)
        yield Stand("" if network else own, entering(pid))


def as_root(node: Node, program: Path, arguments: Mapping[str, Any]) -> Any:
    """What a program tells that the container's root starts in it."""
    told = told_in(node.says("python3", "-c", program.read_text(), json.dumps(arguments)))
    assert told is not None
    return told
