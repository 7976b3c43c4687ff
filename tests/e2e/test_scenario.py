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
        shares = (house.home / "minicloud" / "shares").iterdir()
        java = [process.command for process in processes_below(house.home) if "java" in process.command]
        folders = {"servers": sorted(path.name for path in servers), "shares": sorted(path.name for path in shares)}
        return {"stacks": stacks_of(house), "programs": java, **folders}

    return Stage(person("student"), "small", remains, ready_seconds=300, job_seconds=300)


class TestOnTheEmbeddedCloud(Scenario):
    pass
