"""A resource of Heat that is kept as a record instead of by a service.

The resource classes inherit the real ones: their schemas, checks and rules of replacement hold, and only the calls
to the services are replaced.
"""
# mypy: disable-error-code="import-untyped,import-not-found,misc,no-any-return"

from __future__ import annotations

import uuid
from typing import Any

from heat.common import exception
from heat.engine import translation

from minicloud.cloud import current

cloud = current()


class Services:
    """What the real resources ask their clients before they act, answered as a current OpenStack would."""

    RES_TYPE_NETWORK, RES_TYPE_SUBNET, RES_TYPE_PORT = "network", "subnet", "port"
    RES_TYPE_ROUTER, RES_TYPE_SECURITY_GROUP, RES_TYPE_SUBNET_POOL = "router", "security_group", "subnetpool"

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

    def handle_create(self: Any) -> Any:
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

    def handle_delete(self: Any) -> Any:
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

    def restore_prev_rsrc(self: Any, convergence: bool = False) -> None:  # noqa: FBT002 - Heat's signature
        """Nothing was handed over."""
