"""Servers: what Heat loads in place of its own (`resource_mapping`)."""
# mypy: disable-error-code="import-untyped,import-not-found,misc,no-any-return"

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

from heat.common import exception
from heat.engine.resources.openstack.nova import server
from oslo_utils import uuidutils

from minicloud import catalogue, memory, user_data
from minicloud.cloud import current
from minicloud.errors import MinicloudError
from minicloud.files import tail
from minicloud.openstack.record import Record

CONSOLE_BYTES = 16384
END_SECONDS = 60.0
LOOK_SECONDS = 0.05
# Servers are admitted one at a time: the memory of one is promised before the next is looked at.
ADMISSION = threading.Lock()
cloud = current()


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
        fixed: list[str] = [name for name in ("flavor", "image", "networks", "admin_pass") if name in prop_diff]
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

    def prepare_for_replace(self) -> None:
        """The next server on the same port: this one ends first, as with Nova, which would detach the port."""
        if self.resource_id is None:
            return
        if cloud.registry.condemn(self.resource_id):
            cloud.wake()
        end = time.monotonic() + END_SECONDS
        while cloud.registry.get_server(self.resource_id) is not None:
            if time.monotonic() > end:
                raise exception.Error(f"the server did not end within {END_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)
        cloud.detach(self.resource_id)

    def needs_replace_failed(self) -> bool:
        state = cloud.registry.server_state(self.resource_id) if self.resource_id else None
        return state is None or state["state"] == "ERROR"

    def handle_delete(self) -> str | None:
        if self.resource_id is None:
            return None
        if cloud.registry.condemn(self.resource_id):
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


def resource_mapping() -> dict[str, type]:
    return {"OS::Nova::Server": Server}
