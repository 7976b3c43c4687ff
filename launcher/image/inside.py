"""Programs that run in the image. What the kernel gives them is mounted in a mount namespace of each one's own.

So nothing is ever mounted where the builder's programs see it, and nothing is left when a build is killed: the end of
a program is the end of its mounts. No device of this machine is shown but those that are nobody's.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from launcher.image.programs import run
from launcher.problem import Problem

PRIVATE = ("unshare", "--mount", "--propagation", "private")
SCRIPT = """\
set -e
root=$1
shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
exec chroot "$root" "$@"
"""


def run_inside(root: Path, command: Sequence[str], **more: str) -> str:
    """Run a program in the image to its end; its output. Problem with its last lines where it fails."""
    return run([*PRIVATE, "sh", "-c", SCRIPT, "sh", str(root), *command], f"{command[0]} in the image", **more)


@contextlib.contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder that is removed at the end, unless something is mounted below it, which would be emptied with it."""
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=".slipway-image-")).resolve()
    try:
        yield folder
    finally:
        remove(folder, Path("/proc/self/mountinfo").read_text(encoding="utf-8"))


def remove(folder: Path, mountinfo: str) -> None:
    """Remove the tree. Problem where something is mounted in it, by a /proc/PID/mountinfo."""
    if found := mounted_in(folder, mountinfo):
        raise Problem(
            f"{folder} is not removed",
            f"what is mounted in it would be emptied too: {', '.join(map(str, found))}",
            f"`umount` each, then remove {folder}",
        )
    shutil.rmtree(folder)


def mounted_in(folder: Path, mountinfo: str) -> list[Path]:
    """What is mounted at the folder or below it; the kernel writes blanks and the like as octal numbers."""
    fields = [line.split(" ") for line in mountinfo.splitlines()]
    places = [Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), one[4])) for one in fields]
    return [place for place in places if place.is_relative_to(folder)]
