"""The checks of names in templates: what Heat loads in place of its own (`constraint_mapping`)."""
# mypy: disable-error-code="import-untyped,import-not-found,misc,no-any-return"

from __future__ import annotations

from typing import Any

from heat.engine import constraints

from minicloud import catalogue, memory
from minicloud.cloud import current

cloud = current()


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
            names = [*always, *(str(each.get("name")) for each in cloud.registry.records(kind).values())]
            there = f"there are {', '.join(names[:20])}" if names else "there are none"
            return f"There is no {word} {value}; {there}."

    return Kept


def absent(word: str) -> type[Constraint]:
    """A constraint for what this cloud does not have at all."""

    class Absent(Constraint):
        def problem(self, value: Any) -> str | None:
            return f"This cloud has no {word}."

    return Absent


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
