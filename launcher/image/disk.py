"""From a root file system to the file that Glance takes."""

from __future__ import annotations

import shutil
from pathlib import Path

from launcher.image.programs import run
from launcher.image.root import megabytes

# Nova grows the file system to the flavor's disk; so much is free before.
SPARE_MB, OVERHEAD = 64, 1.12
# Fixed: two builds of the same files are the same bytes. The label is how the boot loader finds it.
UUID = "5c1b7a2e-0d5b-4b8e-9a52-5157a7e0c1a5"
LABEL = "slipway"
FORMATS = ("raw", "qcow2")


def file_system(root: Path, target: Path, epoch: int) -> None:
    """One ext4 file system of the tree, without a partition table: what a container's driver mounts."""
    size = int(megabytes(root) * OVERHEAD) + SPARE_MB
    with target.open("wb") as file:
        file.truncate(size * 1024 * 1024)
    fixed = ["-U", UUID, "-L", LABEL, "-E", f"hash_seed={UUID},root_owner=0:0"]
    features = ["-O", "^metadata_csum_seed,^orphan_file"] if _knows("orphan_file") else []
    command = ["mkfs.ext4", "-q", "-F", "-m", "1", *fixed, *features, "-d", str(root), str(target)]
    run(command, "mkfs.ext4", E2FSPROGS_FAKE_TIME=str(epoch), SOURCE_DATE_EPOCH=str(epoch))


def convert(raw: Path, target: Path, form: str) -> None:
    """The raw file as `form` at `target`; the raw one is gone then."""
    if form == "raw":
        shutil.move(raw, target)
        return
    run(["qemu-img", "convert", "-c", "-f", "raw", "-O", form, str(raw), str(target)], "qemu-img")
    raw.unlink()


def _knows(feature: str) -> bool:
    """Older kernels refuse what the newest mkfs.ext4 makes by default."""
    return feature in Path("/etc/mke2fs.conf").read_text(encoding="utf-8")
