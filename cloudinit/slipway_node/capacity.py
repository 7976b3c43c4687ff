"""How much memory and how many processors this machine has for us, and what is left of the memory: a container sees its
host's, but has its bounds."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

MEBIBYTE = 1024 * 1024
UNBOUNDED = sys.maxsize
# What a control group says of its memory, in both versions.
MEMORY_BOUNDS = ("memory.max", "memory.limit_in_bytes")
MEMORY_USED = ("memory.current", "memory.usage_in_bytes")
# The kernel can take these back; the older version has the sums with all groups below under "total_".
FILES = ("inactive_file", "active_file")


def memory_mb(root: Path = Path("/")) -> int:
    """The machine's memory, or the narrowest bound that a control group on the way to us sets. 0 where nobody says."""
    known = [_machine_mb(root, "MemTotal"), *map(_bound_mb, _groups(root, "memory"))]
    return min(filter(None, known), default=0)


def memory_left_mb(root: Path = Path("/")) -> int:
    """What programs can still take until our memory ends; files that are kept in memory count as free.

    Where control groups bound us, as containers, it is what the tightest leaves: what others take of the machine is
    not ours to mend. Else it is the machine's. UNBOUNDED where nobody says.
    """
    total = _machine_mb(root, "MemTotal")
    groups = ((group, _bound_mb(group)) for group in _groups(root, "memory"))
    left = [_left_mb(group, bound) for group, bound in groups if 0 < bound <= total]
    return min(left, default=_machine_mb(root, "MemAvailable") or UNBOUNDED)


def vcpus(root: Path = Path("/")) -> int:
    """The processors that we may run on, or the narrowest share of their time, rounded up."""
    shares = [share for group in _groups(root, "cpu") if (share := _share(group)) > 0]
    return max(1, min([len(os.sched_getaffinity(0)), *map(math.ceil, shares)]))


def _machine_mb(root: Path, name: str) -> int:
    """0 where Linux does not say: in a container of libvirt's a program says it, and that may have ended."""
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) // 1024
    return 0


def _bound_mb(group: Path) -> int:
    """0 where there is none."""
    bound = _first(group, MEMORY_BOUNDS)
    return int(bound) // MEBIBYTE if bound.isdigit() else 0


def _left_mb(group: Path, bound: int) -> int:
    used = _first(group, MEMORY_USED)
    figures = dict(line.split() for line in _text(group / "memory.stat").splitlines())
    files = sum(int(figures.get(f"total_{name}", figures.get(name, 0))) for name in FILES)
    return bound - (int(used) - files) // MEBIBYTE if used else UNBOUNDED


def _share(group: Path) -> float:
    """Processors; 0 where there is no bound."""
    older = f"{_text(group / 'cpu.cfs_quota_us')} {_text(group / 'cpu.cfs_period_us')}"
    quota, _, period = (_text(group / "cpu.max") or older).partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else 0.0


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The control groups that hold us, of either version, from the innermost on."""
    for mount, path in _mounts(root, controller):
        for folder in (mount / path, *(mount / path).parents):
            if not folder.is_relative_to(mount):
                break
            yield folder


def _mounts(root: Path, controller: str) -> Iterator[tuple[Path, str]]:
    base = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield base, path.lstrip("/")
        elif controller in controllers.split(","):
            yield base / (controllers if (base / controllers).exists() else controller), path.lstrip("/")


def _first(group: Path, names: tuple[str, str]) -> str:
    return next((text for name in names if (text := _text(group / name))), "")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""
