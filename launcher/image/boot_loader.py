"""A disk that a virtual machine starts from: one partition, and GRUB before it. No device of this machine is used."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from launcher.image.disk import LABEL, UUID, file_system
from launcher.image.programs import run

PACKAGES = ("linux-image-cloud-amd64", "initramfs-tools")
FIRST_STAGE = Path("/usr/lib/grub/i386-pc/boot.img")  # Debian: grub-pc-bin
SECTOR, START = 512, 2048  # the partition begins after one MiB; before it there is room for GRUB
CODE = 440  # bytes of the first sector that are the boot loader's
MODULES = ("biosdisk", "part_msdos", "ext2", "linux", "configfile", "normal", "search", "search_label")
MENU = f"""\
set timeout=0
search --no-floppy --label {LABEL} --set=root
linux /vmlinuz root=LABEL={LABEL} rw console=tty0 console=ttyS0
initrd /initrd.img
boot
"""


def missing_packages() -> list[str]:
    """What Debian's packages are still wanted on this machine."""
    return [
        *([] if shutil.which("grub-mkimage") else ["grub-common"]),
        *([] if FIRST_STAGE.exists() else ["grub-pc-bin"]),
    ]


def configure(root: Path) -> None:
    """What the boot loader and the first program of the machine read."""
    (root / "boot/grub").mkdir(parents=True, exist_ok=True)
    (root / "boot/grub/grub.cfg").write_text(MENU, encoding="ascii")
    (root / "etc/fstab").write_text(f"LABEL={LABEL} / ext4 defaults 0 1\n", encoding="ascii")


def disk(root: Path, target: Path, epoch: int) -> None:
    """The tree as a whole disk."""
    partition, core = target.with_suffix(".partition"), target.with_suffix(".core")
    file_system(root, partition, epoch)
    early = target.with_suffix(".cfg")
    early.write_text("configfile (hd0,msdos1)/boot/grub/grub.cfg\n", encoding="ascii")
    where = ["-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-c", str(early), "-o", str(core)]
    run(["grub-mkimage", *where, *MODULES], "grub-mkimage")
    size = partition.stat().st_size
    with target.open("wb") as file:
        file.write(first_sector(FIRST_STAGE.read_bytes(), size // SECTOR))
        # GRUB's first stage reads the second from the next sectors, which is where it expects it by itself.
        file.write(core.read_bytes())
        file.truncate(START * SECTOR + size)
    copy = ["dd", f"if={partition}", f"of={target}", "bs=1M", f"seek={START * SECTOR // 2**20}"]
    run([*copy, "conv=notrunc,sparse", "status=none"], "dd")
    for leftover in (partition, core, early):
        leftover.unlink()


def first_sector(code: bytes, sectors: int) -> bytes:
    """The boot loader's first stage, and a table with one partition of Linux's that the firmware starts."""
    no_cylinders = b"\xfe\xff\xff"
    entry = b"\x80" + no_cylinders + b"\x83" + no_cylinders + struct.pack("<II", START, sectors)
    identity = bytes.fromhex(UUID[:8])
    return code[:CODE] + identity + bytes(2) + entry + bytes(48) + b"\x55\xaa"
