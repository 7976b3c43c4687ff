"""What is known of the two clusters in a home of the embedded cloud, whatever its servers are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from manilaclient import client as manila_client

from cli.slipway_client import Client
from launcher import paths
from launcher.testing import Embedded
from tests.attacks.site import Cluster, Json, Pair
from tests.e2e.remains import log_in

READY_SECONDS = 300


def known_of(
    house: Embedded, admin: Client, pair: Pair, facts: Iterable[Json], own: Mapping[str, Path]
) -> dict[str, Any]:
    """Fields of its Site. `facts`: of each of the victim's machines; `own`: where what is its master's own lies."""
    server = servers_of(house, pair.victim)["master"]
    export, data = scratch_of(house, pair.victim)
    return {
        **vars(pair),
        "portal": house.url,
        "secrets": tuple({secret for each in facts for secret in (each["secret"], each["portal"]["credential"])}),
        "export": export,
        "share": str(data),
        "stacks": {"own": stack_of(admin, pair.attacker), "theirs": stack_of(admin, pair.victim)},
        "files": files_of(house, server, data, own),
        "sockets": sockets_of(house, server),
    }


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
    (location,) = manila_of(house).share_export_locations.list(share_of(house, cluster))
    (data,) = [
        path.parent / "data"
        for path in (house.home / "minicloud" / "shares").glob("*/share.json")
        if location.path.endswith(json.loads(path.read_text())["export_path"])
    ]
    return str(location.path), data


def share_of(house: Embedded, cluster: Cluster) -> Any:
    """Manila's share of its scratch folder."""
    (share,) = [share for share in manila_of(house).shares.list() if cluster.id in (share.name or "")]
    return share


def manila_of(house: Embedded) -> Any:
    return manila_client.Client("2.65", session=log_in(house, "demo"), service_type="sharev2")


def stack_of(admin: Client, cluster: Cluster) -> str:
    rows = [row["stack"] for row in admin.stacks()["results"] if (row["cluster"] or {}).get("id") == cluster.id]
    return f"{rows[0]['name']}/{rows[0]['id']}"


def files_of(house: Embedded, server: Path, share: Path, own: Mapping[str, Path]) -> dict[str, str]:
    """What nobody but the portal, the cloud and the victim may read."""
    home, cloud = house.home, house.home / "minicloud"
    places = {
        **own,
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
