"""The embedded cloud as the place of the attacks: processes on this machine, as root or as a normal user."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from manilaclient import client as manila_client

from cli.slipway_client import Client
from launcher import paths
from launcher.testing import Embedded
from tests.attacks.site import Cluster, Json, Site
from tests.e2e import faults
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import log_in

READY_SECONDS = 300
# How long the victim's program works on, at most.
WORK_SECONDS = 1500
SCRATCH = {"scratch": {"size_gb": 1, "share_type": "nfs"}}


@contextlib.contextmanager
def embedded_site(house: Embedded, person: Callable[[str], Client]) -> Iterator[Site]:
    attacker, victim = person("student"), person("student2")
    made = [
        (attacker, make(attacker, "the attacker's", {})),
        (victim, make(victim, "the victim's", SCRATCH)),
    ]
    try:
        clusters = [Cluster(who, who.wait_for_cluster(row["id"], READY_SECONDS)) for who, row in made]
        assert [cluster.row["status"] for cluster in clusters] == ["ready", "ready"], clusters
        yield site_of(house, person("admin"), *clusters)
    finally:
        for who, row in made:
            who.delete_cluster(row["id"])
        for who, row in made:
            who.wait_for_cluster(row["id"], READY_SECONDS, ends=("deleted",))


def make(who: Client, name: str, more: Json) -> Json:
    # Others of this house may have given them more than the one that they begin with.
    (course,) = [course for course in who.courses() if course["name"] == "demo"]
    row: Json = who.create_cluster(course["id"], name, 1, "small", 2, more=more)
    return row


def site_of(house: Embedded, admin: Client, attacker: Cluster, victim: Cluster) -> Site:
    words = f"the victim's words {secrets.token_hex(16)}"
    job = victim.start("victim.py", words=words, seconds=WORK_SECONDS)
    told = until("the victim's program", lambda: working(victim, job), 120)
    cloud = json.loads((house.home / "minicloud" / "cloud.json").read_text())
    servers = servers_of(house, victim)
    facts = [json.loads((folder / "root/etc/slipway/facts.json").read_text()) for folder in servers.values()]
    export, data = scratch_of(house, victim)
    return Site(
        portal=house.url,
        attacker=attacker,
        victim=victim,
        job=job,
        told=told,
        words=words,
        secrets=tuple({secret for each in facts for secret in (each["secret"], each["portal"]["credential"])}),
        export=export,
        share=str(data),
        stacks={name: stack_of(admin, cluster) for name, cluster in (("own", attacker), ("theirs", victim))},
        keystone=cloud["auth_url"],
        files=files_of(house, servers["master"], data),
        sockets=sockets_of(house, servers["master"]),
        stranger=f"{faults.address_block(house)}.250",
        apart=os.geteuid() == 0,
        any_address=True,
    )


def working(victim: Cluster, job: str) -> Json | None:
    """What the victim's program told, once it works on a machine."""
    told: Json | None = victim.told(job)
    if told is None:
        assert victim.person.job(job)["status"] in ("queued", "running"), victim.person.log(job)[-3000:]
        return None
    return told


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
