"""The one-box OpenStack as the place of the attacks: servers are LXC containers, addresses are Neutron's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from launcher import paths
from launcher.testing import Embedded
from tests.attacks.pair import two_clusters
from tests.attacks.site import Cluster, Json, Site, Stand
from tests.onebox.attacks.networks import Impostor, machine_outside
from tests.onebox.attacks.servers import Server, entering, servers_of
from tests.onebox.cloud import COURSE, LARGE, SECOND, Cloud

# Four machines begin at once on two cores, beside whatever else is done there.
READY_SECONDS = 900
MEMORY_MB = 4096
SHARE_TYPE = "default"


@contextlib.contextmanager
def onebox_site(cloud: Cloud, house: Embedded) -> Iterator[Site]:
    passwords = {"student": cloud.password("student")}
    with cloud.person(SECOND) as passwords[SECOND]:
        people = [log_in(house, name, password) for name, password in passwords.items()]
        # Large, as the programs of the attacks are ten Javas on one machine.
        with two_clusters(*people, COURSE, LARGE, SHARE_TYPE, READY_SECONDS) as pair, machine_outside() as outside:
            attackers, victims = servers_of(cloud, pair.attacker), servers_of(cloud, pair.victim)
            export = scratch_of(cloud, pair.victim)
            taken = pair.victim.address("worker-01")
            yield Site(
                **vars(pair),
                portal=house.url,
                secrets=tuple(secret for server in victims.values() for secret in secrets_of(server)),
                export=export,
                share=export.partition(":")[2],
                stacks={"own": stack_of(cloud, pair.attacker), "theirs": stack_of(cloud, pair.victim)},
                keystone=cloud.connect().config.auth["auth_url"],
                files=files_of(cloud, house, victims["master"], Path(export.partition(":")[2])),
                sockets=sockets_of(cloud, house),
                outside=outside,
                gateway=Stand(cloud.address),
                inside=Stand(pair.victim.address("master"), entering(victims["master"].network)),
                impostor=Impostor(taken, entering(attackers["master"].network), server=attackers["master"]),
                apart=True,
                any_address=False,
                strangers_arrive=False,
                memory_mb=MEMORY_MB,
                most_processes=None,
            )


def log_in(house: Embedded, name: str, password: str) -> Client:
    client = Client(house.url)
    client.log_in(name, password)
    return client


def secrets_of(server: Server) -> tuple[str, str]:
    facts: Json = json.loads(server.as_root("cat", "/etc/slipway/facts.json").stdout)
    return facts["secret"], facts["portal"]["credential"]


def scratch_share_of(cloud: Cloud, cluster: Cluster) -> Any:
    shares = cloud.connect().shared_file_system.shares(all_projects=True)
    (share,) = [share for share in shares if cluster.id in (share.name or "")]
    return share


def scratch_of(cloud: Cloud, cluster: Cluster) -> str:
    """How the cluster's scratch folder is mounted; the path in it is that of a folder of this machine."""
    share = scratch_share_of(cloud, cluster)
    (location,) = cloud.connect().shared_file_system.export_locations(share.id)
    return str(location.path)


def stack_of(cloud: Cloud, cluster: Cluster) -> str:
    stack = cloud.connect("slipway").orchestration.find_stack(f"slipway-{cluster.id}", ignore_missing=False)
    return f"{stack.name}/{stack.id}"


def files_of(cloud: Cloud, house: Embedded, victim: Server, share: Path) -> dict[str, str]:
    """What nobody but the portal, the cloud and the victim may read."""
    home, state, etc = house.home, cloud.home / "state", cloud.home / "etc"
    places = {
        "all servers": state / "nova/instances",
        "the victim's folder": state / "nova/instances" / victim.id,
        "the victim's console": state / "nova/instances" / victim.id / "console.log",
        "the victim's processes": Path(f"/proc/{victim.first}/root"),
        "the victim's facts": Path(f"/proc/{victim.first}/root/etc/slipway/facts.json"),
        "the victim's share": share,
        "all shares": share.parent,
        "the cloud's passwords": etc / "secrets",
        "its administrator's": cloud.clouds,
        "Nova's configuration": etc / "nova.conf",
        "Keystone's keys": state / "keystone/fernet-keys",
        "the databases of the cloud": state / "mysql",
        "images": state / "glance/images",
        "the portal's key": home / "secrets.json",
        "the portal's environment": home / "environment.json",
        "how services are started": home / "services.json",
        "the portal's files": home / "storage",
        "the portal's logs": home / "log",
        "the databases": home / "postgres",
    }
    assert all(place.exists() for place in places.values()), places
    return {name: str(place) for name, place in places.items()}


def sockets_of(cloud: Cloud, house: Embedded) -> dict[str, str]:
    """Where the portal and the cloud are spoken to without a password."""
    run = paths.runtime_folder(house.home)
    places = {
        "the database": run / "postgres/.s.PGSQL.5432",
        "the broker": run / "redis.sock",
        "the supervisor": run / "supervisor.sock",
        "the cloud's database": cloud.home / "state/mysql/s.sock",
        "libvirt": Path("/run/libvirt/libvirt-sock"),
        "libvirt's log": Path("/run/libvirt/virtlogd-sock"),
    }
    assert all(place.is_socket() for place in places.values()), places
    return {name: str(place) for name, place in places.items()}


def group_of(cloud: Cloud, cluster: Cluster) -> Any:
    """The security group of its machines."""
    return cloud.connect().network.find_security_group(f"slipway-{cluster.id}", ignore_missing=False)
