"""Networks, ports, groups, key pairs: what Heat loads in place of its own (`resource_mapping`)."""
# mypy: disable-error-code="import-untyped,import-not-found,misc,no-any-return"

from __future__ import annotations

import uuid
from typing import Any

from heat.common import exception
from heat.engine import resource
from heat.engine.resources.openstack.neutron import net, port, router, security_group, subnet
from heat.engine.resources.openstack.nova import keypair, server_group

from minicloud import catalogue
from minicloud.cloud import current
from minicloud.errors import MinicloudError
from minicloud.openstack.record import Record

cloud = current()


class KeyPair(Record, keypair.KeyPair):
    kind = "keypairs"

    def get_reference_id(self) -> str:
        return self.resource_id


class ServerGroup(Record, server_group.ServerGroup):
    """All servers are on this one machine, as the soft policies allow; what a strict one asks for cannot be had."""

    kind = "server_groups"

    def validate(self) -> None:
        resource.Resource.validate(self)
        if "anti-affinity" in self.properties["policies"]:
            raise exception.StackValidationFailed(
                message="This cloud is one machine: of servers that are to be apart take soft-anti-affinity."
            )


class Net(Record, net.Net):
    kind = "networks"


class Subnet(Record, subnet.Subnet):
    kind = "subnets"

    def _record(self, identifier: str) -> dict[str, Any]:
        record = super()._record(identifier)
        return record | {"network_id": cloud.network_id(record.get("network", catalogue.NETWORK))}


class Router(Record, router.Router):
    kind = "routers"


class RouterInterface(Record, router.RouterInterface):
    kind = "router_interfaces"


class SecurityGroup(Record, security_group.SecurityGroup):
    kind = "security_groups"


class Port(Record, port.Port):
    """A port is an address of the home's block."""

    kind = "ports"

    def handle_create(self) -> None:
        identifier = str(uuid.uuid4())
        self.resource_id_set(identifier)
        fixed = self.properties["fixed_ips"] or []
        wanted = next((each["ip_address"] for each in fixed if each.get("ip_address")), None)
        try:
            record = cloud.port_record(identifier, self.properties["network"], wanted)
        except MinicloudError as error:
            raise exception.Error(str(error)) from None
        values = self._record(identifier)
        values.pop("fixed_ips", None)
        cloud.registry.put(self.kind, identifier, values | record)

    def handle_update(self, json_snippet: Any, tmpl_diff: Any, prop_diff: dict[str, Any]) -> None:
        if "fixed_ips" in prop_diff:
            raise exception.NotSupported(feature="Changing the address of a port: make a new port instead")
        super().handle_update(json_snippet, tmpl_diff, prop_diff)

    def handle_delete(self) -> None:
        if self.resource_id:
            cloud.registry.release_addresses(self.resource_id)
        super().handle_delete()

    def _resolve_attribute(self, name: str) -> Any:
        if name in ("subnets", "network"):
            record = self._show_resource() if self.resource_id else None
            if record is None:
                return None
            shown = cloud.network(record["network_id"])
            return shown if name == "network" else [cloud.subnet()]
        return super()._resolve_attribute(name)


def resource_mapping() -> dict[str, type]:
    return {
        "OS::Nova::KeyPair": KeyPair,
        "OS::Nova::ServerGroup": ServerGroup,
        "OS::Neutron::Net": Net,
        "OS::Neutron::Port": Port,
        "OS::Neutron::Router": Router,
        "OS::Neutron::RouterInterface": RouterInterface,
        "OS::Neutron::SecurityGroup": SecurityGroup,
        "OS::Neutron::Subnet": Subnet,
    }
