"""The cloud as Heat's plug-in and Manila's driver see it: the registry of the running home, its addresses, its memory,
its shares."""

from __future__ import annotations

from typing import Any

from minicloud import catalogue, memory, processes
from minicloud.addresses import Block, BlockFile
from minicloud.errors import MinicloudError
from minicloud.registry import Registry, wake_compute
from minicloud.settings import Settings
from minicloud.shares import Shares


class Cloud:
    """What one home offers. All methods may be called by several threads at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = Registry(settings.home)
        self.shares = Shares.of(settings)
        block = BlockFile(settings.home).read()
        if block is None:
            raise MinicloudError("this home has no block of addresses; run `prepare` first")
        self.block: Block = block

    def wake(self) -> None:
        wake_compute(self.settings.compute_socket)

    # Networks

    def network_id(self, name_or_id: str) -> str:
        """The id of a network by its name or id; all networks share the home's block."""
        if name_or_id in (catalogue.NETWORK, catalogue.NETWORK_ID):
            return catalogue.NETWORK_ID
        return self.registry.find("networks", name_or_id) or name_or_id

    def network(self, identifier: str) -> dict[str, Any]:
        if identifier == catalogue.NETWORK_ID:
            return {"id": identifier, "name": catalogue.NETWORK, "status": "ACTIVE", "subnets": [catalogue.SUBNET_ID]}
        return self.registry.get("networks", identifier) or {"id": identifier, "name": identifier}

    def subnet(self) -> dict[str, Any]:
        return {
            "id": catalogue.SUBNET_ID,
            "name": catalogue.SUBNET,
            "cidr": str(self.block),
            "gateway_ip": self.block.gateway,
            "ip_version": 4,
        }

    def port_record(self, identifier: str, network: str, wanted: str | None) -> dict[str, Any]:
        """Claim an address for a port and describe it as Neutron does."""
        address = self.registry.claim_address(self.block, identifier, wanted)
        numbers = [int(number) for number in address.split(".")]
        return {
            "network_id": self.network_id(network),
            "mac_address": "02:00:" + ":".join(f"{number:02x}" for number in numbers),
            "fixed_ips": [{"ip_address": address, "subnet_id": catalogue.SUBNET_ID}],
            "device_id": "",
            "status": "ACTIVE",
        }

    def attach(self, server: str, number: int, wish: dict[str, Any]) -> dict[str, Any]:
        """The port of a server for one entry of its `networks`: an existing one, or a new one that dies with it.

        Returns `id`, `address`, `network` (a network's id), `own` (made for this server).
        """
        identifier = wish.get("port")
        if identifier:
            found = self.registry.find("ports", identifier)
            record = self.registry.get("ports", found) if found else None
            if found is None or record is None:
                raise MinicloudError(f"there is no port {identifier}")
            if record.get("device_id") not in ("", None, server):
                raise MinicloudError(f"the port {identifier} is in use by server {record['device_id']}")
            self.registry.put("ports", found, record | {"device_id": server})
        else:
            # The same id when asked again: a repeated create claims the same address.
            found = f"{server}-{number}"
            record = self.port_record(found, wish.get("network") or catalogue.NETWORK, wish.get("fixed_ip"))
            self.registry.put("ports", found, record | {"id": found, "name": "", "device_id": server})
        return {
            "id": found,
            "address": record["fixed_ips"][0]["ip_address"],
            "network": record["network_id"],
        }

    def detach(self, server: str) -> None:
        """Free the ports of a server that is gone; remove those that were made for it."""
        for identifier, record in self.registry.records("ports").items():
            if record.get("device_id") != server:
                continue
            if identifier.startswith(server):
                self.registry.release_addresses(identifier)
                self.registry.delete("ports", identifier)
            else:
                self.registry.put("ports", identifier, record | {"device_id": ""})

    def addresses_of(self, ports: list[dict[str, Any]], whole: bool) -> dict[str, list[Any]]:
        """Nova's `networks` (addresses), or whole: `addresses` (maps), each by the network's name and by its id."""
        found: dict[str, list[Any]] = {}
        for port in ports:
            network = self.network(port["network"])
            entry: Any = port["address"]
            if whole:
                entry = {
                    "addr": port["address"],
                    "version": 4,
                    "port": port["id"],
                    "network": network,
                    "subnets": [self.subnet()],
                    "OS-EXT-IPS:type": "fixed",
                }
            for key in dict.fromkeys((network["name"], network["id"])):
                found.setdefault(str(key), []).append(entry)
        return found

    # Servers and memory

    def servers_of_stack(self, project: str, stack: str) -> set[str]:
        """The resource names of the servers that a stack already has."""
        return {
            record["resource"]
            for record in self.registry.list_servers().values()
            if (record["project"], record["stack"], record["desired"]) == (project, stack, "running")
        }

    def memory_now(self) -> memory.Memory:
        """The machine's memory, with what this home's servers have been promised."""
        used: dict[str, int] = {}
        for process in processes.snapshot():
            if process.server is not None:
                used[process.server] = used.get(process.server, 0) + (process.memory >> 20)
        # A server in error is never started again: what it was promised is free.
        servers = [
            (record["flavor"]["memory_mb"], used.get(identifier, 0))
            for identifier, record in self.registry.list_servers().items()
            if (self.registry.server_state(identifier) or {}).get("state") != "ERROR"
        ]
        return memory.read(servers)


_current: Cloud | None = None


def use(settings: Settings) -> None:
    """Say which home this process serves; Heat and Manila load what is ours by themselves and can pass it nothing."""
    global _current
    _current = Cloud(settings)


def current() -> Cloud:
    if _current is None:
        raise MinicloudError("no home is in use; start the service by `python -m minicloud NAME SETTINGS`")
    return _current
