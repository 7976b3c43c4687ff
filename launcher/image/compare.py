"""What differs between two builds: `python -m launcher.image.compare ONE OTHER`, folders or images (as root)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from launcher.image import boot_loader
from launcher.image.programs import run

DESCRIBED = ("kind and mode", "owner", "time", "contents")


def differences(one: Path, other: Path) -> list[str]:
    """A line for each path of two trees that is not the same in both, and why."""
    left, right = described(one), described(other)
    lines = []
    for path in sorted(left.keys() | right.keys()):
        if path not in left or path not in right:
            lines.append(f"{path}: only in {one if path in left else other}")
            continue
        pairs = zip(DESCRIBED, left[path], right[path], strict=True)
        if found := [f"{what} {a} and {b}" for what, a, b in pairs if a != b]:
            lines.append(f"{path}: {'; '.join(found)}")
    return lines


def described(root: Path) -> dict[str, tuple[str, str, str, str]]:
    """Each path below a tree's root; what stands in DESCRIBED of it."""
    paths = [Path(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files)]
    return {str(path.relative_to(root)): _describe(path) for path in paths}


def _describe(path: Path) -> tuple[str, str, str, str]:
    status = path.lstat()
    time, contents = f"{status.st_mtime:.0f}", ""
    if path.is_symlink():
        time, contents = "", str(path.readlink())  # debugfs gives links the time at which it takes them out
    elif path.is_file():
        with path.open("rb") as file:
            contents = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return stat.filemode(status.st_mode), f"{status.st_uid}:{status.st_gid}", time, contents


@contextlib.contextmanager
def tree(place: Path) -> Iterator[Path]:
    """The folder itself, or what is in an image, taken out by debugfs: nothing is mounted."""
    if place.is_dir():
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="slipway-compare-") as folder:
        raw, root = Path(folder, "raw"), Path(folder, "root")
        root.mkdir()
        run(["qemu-img", "convert", "-O", "raw", str(place), str(raw)], f"qemu-img of {place}")
        run(["debugfs", "-R", f"rdump / {root}", file_system_of(raw)], f"debugfs of {place}")
        yield root


def file_system_of(raw: Path) -> str:
    """Where debugfs finds it: a machine's image is a disk, with the file system in its one partition."""
    with raw.open("rb") as file:
        is_disk = file.read(boot_loader.SECTOR)[-2:] == b"\x55\xaa"
    return f"{raw}?offset={boot_loader.START * boot_loader.SECTOR}" if is_disk else str(raw)


def main(one: str, other: str) -> int:
    """The exit status: 1 where something differs."""
    with tree(Path(one)) as left, tree(Path(other)) as right:
        lines = differences(left, right)
    print("\n".join(lines) or "nothing differs")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
