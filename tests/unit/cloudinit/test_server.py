"""What is different where a node has a server of its own: systemd's unit, a user, the machine's own /etc/hosts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloudinit.slipway_node import hosts, unit
from cloudinit.slipway_node.node import Node
from launcher.image.settle import TREE

UNIT_FILE = TREE / unit.FILE.relative_to("/")


def test_the_image_has_the_unit_that_the_node_program_looks_for() -> None:
    assert f"Environment={unit.OURS}=1" in UNIT_FILE.read_text()


@pytest.mark.parametrize(
    ("environment", "file", "running", "expected"),
    [
        ({}, True, True, True),
        ({unit.OURS: "1"}, True, True, False),
        ({"SLIPWAY_NODE_ROOT": "/srv/node"}, True, True, False),
        ({}, False, True, False),
        ({}, True, False, False),
    ],
)
def test_the_unit_boots_the_node_where_there_is_one_and_we_are_not_it(
    tmp_path: Path, environment: dict[str, str], file: bool, running: bool, expected: bool
) -> None:
    here, missing = tmp_path, tmp_path / "missing"
    found = unit.boots_the_node(environment, UNIT_FILE if file else missing, here if running else missing)
    assert found is expected


def test_who_may_write_the_file_of_names_but_none_beside_it_writes_it(
    master: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = replace(master, embedded=False)
    file = node.path("/etc/hosts")
    file.parent.mkdir(parents=True)
    file.write_text("127.0.0.1 localhost\n")

    def refused(*_: object) -> bool:
        raise PermissionError("the folder is root's")

    monkeypatch.setattr(hosts, "write_file", refused)  # as for root there is no folder that is closed
    hosts.write_hosts(node)
    assert file.read_text().startswith("127.0.0.1 localhost\n")
    assert "127.88.3.11 worker-01.c1.slipway.internal worker-01\n" in file.read_text()
