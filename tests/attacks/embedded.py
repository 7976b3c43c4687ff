"""The embedded cloud as the place of the attacks: processes on this machine, as root or as a normal user."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from manilaclient import client as manila_client

from cli.slipway_client import Client
from launcher import paths
from launcher.testing import Embedded
from minicloud import init
from tests.attacks.pair import two_clusters
from tests.attacks.site import Cluster, Pair, Site, Stand
from tests.e2e import faults
from tests.e2e.remains import log_in

READY_SECONDS = 300


@contextlib.contextmanager
def embedded_site(house: Embedded, person: Callable[[str], Client]) -> Iterator[Site]:
    with two_clusters(person("student"), person("student2"), "demo", "small", "nfs", READY_SECONDS) as pair:
        yield site_of(house, person("admin"), pair)


def site_of(house: Embedded, admin: Client, pair: Pair) -> Site:
    attacker, victim = pair.attacker, pair.victim
    cloud = json.loads((house.home / "minicloud" / "cloud.json").read_text())
    servers = servers_of(house, victim)
    facts = [json.loads((folder / "root/etc/slipway/facts.json").read_text()) for folder in servers.values()]
    export, data = scratch_of(house, victim)
    return Site(
        **vars(pair),
        portal=house.url,
        secrets=tuple({secret for each in facts for secret in (each["secret"], each["portal"]["credential"])}),
        export=export,
        share=str(data),
        stacks={name: stack_of(admin, cluster) for name, cluster in (("own", attacker), ("theirs", victim))},
        keystone=cloud["auth_url"],
        files=files_of(house, servers["master"], data),
        sockets=sockets_of(house, servers["master"]),
        outside=Stand(f"{faults.address_block(house)}.250"),
        gateway=Stand(cloud["gateway_address"]),
        inside=Stand(victim.address("master")),
        impostor=Stand(victim.address("worker-01")),
        apart=os.geteuid() == 0,
        any_address=True,
        strangers_arrive=True,
        memory_mb=None,
        most_processes=init.MOST_PROCESSES if os.geteuid() == 0 else None,
    )


def servers_of(house: Embedded, cluster: Cluster) -> dict[str, Path]:
    """Their folders by the names of the nodes."""
    found = {}
    for path in (house.home / "minicloud" / "servers").glob("*/server.json"):
        record = json.loads(path.read_text())
        if record["metadata"]["slipway_cluster"] == cluster.id:
            found[record["resource"]] = path.parent
    return found


def scratch_of(house: Embedded, cluster: Cluster) -> tuple[str, Path]:
    """How the cluster's scratch folder is mounted, and where it lies."""
    manila: Any = manila_client.Client("2.65", session=log_in(house, "demo"), service_type="sharev2")
    (share,) = [share for share in manila.shares.list() if cluster.id in (share.name or "")]
    (location,) = manila.share_export_locations.list(share)
    (data,) = [
        path.parent / "data"
        for path in (house.home / "minicloud" / "shares").glob("*/share.json")
        if location.path.endswith(json.loads(path.read_text())["export_path"])
    ]
    return str(location.path), data


def stack_of(admin: Client, cluster: Cluster) -> str:
    rows = [row["stack"] for row in admin.stacks()["results"] if (row["cluster"] or {}).get("id") == cluster.id]
    return f"{rows[0]['name']}/{rows[0]['id']}"


def files_of(house: Embedded, server: Path, share: Path) -> dict[str, str]:
    """What nobody but the portal, the cloud and the victim may read."""
    home, cloud = house.home, house.home / "minicloud"
    places = {
        "the victim's facts": server / "root/etc/slipway/facts.json",
        "the victim's secret": server / "root/etc/slipway/spark/spark-defaults.conf",
        "the victim's folder": server / "root",
        "the victim's record": server / "server.json",
        "the victim's console": server / "console.log",
        "the victim's share": share,
        "all shares": share.parents[1],
        "the portal's key": home / "secrets.json",
        "the passwords of people": home / "logins.json",
        "the portal's environment": home / "environment.json",
        "how services are started": home / "services.json",
        "the portal's files": home / "storage",
        "the portal's logs": home / "log",
        "the databases": home / "postgres",
        "the cloud's passwords": cloud / "cloud.json",
        "the cloud's settings": cloud / "settings.json",
        "Keystone's keys": cloud / "keys",
        "the cloud's registry": cloud / "registry",
        "Heat's configuration": cloud / "etc",
    }
    assert all(place.exists() for place in places.values()), places
    return {name: str(place) for name, place in places.items()}


def sockets_of(house: Embedded, server: Path) -> dict[str, str]:
    """Where the portal, the cloud and the victim's node are spoken to without a password."""
    run = paths.runtime_folder(house.home)
    of_victim = run / "s" / server.name.replace("-", "")[:8]
    places = {
        "the database": run / "postgres/.s.PGSQL.5432",
        "the broker": run / "redis.sock",
        "the supervisor": run / "supervisor.sock",
        "compute": run / "compute.sock",
        **{f"the victim's {path.name}": path for path in of_victim.glob("*.sock")},
    }
    assert len(places) > 4, places
    assert all(place.is_socket() for place in places.values()), places
    return {name: str(place) for name, place in places.items()}
