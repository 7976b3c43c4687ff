"""Containers: what their runtimes do not do, and bounds and guards that they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heat_templates import limits
from heat_templates.lint.numbers import least_bytes
from heat_templates.lint.storage import DEVICES
from heat_templates.lint.template import Finding, Path, Template, function, resource_of
from heat_templates.runtimes import NOVA_DOCKER, RUNTIMES

RUNTIME = "slipway_runtime"  # the label that says it: a template itself does not tell what its image is
NO_VOLUMES = RUNTIMES[NOVA_DOCKER].lacks["hdfs.storage"]
REMEDY = "remove it, and keep the data on the root disk"


def find(template: Template) -> Iterator[Finding]:
    of_docker = {path[1] for path, server in template.of_type("OS::Nova::Server") if _is_docker(server)}
    for path, properties in template.of_type("OS::Nova::Server"):
        if path[1] in of_docker:
            yield from (
                Finding((*path, name), "a container of nova-docker has block devices", NO_VOLUMES, REMEDY)
                for name in DEVICES
                if properties.get(name)
            )
    for path, properties in template.of_type("OS::Cinder::VolumeAttachment"):
        if resource_of(properties.get("instance_uuid")) in of_docker:
            yield Finding(path, "a volume is attached to a container of nova-docker", NO_VOLUMES, REMEDY)
    for path, properties in template.of_type("OS::Zun::Container"):
        yield from _container(template, path, properties)


def _is_docker(server: Mapping[str, Any]) -> bool:
    metadata = server.get("metadata")
    return isinstance(metadata, dict) and metadata.get(RUNTIME) == NOVA_DOCKER


def _container(template: Template, path: Path, properties: Mapping[str, Any]) -> Iterator[Finding]:
    if not properties.get("memory"):
        why = "without a bound it takes what its host has, and the host's other containers starve"
        where = (*path, "memory") if "memory" in properties else path
        yield Finding(where, "the container has no bound of memory", why, "write memory, in MiB")
    if not properties.get("security_groups"):
        yield from _networks(template, path, properties.get("networks"))
    environment = properties.get("environment")
    for name, value in environment.items() if isinstance(environment, dict) and not function(environment) else ():
        size = len(str(name)) + 1 + least_bytes(value, template) + 1
        if size > limits.ENVIRONMENT_BYTES:
            why = f"Linux starts no program with a variable of more than {limits.ENVIRONMENT_BYTES}"
            remedy = "put what is long into the image, or fetch it at the start"
            yield Finding((*path, "environment", name), f"the variable has {size} bytes or more", why, remedy)


def _networks(template: Template, path: Path, networks: Any) -> Iterator[Finding]:
    """Zun lets a port's own groups hold; on a port that it makes the project's default group admits whom it likes."""
    why = "then the project's default group says who comes in: often every machine of the project"
    if not isinstance(networks, list) or not networks:
        yield Finding(path, "the container has neither a port nor security groups", why, "name a port or its groups")
        return
    for number, network in enumerate(networks):
        port = resource_of(network.get("port")) if isinstance(network, dict) else None
        resource = template.resources.get(port, {}) if isinstance(port, str) else {}
        if not isinstance(network, dict) or not network.get("port"):
            what, remedy = "the container has no port of its own here, and no security groups", "name a port"
        elif resource.get("type") == "OS::Neutron::Port" and not (resource.get("properties") or {}).get(
            "security_groups"
        ):
            what, remedy = f"the container's port {port} names no security group", "name its groups in security_groups"
        else:
            continue
        yield Finding((*path, "networks", number), what, why, remedy)
