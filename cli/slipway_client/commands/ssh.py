"""The way into a cluster's machines by SSH, where there is one."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import click

from ..exits import Exit
from ..session import Session, Stop
from ..transport import Json
from ..verbs import Verb, pass_session

NO_KEY = """\
there is no way in by SSH, as it was made without a key pair. Nodes take no log-ins: `slipway job submit` runs programs
on the cluster, `job logs` and `job output` bring back what they leave. Whoever wants to log in makes a cluster with
key_pair and floating_ip, of an image with an SSH server (docs/admin-guide.md)."""
NO_ADDRESS = "its machines have no addresses yet, or none any more: `slipway cluster show` says how far it is."
FROM_INSIDE = """\
The cluster has no floating IP: these addresses are the cloud's own, and are reached from there only, if at all."""


@dataclass(frozen=True)
class Host:
    """`key_alias`: an address is another machine's in time, whose key is no reason for alarm."""

    host: str
    address: str
    user: str
    key_alias: str
    jump: str | None

    def __str__(self) -> str:
        lines = [f"HostName {self.address}", f"User {self.user}", f"HostKeyAlias {self.key_alias}"]
        lines += [f"ProxyJump {self.jump}"] if self.jump else []
        return "\n    ".join([f"Host {self.host}", *lines]) + "\n"


@click.command("ssh-config", cls=Verb)
@click.argument("cluster", metavar="CLUSTER")
@click.option("--user", metavar="NAME", default="debian", show_default=True, help="Whom the image lets log in.")
@pass_session
def ssh_config(session: Session, cluster: str, user: str) -> None:
    """How to reach a cluster's machines by SSH, for ~/.ssh/config, or why there is no way.

    Only where it was made with a key pair; over the master, where that has a floating IP.
    """
    found = session.client.cluster(session.cluster_id(cluster))
    if not found["key_pair"]:
        raise Stop(f"{found['name']}: {NO_KEY}", Exit.REFUSED)
    hosts = hosts_of(found, user)
    if not hosts:
        raise Stop(f"{found['name']}: {NO_ADDRESS}", Exit.REFUSED)
    if not found["floating_ip"]:
        session.out.say(FROM_INSIDE)
    if session.out.as_json:
        session.out.data([asdict(host) for host in hosts])
    else:
        session.out.raw("\n".join(str(host) for host in hosts))


def hosts_of(cluster: Json, user: str) -> list[Host]:
    """One for each machine that has an address. What stands in a configuration is obeyed: nothing of a name or of an
    address gets into it that could be a line of its own."""
    name = _word(cluster["name"]) or f"cluster-{_word(cluster['id'])[:8]}"
    outside = _address(cluster["floating_ip"])
    master = next((f"{name}-{_word(node['name'])}" for node in cluster["nodes"] if node["role"] == "master"), None)
    found = []
    for node in cluster["nodes"]:
        host = f"{name}-{_word(node['name'])}"
        is_way_in = bool(outside) and host == master
        address = outside if is_way_in else _address(node["address"])
        if address:
            alias = f"{cluster['id']}-{_word(node['name'])}"
            jump = master if outside and not is_way_in else None
            found.append(Host(host, address, _word(user), _word(alias), jump))
    return found


def _word(text: str) -> str:
    """A host's name of it."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")


def _address(text: str | None) -> str | None:
    return text if text and re.fullmatch(r"[0-9A-Fa-f.:]+", text) else None
