"""HDFS's disks for real: loop devices in the place of volumes, with this machine's own blkid, mkfs and mount."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloudinit.slipway_node.disks import Machine, mount_disks
from cloudinit.slipway_node.errors import StepError
from cloudinit.slipway_node.node import Node

VOLUMES = ("5b6c2f0e-71d4-4c0a-9a53-3f2f9f5a0c11", "0d1e9c44-2b7a-4f0e-8a10-6f1f0e5b7a22")
SECONDS = 60
# Where nobody may attach and mount disks, tests/unit/cloudinit/test_disks.py alone stands for it.
__test__ = os.geteuid() == 0 and Path("/dev/loop-control").exists()


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS).stdout.strip()


@dataclass
class Attached:
    """Two volumes as Nova attaches them, and the node that asks for them."""

    machine: Machine
    node: Node
    devices: list[str]

    def mount(self) -> None:
        mount_disks(self.node, time.monotonic() + SECONDS, lambda line: None, self.machine)

    def unmount(self) -> None:
        for folder in self.node.storage_folders:
            if folder.is_mount():
                run("umount", str(folder))

    def kinds(self) -> list[str]:
        found = [
            subprocess.run(
                ["blkid", "-p", "-o", "value", "-s", "TYPE", each], capture_output=True, text=True, check=False
            )
            for each in self.devices
        ]
        return [each.stdout.strip() for each in found]


@pytest.fixture
def attached(tmp_path: Path) -> Iterator[Attached]:
    by_id = tmp_path / "dev/disk/by-id"
    by_id.mkdir(parents=True)
    devices = []
    try:
        for volume in VOLUMES:
            image = tmp_path / volume
            image.touch()
            os.truncate(image, 64 * 1024 * 1024)
            devices.append(run("losetup", "--find", "--show", str(image)))
            (by_id / f"virtio-{volume[:20]}").symlink_to(devices[-1])
        made = Attached(Machine(tmp_path / "dev", tmp_path / "block"), node_of(tmp_path / "root"), devices)
        yield made
        made.unmount()
    finally:
        for device in devices:
            run("losetup", "--detach", device)


def node_of(root: Path) -> Node:
    return Node(
        root=root,
        embedded=False,
        bundle=Path("/nowhere"),
        run=root / "run",
        cluster_id="5b6c",
        domain="c1.slipway.internal",
        secret="0123456789abcdef",
        name="worker-01",
        role="worker",
        master="master",
        hosts={"master": "127.88.3.10", "worker-01": "127.88.3.11"},
        gateway="127.88.3.2",
        memory_mb=1536,
        vcpus=1,
        java=Path("/usr/bin/java"),
        storage="volumes",
        volumes=VOLUMES,
    )


def test_blank_volumes_get_a_file_system_and_what_is_written_outlives_a_reboot(attached: Attached) -> None:
    attached.mount()
    first, second = attached.node.storage_folders
    assert first.is_mount()
    assert second.is_mount()
    assert attached.kinds() == ["ext4", "ext4"]
    (first / "block").write_text("first")
    (second / "block").write_text("second")
    attached.mount()  # again, while all runs
    attached.unmount()
    assert not (first / "block").exists()
    attached.mount()
    assert [(folder / "block").read_text() for folder in (first, second)] == ["first", "second"]


def test_a_volume_that_holds_somebodys_data_stays_as_it_is(attached: Attached) -> None:
    run("mkswap", attached.devices[0])
    with pytest.raises(StepError, match="holds swap, so it stays as it is"):
        attached.mount()
    assert attached.kinds() == ["swap", ""]
