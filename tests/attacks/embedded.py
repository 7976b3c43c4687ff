"""The embedded cloud as the place of the attacks: processes on this machine, as root or as a normal user."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator

from cli.slipway_client import Client
from launcher.testing import Embedded
from minicloud import init
from tests.attacks.home import READY_SECONDS, known_of, servers_of
from tests.attacks.pair import two_clusters
from tests.attacks.site import Pair, Site, Stand
from tests.e2e import faults


@contextlib.contextmanager
def embedded_site(house: Embedded, person: Callable[[str], Client]) -> Iterator[Site]:
    with two_clusters(person("student"), person("student2"), "demo", "small", "nfs", READY_SECONDS) as pair:
        yield site_of(house, person("admin"), pair)


def site_of(house: Embedded, admin: Client, pair: Pair) -> Site:
    cloud = json.loads((house.home / "minicloud" / "cloud.json").read_text())
    roots = {name: folder / "root" for name, folder in servers_of(house, pair.victim).items()}
    facts = [json.loads((root / "etc/slipway/facts.json").read_text()) for root in roots.values()]
    own = {
        "the victim's facts": roots["master"] / "etc/slipway/facts.json",
        "the victim's secret": roots["master"] / "etc/slipway/spark/spark-defaults.conf",
        "the victim's folder": roots["master"],
    }
    return Site(
        **known_of(house, admin, pair, facts, own),
        keystone=cloud["auth_url"],
        outside=Stand(f"{faults.address_block(house)}.250"),
        gateway=Stand(cloud["gateway_address"]),
        inside=Stand(pair.victim.address("master")),
        impostor=Stand(pair.victim.address("worker-01")),
        apart=os.geteuid() == 0,
        any_address=True,
        strangers_arrive=True,
        memory_mb=None,
        most_processes=init.MOST_PROCESSES if os.geteuid() == 0 else None,
    )
