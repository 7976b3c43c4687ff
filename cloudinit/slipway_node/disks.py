"""The disks that HDFS lies on where that is not the root disk: found, given a file system where blank, and mounted.

Nothing is written into the machine's fstab: each boot finds the disks anew. Only what blkid finds nothing on is
formatted, and Nova's ephemeral disk where Nova made an empty file system for Windows on it.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import StepError
from .mounts import mounted, own_mountinfo, run, unescape
from .node import Node
from .portal import Backoff

# Nova gives a disk its volume's id as its serial, of which virtio keeps so many characters.
SERIAL_LENGTH = 20
FILE_SYSTEMS = ("ext3", "ext4", "xfs")
# What Nova makes on an ephemeral disk where neither the image nor its own settings say anything better.
NOVAS = ("vfat", "ntfs")
LABEL = "ephemeral0"
CLOUD_INITS = Path("/mnt")
CLOUD_INITS_MARK = "comment=cloudconfig"  # in fstab
WHOLE_DISK = re.compile(r"(vd|sd|xvd)[a-z]+|nvme\d+n\d+")
NOTHING_FOUND = 2  # blkid's exit status
FORMAT_SECONDS = 600.0
SECONDS = 60.0


@dataclass(frozen=True)
class Machine:
    """Where a machine shows its disks."""

    dev: Path = Path("/dev")
    blocks: Path = Path("/sys/block")
    fstab: Path = Path("/etc/fstab")


def mount_disks(node: Node, end: float, say: Callable[[str], None], machine: Machine | None = None) -> None:
    """Mount the disks of the node's storage at `node.storage_folders`. StepError: one is not there, or not fit."""
    if node.storage == "root":
        return
    if node.embedded:
        raise StepError(f"an embedded server has no disks for the storage {node.storage!r}: choose 'root'")
    machine = machine or Machine()
    for number, folder in enumerate(node.storage_folders):
        if mounted(folder, own_mountinfo()):
            continue
        if node.storage == "volumes":
            disk = await_volume(machine, node.volumes[number], end, say)
            prepare(disk, f"the volume {node.volumes[number]}")
        else:
            disk = ephemeral_disk(machine)
            prepare(disk, "the ephemeral disk", LABEL)
        folder.mkdir(parents=True, exist_ok=True)
        if error := run(["mount", "-o", "noatime,nosuid,nodev", str(disk), str(folder)], SECONDS):
            raise StepError(f"{disk} could not be mounted at {folder}: {error}")
        say(f"mounts: {disk} at {folder}")


def await_volume(machine: Machine, volume: str, end: float, say: Callable[[str], None]) -> Path:
    """Wait until the volume is attached; its disk."""
    backoff = Backoff()
    told = False
    while (disk := find_volume(machine, volume)) is None:
        pause = backoff.pause()
        if time.monotonic() + pause > end:
            raise StepError(
                f"no disk of this node has the serial of the volume {volume}: is it attached? "
                f"There are: {', '.join(_serials(machine)) or 'none'}"
            )
        if not told:
            say(f"mounts: the volume {volume} is not attached yet")
            told = True
        time.sleep(pause)
    return disk


def find_volume(machine: Machine, volume: str) -> Path | None:
    """The disk with the volume's serial."""
    serial = volume[:SERIAL_LENGTH]
    return next((machine.dev / "disk/by-id" / name for name in _serials(machine) if serial in name), None)


def _serials(machine: Machine) -> list[str]:
    return sorted(link.name for link in machine.dev.glob("disk/by-id/*") if "-part" not in link.name)


def ephemeral_disk(machine: Machine) -> Path:
    """Nova's: by its label, by cloud-init's mount of it, or else the one blank disk that there is."""
    for link in machine.dev.glob("disk/by-label/*"):
        if link.name.lower() == LABEL:
            return link
    if (source := _source_of(CLOUD_INITS)) and _is_cloud_inits(machine):
        return source
    blank = [disk for disk in _unused(machine) if not _probed(disk, "a disk").kind]
    if len(blank) != 1:
        found = f"several disks are blank ({', '.join(map(str, blank))})" if blank else "no disk is blank"
        raise StepError(f"no disk has the label {LABEL}, and {found}: choose a flavor with one ephemeral disk")
    return blank[0]


def _is_cloud_inits(machine: Machine) -> bool:
    """Whether cloud-init has mounted what is at /mnt; a site's image may have a disk of its own there."""
    lines = machine.fstab.read_text(encoding="utf-8").splitlines() if machine.fstab.exists() else []
    entries = [line.split() for line in lines]
    return any(len(entry) > 3 and entry[1] == str(CLOUD_INITS) and CLOUD_INITS_MARK in entry[3] for entry in entries)


def _source_of(folder: Path) -> Path | None:
    """The disk that is mounted at a folder."""
    for line in own_mountinfo().split("\n"):
        fields = line.split(" ")
        if len(fields) > 4 and unescape(fields[4]) == str(folder):
            source = unescape(line.partition(" - ")[2].split(" ")[1])
            return Path(source) if source.startswith("/dev/") else None
    return None


def _unused(machine: Machine) -> list[Path]:
    """Whole disks that may be written, are there, have no partitions, and are part of nothing."""
    found = []
    for block in sorted(machine.blocks.iterdir()):
        disk = machine.dev / block.name
        free = not any(block.glob("*/partition")) and not any(block.glob("holders/*"))
        if WHOLE_DISK.fullmatch(block.name) and free and _flag(block, "ro") == _flag(block, "removable") == "0":
            found += [disk] if disk.exists() and _flag(block, "size") != "0" else []
    return found


def _flag(block: Path, name: str) -> str:
    return (block / name).read_text(encoding="ascii").strip()


@dataclass(frozen=True)
class Content:
    """What blkid finds on a disk: a file system's kind or another word for what there is; "" where it is blank."""

    kind: str
    label: str = ""


def probe(disk: Path) -> Content:
    """OSError: it cannot be read; TimeoutExpired: nor does it say so."""
    command = ["blkid", "-p", "-o", "export", str(disk)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if done.returncode == NOTHING_FOUND:
        # So it ends too where it cannot read.
        with disk.open("rb") as stream:
            stream.read(1)
        return Content("")
    tags = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return Content(tags.get("TYPE") or tags.get("PTTYPE") or "what blkid cannot tell", tags.get("LABEL", ""))


def prepare(disk: Path, name: str, label: str = "") -> None:
    """A file system on a blank disk; one that is there stays."""
    content = _probed(disk, name)
    if not content.kind:
        _format(disk, label)
    elif label and content.kind in NOVAS and content.label.lower() == label:
        # The server's own disk, new with it: nobody else has written there.
        if _source_of(CLOUD_INITS) == disk.resolve() and (error := run(["umount", str(CLOUD_INITS)], SECONDS)):
            raise StepError(f"{name} could not be taken from {CLOUD_INITS}: {error}")
        _format(disk, label)
    elif content.kind not in FILE_SYSTEMS:
        raise StepError(f"{name} ({disk}) holds {content.kind}, so it stays as it is: give the cluster a blank one")


def _probed(disk: Path, name: str) -> Content:
    try:
        return probe(disk)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepError(f"{name} ({disk}) cannot be read: {error}") from error


def _format(disk: Path, label: str) -> None:
    # No room kept for root: HDFS keeps its own. The rest of the inode tables is written later, while all runs.
    if error := run(["mkfs.ext4", "-q", "-F", "-m", "0", "-L", label, os.fspath(disk)], FORMAT_SECONDS):
        raise StepError(f"no file system could be made on {disk}: {error}")
