"""Ports that the outside reaches without a guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heat_templates.lint.template import Finding, Template, resource_of

WHY = "what the stack's servers serve would be open to whoever reaches the address"


def find(template: Template) -> Iterator[Finding]:
    for path, properties in template.of_type("OS::Neutron::Port"):
        if str(template.known(properties.get("port_security_enabled"))).lower() == "false":
            what = "the port has no security: no group counts"
            yield Finding((*path, "port_security_enabled"), what, WHY, "remove the line, and name security groups")
    for path, properties in template.of_type("OS::Neutron::FloatingIP", "OS::Neutron::FloatingIPAssociation"):
        name = resource_of(properties.get("port_id"))
        port = template.resources.get(name, {}) if isinstance(name, str) else {}
        if port.get("type") == "OS::Neutron::Port" and not _guarded(port.get("properties") or {}):
            what = f"the floating IP {path[1]} leads to this port, which names no security group"
            yield Finding(("resources", name), what, WHY, "name its groups in security_groups")


def _guarded(port: Mapping[str, Any]) -> bool:
    return bool(port.get("security_groups"))
