"""The disks of HDFS: which one is taken, what is done with it, and what is never formatted."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cloudinit.slipway_node import disks
from cloudinit.slipway_node.disks import LABEL, Machine, ephemeral_disk, find_volume, mount_disks, prepare
from cloudinit.slipway_node.errors import StepError
from cloudinit.slipway_node.node import Node

VOLUME = "5b6c2f0e-71d4-4c0a-9a53-3f2f9f5a0c11"
OTHER = "5b6c2f0e-71d4-4c0a-0000-3f2f9f5a0c11"
# Each writes its name and arguments down; blkid says what stands in the file NAME.blkid beside the disk, or nothing.
RECORD = '#!/bin/sh\necho "$(basename "$0") $*" >> "$(dirname "$0")/calls"\n'
BLKID = 'for last; do :; done\n[ -s "$(readlink -f "$last").blkid" ] && cat "$(readlink -f "$last").blkid" || exit 2\n'


class Rack:
    """A machine's folders of devices, as udev and the kernel fill them; a disk is a file."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder / "dev", folder / "block", folder / "fstab")
        self.programs = folder / "bin"
        for place in (self.machine.dev / "disk/by-id", self.machine.dev / "disk/by-label", self.machine.blocks):
            place.mkdir(parents=True)
        self.programs.mkdir()
        for name, text in {"mount": "", "umount": "", "mkfs.ext4": "", "blkid": BLKID}.items():
            (self.programs / name).write_text(RECORD + text)
            (self.programs / name).chmod(0o755)

    def add(self, name: str, content: str = "", serial: str = "", label: str = "", **flags: str) -> Path:
        disk = self.machine.dev / name
        disk.write_bytes(b"\0" * 16)
        disk.with_name(f"{name}.blkid").write_text(content)
        block = self.machine.blocks / name
        (block / "holders").mkdir(parents=True)
        for flag, value in ({"ro": "0", "removable": "0", "size": "2048"} | flags).items():
            (block / flag).write_text(f"{value}\n")
        for folder, link in (("by-id", serial), ("by-label", label)):
            if link:
                (self.machine.dev / "disk" / folder / link).symlink_to(disk)
        return disk

    def calls(self, program: str) -> list[str]:
        calls = self.programs / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{program} ")]


@pytest.fixture
def rack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rack:
    made = Rack(tmp_path / "rack")
    monkeypatch.setenv("PATH", f"{made.programs}:/usr/bin:/bin")
    return made


def own_server(node: Node, storage: str, *volumes: str) -> Node:
    return replace(node, embedded=False, storage=storage, volumes=volumes)


def mount(node: Node, rack: Rack, seconds: float = 5) -> list[str]:
    said: list[str] = []
    mount_disks(node, time.monotonic() + seconds, said.append, rack.machine)
    return said


@pytest.mark.parametrize(
    "serial",
    [
        f"virtio-{VOLUME[:20]}",
        f"scsi-0QEMU_QEMU_HARDDISK_{VOLUME}",
        f"ata-QEMU_HARDDISK_{VOLUME[:20]}",
        f"nvme-QEMU_NVMe_Ctrl_{VOLUME[:20]}",
    ],
)
def test_it_finds_a_volume_by_the_serial_that_nova_gives_it(rack: Rack, serial: str) -> None:
    rack.add("vdb", serial=f"virtio-{OTHER[:20]}")
    rack.add("vdc1", serial=f"{serial}-part1")
    disk = rack.add("vdc", serial=serial)
    found = find_volume(rack.machine, VOLUME)
    assert found is not None
    assert found.resolve() == disk


def test_each_volume_has_a_folder_of_its_own_in_the_order_of_the_facts(worker: Node, rack: Rack) -> None:
    # Attached in another order than asked for, one blank and one used before.
    rack.add("vdb", "TYPE=ext4\n", serial=f"virtio-{OTHER[:20]}")
    rack.add("vdc", serial=f"virtio-{VOLUME[:20]}")
    node = own_server(worker, "volumes", VOLUME, OTHER)
    mount(node, rack)
    first, second = node.storage_folders
    by_id = rack.machine.dev / "disk/by-id"
    assert rack.calls("mkfs.ext4") == [f"-q -F -m 0 -L  {by_id}/virtio-{VOLUME[:20]}"]
    assert rack.calls("mount") == [
        f"-o noatime,nosuid,nodev {by_id}/virtio-{VOLUME[:20]} {first}",
        f"-o noatime,nosuid,nodev {by_id}/virtio-{OTHER[:20]} {second}",
    ]
    assert first.is_dir()
    assert second.is_dir()


def test_it_waits_for_a_volume_that_is_not_attached_yet_and_says_which(worker: Node, rack: Rack) -> None:
    rack.add("vda", serial="virtio-root")
    with pytest.raises(StepError, match=f"serial of the volume {VOLUME}.*There are: virtio-root"):
        mount(own_server(worker, "volumes", VOLUME), rack, seconds=0.5)
    assert rack.calls("mkfs.ext4") == []


@pytest.mark.parametrize("content", ["TYPE=LVM2_member\n", "PTTYPE=gpt\n", "TYPE=swap\n", "VERSION=1\n", "TYPE=vfat\n"])
def test_it_formats_no_volume_that_holds_anything(worker: Node, rack: Rack, content: str) -> None:
    rack.add("vdb", content, serial=f"virtio-{VOLUME[:20]}")
    with pytest.raises(StepError, match="so it stays as it is"):
        mount(own_server(worker, "volumes", VOLUME), rack)
    assert rack.calls("mkfs.ext4") == rack.calls("mount") == []


def test_it_formats_no_disk_that_cannot_be_read(rack: Rack) -> None:
    with pytest.raises(StepError, match="cannot be read"):
        prepare(rack.machine.dev / "vdz", "the volume x")
    assert rack.calls("mkfs.ext4") == []


def test_it_knows_the_ephemeral_disk_by_its_label(rack: Rack) -> None:
    rack.add("vdb")
    disk = rack.add("vdc", "TYPE=ext4\n", label=LABEL)
    assert ephemeral_disk(rack.machine).resolve() == disk


def test_it_knows_the_ephemeral_disk_by_where_cloud_init_has_mounted_it(
    rack: Rack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disks, "own_mountinfo", lambda: "36 35 98:0 / /mnt rw - ext4 /dev/vdb rw\n")
    rack.machine.fstab.write_text("/dev/vdb /mnt auto defaults,nofail,comment=cloudconfig 0 2\n")
    assert ephemeral_disk(rack.machine) == Path("/dev/vdb")


def test_a_disk_that_a_site_has_mounted_there_is_none_of_ours(rack: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "own_mountinfo", lambda: "36 35 98:0 / /mnt rw - ext4 /dev/vdb rw\n")
    rack.machine.fstab.write_text("UUID=1 / ext4 defaults 0 1\n/dev/vdb /mnt ext4 defaults 0 2\n")
    with pytest.raises(StepError, match="no disk is blank"):
        ephemeral_disk(rack.machine)


def test_a_disk_that_never_answers_ends_the_step_with_words(rack: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
    rack.add("vdb")
    (rack.programs / "blkid").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(disks, "SECONDS", 0.2)
    with pytest.raises(StepError, match=r"vdb\) cannot be read"):
        ephemeral_disk(rack.machine)


def test_else_the_ephemeral_disk_is_the_one_that_is_blank_and_part_of_nothing(rack: Rack) -> None:
    rack.add("vda", "PTTYPE=gpt\n")
    (rack.machine.blocks / "vda/vda1").mkdir()
    (rack.machine.blocks / "vda/vda1/partition").write_text("1\n")
    rack.add("vdb", "TYPE=iso9660\n")
    rack.add("vdc", ro="1")
    rack.add("sda", removable="1")
    rack.add("vdd", size="0")
    rack.add("vde")
    (rack.machine.blocks / "vde/holders/dm-0").touch()
    rack.add("loop0")
    rack.add("vdf")
    (rack.machine.dev / "vdf").unlink()  # the kernel shows it to a container, which has it not
    disk = rack.add("vdg")
    assert ephemeral_disk(rack.machine) == disk


@pytest.mark.parametrize(("names", "words"), [((), "no disk is blank"), (("vdb", "vdc"), "several disks are blank")])
def test_it_does_not_guess_which_disk_is_the_ephemeral_one(rack: Rack, names: tuple[str, ...], words: str) -> None:
    for name in names:
        rack.add(name)
    with pytest.raises(StepError, match=f"{words}.*choose a flavor"):
        ephemeral_disk(rack.machine)


def test_it_gives_a_blank_ephemeral_disk_the_label_that_the_next_boot_finds_it_by(worker: Node, rack: Rack) -> None:
    disk = rack.add("vdb")
    node = own_server(worker, "ephemeral")
    mount(node, rack)
    assert rack.calls("mkfs.ext4") == [f"-q -F -m 0 -L {LABEL} {disk}"]
    assert rack.calls("mount") == [f"-o noatime,nosuid,nodev {disk} {node.storage_folders[0]}"]


def test_it_puts_a_better_file_system_in_the_place_of_novas_empty_one(
    worker: Node, rack: Rack, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = rack.add("vdb", f"LABEL={LABEL.upper()}\nTYPE=vfat\n", label=LABEL.upper())
    monkeypatch.setattr(disks, "_source_of", lambda folder: disk if folder == Path("/mnt") else None)
    mount(own_server(worker, "ephemeral"), rack)
    assert rack.calls("umount") == ["/mnt"]
    assert len(rack.calls("mkfs.ext4")) == 1


def test_it_leaves_alone_what_is_mounted_already(worker: Node, rack: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
    node = own_server(worker, "volumes", VOLUME)
    line = f"36 35 98:0 / {node.storage_folders[0]} rw - ext4 /dev/vdb rw\n"
    monkeypatch.setattr(disks, "own_mountinfo", lambda: line)
    assert mount(node, rack) == []
    assert not (rack.programs / "calls").exists()


def test_the_root_disk_needs_nothing_done(worker: Node, rack: Rack) -> None:
    assert mount(replace(worker, embedded=False), rack) == []
    assert not (rack.programs / "calls").exists()


def test_an_embedded_server_touches_no_disk_of_its_machine(worker: Node, rack: Rack) -> None:
    rack.add("vdb")
    with pytest.raises(StepError, match="embedded server has no disks"):
        mount(replace(worker, storage="ephemeral"), rack)
    assert not (rack.programs / "calls").exists()
