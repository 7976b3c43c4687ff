"""What the guards find of containers: nothing attached that they cannot have, bounds, security groups."""

from __future__ import annotations

from typing import Any

import pytest

from heat_templates import limits
from tests.unit.heat_templates.linting import container, found, one, server


def test_a_volume_attached_to_a_container_of_nova_docker_is_found_and_to_another_server_not() -> None:
    attached = {"type": "OS::Cinder::VolumeAttachment", "properties": {"instance_uuid": {"get_resource": "one"}}}
    docker = server(metadata={"slipway_runtime": "nova-docker"})
    assert found({"one": docker, "disk": attached}) == [
        "resources.disk.properties: a volume is attached to a container of nova-docker"
    ]
    assert found({"one": server(), "disk": attached}) == []


@pytest.mark.parametrize(
    ("networks", "says"),
    [
        (None, "neither a port nor security groups"),
        ([], "neither a port nor security groups"),
        ({"get_param": "networks"}, "neither a port nor security groups"),
        (["campus"], "no port of its own"),
        ([{"network": "campus"}], "no port of its own"),
        ([{"port": {"get_resource": "open"}}], "port open names no security group"),
    ],
)
def test_a_container_that_the_projects_default_group_guards_is_found(networks: Any, says: str) -> None:
    port = {"type": "OS::Neutron::Port", "properties": {"network": "campus"}}
    declared = {"networks": {"type": "json"}}
    resources = {"box": container(networks=networks, security_groups=None), "open": port}
    assert says in one(resources, parameters=declared).what
    assert found({**resources, "box": container(networks=networks)}, parameters=declared) == []


def test_a_container_without_a_bound_of_memory_is_found() -> None:
    assert found({"box": container(memory=None)}) == [
        "resources.box.properties.memory: the container has no bound of memory"
    ]
    assert found({"box": container(memory={"get_param": "size"})}, parameters={"size": {"type": "number"}}) == []


def test_a_variable_that_no_program_can_be_started_with_is_found() -> None:
    box = container(environment={"FACTS": "x" * (limits.ENVIRONMENT_BYTES - 6)})
    assert "the variable has 131073 bytes" in one({"box": box}).what
    assert found({"box": container(environment={"FACTS": "x" * (limits.ENVIRONMENT_BYTES - 7)})}) == []
    assert found({"box": container(environment={"get_param": "x"})}, parameters={"x": {"type": "json"}}) == []
