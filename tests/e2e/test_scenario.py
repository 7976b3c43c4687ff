"""The scenario on the embedded cloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.e2e.remains import processes_below, stacks_of
from tests.scenario import Scenario, Stage, cluster, folder

__all__ = ["cluster", "folder"]


@pytest.fixture(scope="module")
def stage(house: Embedded, person: Callable[[str], Client]) -> Stage:
    def remains() -> dict[str, list[str]]:
        servers = (house.home / "minicloud" / "servers").iterdir()
        java = [process.command for process in processes_below(house.home) if "java" in process.command]
        return {"stacks": stacks_of(house), "servers": sorted(path.name for path in servers), "programs": java}

    return Stage(person("student"), "small", remains, ready_seconds=300, job_seconds=300)


class TestOnTheEmbeddedCloud(Scenario):
    pass
