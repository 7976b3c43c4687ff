"""Whoever was killed before: what runs of a home can be ended. `reset` is looked at where the house ends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.docker.nodes import Node, nodes
from tests.e2e.minicloud_harness import until


def test_down_ends_containers_that_a_killed_compute_has_left(
    house: Embedded, engine: str, person: Callable[[str], Client]
) -> None:
    student = person("student")
    (course,) = student.courses()
    student.create_cluster(course["id"], "left alone", 1, "small", 2)
    until("both nodes to run", lambda: [node.state["state"] for node in _started(house, engine)] == ["ACTIVE"] * 2, 120)
    # supervisord first: it would start compute again.
    for name in ("supervisord", "compute"):
        os.kill(json.loads((house.home / "running" / f"{name}.json").read_text())["pid"], signal.SIGKILL)
    left = _started(house, engine)
    assert all(node.inspect()["State"]["Running"] for node in left)
    house.slipway("down")
    assert not any(node.inspect()["State"]["Running"] for node in left)


def _started(house: Embedded, engine: str) -> list[Node]:
    return [node for node in nodes(house, engine).values() if (node.folder / "state.json").exists()]
