"""A node of a cluster of three, as the facts would make it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloudinit.slipway_node.node import Node


@pytest.fixture
def master(tmp_path: Path) -> Node:
    return Node(
        root=tmp_path / "root",
        embedded=True,
        bundle=tmp_path / "bundle",
        run=tmp_path / "run",
        cluster_id="5b6c",
        domain="c1.slipway.internal",
        secret="0123456789abcdef",
        name="master",
        role="master",
        master="master",
        hosts={"master": "127.88.3.10", "worker-01": "127.88.3.11", "worker-02": "127.88.3.12"},
        gateway="127.88.3.2",
        memory_mb=1536,
        vcpus=1,
        java=Path("/usr/bin/java"),
    )


@pytest.fixture
def worker(master: Node) -> Node:
    return replace(master, name="worker-01", role="worker")
