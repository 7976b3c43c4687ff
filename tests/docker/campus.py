"""The embedded cloud of this machine for a portal in containers: its APIs listen on a bridge."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from launcher.testing import Embedded, embedded
from tests.docker import portal_images
from tests.docker.portal_images import Images
from tests.docker_engine import docker

BRIDGE = "slipway-campus"


@pytest.fixture(scope="session")
def campus(engine: str) -> Iterator[Embedded]:
    """Its nodes are processes. Nothing is in the bridge's network: containers reach this machine by its address."""
    docker(engine, "network", "create", BRIDGE)
    try:
        (where,) = json.loads(docker(engine, "network", "inspect", BRIDGE).stdout)[0]["IPAM"]["Config"]
        with embedded("campus", {"SLIPWAY_MINICLOUD_ADDRESS": where["Gateway"]}) as running:
            yield running
    finally:
        docker(engine, "network", "rm", BRIDGE)


@pytest.fixture(scope="session")
def images(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Images:
    return portal_images.build(engine, tmp_path_factory.mktemp("images"))
