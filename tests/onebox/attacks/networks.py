"""Who comes to a cluster's doors over the network: a machine that is no server, and a server that takes an address."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.site import Answer, Request, Stand
from tests.onebox.attacks.servers import Server, entering

NAME = "slipway-outside"
# Neutron gives the addresses up to .250 of the provider network's 10.99.0.0/24.
NOBODYS_ADDRESS = "10.99.0.251"
# This machine's end of the provider network, which stands in the network's bridge.
PEER = Path("/sys/class/net/os-ext1/master")


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)


@contextlib.contextmanager
def machine_outside(address: str = NOBODYS_ADDRESS) -> Iterator[Stand]:
    """A machine on the provider network that is no server and of which Neutron knows nothing."""
    ip("netns", "add", NAME)
    try:
        ip("link", "add", "slipway-out0", "type", "veth", "peer", "name", "eth0", "netns", NAME)
        ip("link", "set", "slipway-out0", "master", PEER.resolve().name, "up")
        ip("-netns", NAME, "address", "add", f"{address}/24", "dev", "eth0")
        ip("-netns", NAME, "link", "set", "eth0", "up")
        yield Stand(address, entering(Path("/run/netns") / NAME))
    finally:
        # The pair of devices goes with it.
        ip("netns", "delete", NAME)


@dataclass(frozen=True, kw_only=True)
class Impostor(Stand):
    """The root of a server, who gives it an address of another while asking."""

    server: Server

    def ask(self, requests: Mapping[str, Request]) -> dict[str, Answer]:
        with taken(self.server, self.address):
            return super().ask(requests)


@contextlib.contextmanager
def taken(server: Server, address: str) -> Iterator[None]:
    inside = ("nsenter", f"--net={server.network}", "ip", "address")
    subprocess.run([*inside, "add", f"{address}/32", "dev", "eth0"], check=True)
    try:
        yield
    finally:
        subprocess.run([*inside, "delete", f"{address}/32", "dev", "eth0"], check=True)
