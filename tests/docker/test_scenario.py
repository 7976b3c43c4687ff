"""The scenario on the embedded cloud with containers as nodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.docker.nodes import left_of
from tests.e2e.remains import stacks_of
from tests.scenario import Scenario, Stage, cluster, folder

__all__ = ["cluster", "folder"]


@pytest.fixture(scope="module")
def stage(house: Embedded, engine: str, person: Callable[[str], Client]) -> Stage:
    def remains() -> dict[str, list[str]]:
        servers, shares = ((house.home / "minicloud" / name).iterdir() for name in ("servers", "shares"))
        folders = {"servers": sorted(path.name for path in servers), "shares": sorted(path.name for path in shares)}
        return {"stacks": stacks_of(house), **left_of(house.home, engine), **folders}

    return Stage(person("student"), "small", remains, ready_seconds=300, job_seconds=300)


class TestInContainers(Scenario):
    pass
