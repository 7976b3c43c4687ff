"""Heat's resource types for servers and networks, kept by minicloud instead of Nova and Neutron.

`resource_mapping` and `constraint_mapping` of a module in `plugin_dirs` replace what Heat brings. Each class here
inherits the real resource: its schemas, its own checks and its rules of replacement hold, and only the calls to the
services are replaced, by records (`minicloud.registry`).
"""
# mypy: disable-error-code="import-untyped,import-not-found,misc,no-any-return"

from __future__ import annotations

import threading
import uuid
from typing import Any

from heat.common import exception
from heat.engine import constraints, translation
from heat.engine.resources.openstack.neutron import net, port, router, security_group, subnet
from heat.engine.resources.openstack.nova import keypair, server
from oslo_utils import uuidutils

from minicloud import catalogue, memory, user_data
from minicloud.cloud import current
from minicloud.errors import MinicloudError
from minicloud.files import tail

CONSOLE_BYTES = 16384
cloud = current()
# Servers are admitted one at a time: the memory of one is promised before the next is looked at.
ADMISSION = threading.Lock()


class Services:
    """What the real resources ask their clients before they act, answered as a current OpenStack would."""

    RES_TYPE_NETWORK, RES_TYPE_SUBNET, RES_TYPE_PORT = "network", "subnet", "port"
    RES_TYPE_ROUTER, RES_TYPE_SECURITY_GROUP = "router", "security_group"

    def is_version_supported(self, version: str) -> bool:
        return True

    def has_extension(self, name: str) -> bool:
        return True

    def absolute_limits(self) -> dict[str, int]:
        return {"maxServerMeta": 128, "maxPersonality": 0, "maxPersonalitySize": 0}

    def is_not_found(self, error: Exception) -> bool:
        return isinstance(error, exception.EntityNotFound)


class Record:
    """A resource that is a record: an id and its properties. Mixed into a real resource class."""

    default_client_name = None
    kind = "records"

    def client_plugin(self: Any, name: str | None = None) -> Services:
        return Services()

    def translation_rules(self: Any, props: Any) -> list[Any]:
        # Only those that ask no service; names are looked up when they are used.
        renames = (translation.TranslationRule.REPLACE, translation.TranslationRule.ADD)
        return [rule for rule in super().translation_rules(props) if rule.rule in renames]

    def handle_create(self: Any) -> None:
        identifier = str(uuid.uuid4())
        # Stored before the record is made, so that a delete finds whatever a crash left behind.
        self.resource_id_set(identifier)
        cloud.registry.put(self.kind, identifier, self._record(identifier))

    def _record(self: Any, identifier: str) -> dict[str, Any]:
        values = {name: value for name, value in self.properties.items() if value is not None}
        values.pop("value_specs", None)
        name = values.get("name") or self.physical_resource_name()
        return values | {"id": identifier, "name": name, "status": "ACTIVE", "stack": self.stack.name}

    def check_create_complete(self: Any, *args: Any) -> bool:
        return True

    def handle_update(self: Any, json_snippet: Any, tmpl_diff: Any, prop_diff: dict[str, Any]) -> None:
        if prop_diff:
            changed = {name: value for name, value in prop_diff.items() if name != "value_specs"}
            if changed.get("name", "") is None:
                changed["name"] = self.physical_resource_name()
            cloud.registry.put(self.kind, self.resource_id, (self._show_resource() or {}) | changed)

    def check_update_complete(self: Any, *args: Any) -> bool:
        return True

    def handle_check(self: Any) -> None:
        if self._show_resource() is None:
            raise exception.EntityNotFound(entity=self.kind, name=self.resource_id)

    def handle_delete(self: Any) -> None:
        if self.resource_id:
            cloud.registry.delete(self.kind, self.resource_id)

    def check_delete_complete(self: Any, *args: Any) -> bool:
        return True

    def needs_replace_failed(self: Any) -> bool:
        return not self.resource_id or self._show_resource() is None

    def _show_resource(self: Any) -> dict[str, Any] | None:
        return cloud.registry.get(self.kind, self.resource_id)

    def get_live_resource_data(self: Any) -> dict[str, Any]:
        record = self._show_resource()
        if record is None:
            raise exception.EntityNotFound(entity="Resource", name=self.name)
        return record

    def _resolve_attribute(self: Any, name: str) -> Any:
        record = self._show_resource() if self.resource_id else None
        if record is None:
            return None
        return record if name == "show" else record.get(name)

    def prepare_for_replace(self: Any) -> None:
        """Nothing to hand over: the new resource gets an address of its own."""

    def restore_prev_rsrc(self: Any, convergence: bool = False) -> None:
        """Nothing was handed over."""


class KeyPair(Record, keypair.KeyPair):
    kind = "keypairs"

    def get_reference_id(self) -> str:
        return self.resource_id


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


class Server(Record, server.Server):
    """A server is a record that compute makes true."""

    kind = "servers"

    def _validate_image_flavor(self, image: str, flavor: str) -> None:
        """The constraints have looked at both."""

    def validate(self) -> None:
        super().validate()
        servers = [each for each in self.stack.values() if isinstance(each, Server)]
        if servers and servers[0].name == self.name:
            self._validate_memory(servers)

    def _validate_memory(self, servers: list[Server]) -> None:
        """Refuse the whole stack before anything of it starts; once, for all its servers."""
        known = cloud.servers_of_stack(self.context.project_id, self.stack.name)
        wanted = [catalogue.flavor(each.properties["flavor"]) for each in servers if each.name not in known]
        reason = memory.refusal([flavor for flavor in wanted if flavor], cloud.memory_now()) if wanted else None
        if reason:
            raise exception.StackValidationFailed(message=reason)

    def handle_create(self) -> str:
        flavor = catalogue.flavor(self.properties["flavor"])
        assert flavor is not None  # the constraint has looked
        try:
            text = self._user_data()
            user_data.parse(text)
            identifier = str(uuid.uuid4())
            self.resource_id_set(identifier)
            ports = self._ports(identifier)
            record = self._server_record(flavor, text, ports)
            with ADMISSION:
                reason = memory.refusal([flavor], cloud.memory_now())
                if reason:
                    raise MinicloudError(reason)
                cloud.registry.put_server(identifier, record)
        except MinicloudError as error:
            raise exception.Error(str(error)) from None
        cloud.wake()
        return identifier

    def _ports(self, identifier: str) -> list[dict[str, Any]]:
        # As with Nova, a server that names no network gets the only one.
        wishes = self.properties["networks"] or [{}]
        return [cloud.attach(identifier, number, wish) for number, wish in enumerate(wishes)]

    def _user_data(self) -> str:
        text: str = self.properties["user_data"] or ""
        if self.properties["user_data_format"] != self.RAW:
            raise MinicloudError("user_data_format must be RAW here; HEAT_CFNTOOLS and SOFTWARE_CONFIG need an agent")
        return self.get_software_config(text) if uuidutils.is_uuid_like(text) else text

    def _server_record(self, flavor: catalogue.Flavor, text: str, ports: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "name": self._server_name(),
            "desired": "running",
            "project": self.context.project_id,
            "stack": self.stack.name,
            "resource": self.name,
            "flavor": {"name": flavor.name, "vcpus": flavor.vcpus, "memory_mb": flavor.memory_mb},
            "image": self.properties["image"],
            "bundle": str(cloud.settings.bundle),
            "user_data": text,
            "ports": ports,
            "metadata": dict(self.properties["metadata"] or {}),
            "tags": list(self.properties["tags"] or []),
        }

    def check_create_complete(self, identifier: str) -> bool:
        state = cloud.registry.server_state(identifier) or {"state": "BUILD"}
        if state["state"] == "ERROR":
            raise exception.ResourceInError(resource_status="ERROR", status_reason=state["reason"])
        return state["state"] == "ACTIVE"

    def handle_check(self) -> None:
        state = cloud.registry.server_state(self.resource_id) or {"state": "missing", "reason": ""}
        if state["state"] != "ACTIVE":
            raise exception.Error(f"the server is {state['state']}, not ACTIVE. {state['reason']}")

    def handle_update(self, json_snippet: Any, tmpl_diff: Any, prop_diff: dict[str, Any]) -> None:
        fixed = [name for name in ("flavor", "image", "networks", "admin_pass") if name in prop_diff]
        after = json_snippet.properties(self.properties_schema, self.context)
        if "user_data" in prop_diff and after["user_data_update_policy"] == "REBUILD":
            fixed.append("user_data (REBUILD)")
        if fixed:
            raise exception.NotSupported(feature=f"Changing {', '.join(fixed)} of a server that exists; replace it")
        if tmpl_diff.metadata_changed():
            self.metadata_set(json_snippet.metadata())
        record = cloud.registry.get_server(self.resource_id)
        if record is None:
            raise exception.EntityNotFound(entity="Server", name=self.resource_id)
        changed = {name: after[name] for name in ("metadata", "tags", "name") if name in prop_diff}
        if changed.get("name", "") is None:
            changed["name"] = self.physical_resource_name()
        if changed:
            cloud.registry.put_server(self.resource_id, record | changed)

    def needs_replace_failed(self) -> bool:
        state = cloud.registry.server_state(self.resource_id) if self.resource_id else None
        return state is None or state["state"] == "ERROR"

    def handle_delete(self) -> str | None:
        if self.resource_id is None:
            return None
        record = cloud.registry.get_server(self.resource_id)
        if record is not None:
            cloud.registry.put_server(self.resource_id, record | {"desired": "deleted"})
            cloud.wake()
        return self.resource_id

    def check_delete_complete(self, identifier: str | None) -> bool:
        if identifier is None:
            return True
        if cloud.registry.get_server(identifier) is not None:
            return False
        cloud.detach(identifier)
        return True

    def _show_resource(self) -> dict[str, Any] | None:
        record = cloud.registry.get_server(self.resource_id)
        if record is None:
            return None
        state = cloud.registry.server_state(self.resource_id) or {"state": "BUILD", "reason": ""}
        shown = {name: record[name] for name in ("name", "flavor", "image", "metadata", "tags")}
        shown |= {"id": self.resource_id, "status": state["state"]}
        if state["state"] == "ERROR":
            shown["fault"] = {"message": state["reason"]}
        return shown

    def _resolve_attribute(self, name: str) -> Any:
        record = cloud.registry.get_server(self.resource_id) if self.resource_id else None
        if record is None:
            return None
        addresses = [each["address"] for each in record["ports"]]
        if name in ("first_address", "accessIPv4"):
            return addresses[0] if addresses else ""
        if name in ("networks", "addresses"):
            return cloud.addresses_of(record["ports"], whole=name == "addresses")
        if name == "instance_name":
            return f"instance-{self.resource_id[:8]}"
        if name == "console_urls":
            path = cloud.registry.server_folder(self.resource_id) / "console.log"
            return {"serial": path.as_uri(), "log": tail(path, CONSOLE_BYTES)}
        return {"show": self._show_resource()}.get(name, record.get(name))


class Constraint(constraints.BaseCustomConstraint):
    """Says what there is when a value is not it. Heat's own would ask the services, and remember the answers."""

    def validate(self, value: Any, context: Any, template: Any = None) -> bool:
        self._error_message = self.problem(value)
        return self._error_message is None

    def problem(self, value: Any) -> str | None:
        return None


class FlavorConstraint(Constraint):
    def problem(self, value: Any) -> str | None:
        flavor = catalogue.flavor(value)
        if flavor is None:
            return f"There is no flavor {value}; there are {', '.join(each.name for each in catalogue.FLAVORS)}."
        return memory.never_fits(flavor, memory.read([]).total)


class ImageConstraint(Constraint):
    def problem(self, value: Any) -> str | None:
        return None if value == catalogue.IMAGE else f"There is no image {value}; there is {catalogue.IMAGE}."


def kept(kind: str, word: str, builtin: dict[str, str] | None = None) -> type[Constraint]:
    """A constraint: the value must be the name or the id of a record of that kind, or of what is always there."""
    always = builtin or {}

    class Kept(Constraint):
        def problem(self, value: Any) -> str | None:
            if value in always or value in always.values() or cloud.registry.find(kind, str(value)):
                return None
            names = [*always, *(str(each.get("name")) for each in cloud.registry.list(kind).values())]
            there = f"there are {', '.join(names[:20])}" if names else "there are none"
            return f"There is no {word} {value}; {there}."

    return Kept


def absent(word: str) -> type[Constraint]:
    """A constraint for what this cloud does not have at all."""

    class Absent(Constraint):
        def problem(self, value: Any) -> str | None:
            return f"This cloud has no {word}."

    return Absent


def resource_mapping() -> dict[str, type]:
    return {
        "OS::Nova::Server": Server,
        "OS::Nova::KeyPair": KeyPair,
        "OS::Neutron::Net": Net,
        "OS::Neutron::Port": Port,
        "OS::Neutron::Router": Router,
        "OS::Neutron::RouterInterface": RouterInterface,
        "OS::Neutron::SecurityGroup": SecurityGroup,
        "OS::Neutron::Subnet": Subnet,
    }


def constraint_mapping() -> dict[str, type[Constraint]]:
    networks = kept("networks", "network", {catalogue.NETWORK: catalogue.NETWORK_ID})
    absences = {
        "cinder.backup": "volume backups",
        "cinder.snapshot": "volume snapshots",
        "cinder.volume": "volumes",
        "cinder.vtype": "volume types",
        "cinder.qos_specs": "volume qualities",
        "neutron.address_scope": "address scopes",
        "neutron.qos_policy": "network qualities",
        "neutron.segment": "network segments",
        "neutron.subnetpool": "subnet pools",
        "nova.host": "hosts to choose from",
    }
    return {name: absent(word) for name, word in absences.items()} | {
        "glance.image": ImageConstraint,
        "neutron.network": networks,
        "neutron.port": kept("ports", "port"),
        "neutron.router": kept("routers", "router"),
        "neutron.security_group": kept("security_groups", "security group", {"default": "default"}),
        "neutron.subnet": kept("subnets", "subnet", {catalogue.SUBNET: catalogue.SUBNET_ID}),
        "nova.flavor": FlavorConstraint,
        "nova.keypair": kept("keypairs", "key pair"),
        "nova.network": networks,
        "nova.server": Constraint,
    }
