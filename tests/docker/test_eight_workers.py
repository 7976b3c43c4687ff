"""A cluster of eight workers in containers on one machine; docs/runtimes.md has the figures."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.docker.nodes import Node, left_of, nodes

NAMES = ("master", *(f"worker-{number:02}" for number in range(1, 9)))
MEMORY = "cat /sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat 2>/dev/null; true"
# Of either version of control groups: what programs hold, without what the kernel keeps of files.
HELD = ("total_rss", "anon")


def test_it_becomes_ready_and_each_node_has_room(
    house: Embedded, engine: str, person: Callable[[str], Client], capsys: pytest.CaptureFixture[str]
) -> None:
    student = person("student")
    (course,) = student.courses()
    began = time.monotonic()
    made = student.create_cluster(course["id"], "eight", 8, "small", 2)
    try:
        ready = student.wait_for_cluster(made["id"], 600)
        seconds = time.monotonic() - began
        assert ready["status"] == "ready", ready["failure"]
        found = {name: held(node) for name, node in sorted(nodes(house, engine).items()) if name in NAMES}
        with capsys.disabled():
            print(f"\nready in {seconds:.1f} s; MB held: {found}")
        assert len(found) == len(NAMES)
        assert all(0 < megabytes < 1536 for megabytes in found.values())
    finally:
        student.delete_cluster(made["id"])
        gone = student.wait_for_cluster(made["id"], 300, ends=("deleted",))
    assert gone["status"] == "deleted"
    left = left_of(house.home, engine)
    assert (left["containers"], left["volumes"]) == ([], [])


def held(node: Node) -> int:
    rows = dict(line.split() for line in node.says("sh", "-c", MEMORY).splitlines())
    return next(int(rows[name]) for name in HELD if name in rows) >> 20
