"""A house whose nodes are containers, of an engine of the run's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from launcher.testing import Embedded, embedded
from tests.docker.campus import campus, images
from tests.docker.nodes import left_of
from tests.docker_engine import docker_engine
from tests.e2e.conftest import flights
from tests.house import person

__all__ = ["campus", "flights", "images", "person"]


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """Where DOCKER_HOST is set, the engine there: it may have the image already, which takes minutes to make."""
    if said := os.environ.get("DOCKER_HOST"):
        yield said
        return
    with docker_engine() as address:
        yield address


@pytest.fixture(scope="session")
def house(engine: str) -> Iterator[Embedded]:
    with embedded(environment={"DOCKER_HOST": engine, "SLIPWAY_MINICLOUD_DRIVER": "docker"}) as running:
        yield running
        assert left_of(running.home, engine)["networks"]
    # After `reset`.
    assert left_of(running.home, engine) == {"containers": [], "volumes": [], "networks": []}
