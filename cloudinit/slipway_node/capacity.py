"""How much memory and how many processors this machine has for us: a container sees its host's, but has its bounds."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

CONTROLLERS = {"memory": ("memory.max", "memory.limit_in_bytes"), "cpu": ("cpu.max", "cpu.cfs_quota_us")}
MEBIBYTE = 1024 * 1024


def memory_mb(root: Path = Path("/")) -> int:
    """The machine's memory, or the narrowest bound that a control group on the way to us sets. 0 where nobody says."""
    known = [_total_mb(root)]
    known += [int(limit) // MEBIBYTE for limit in _limits(root, "memory") if limit.isdigit()]
    return min((figure for figure in known if figure), default=0)


def vcpus(root: Path = Path("/")) -> int:
    """The processors that we may run on, or the narrowest share of their time, rounded up."""
    shares = [share for limit in _limits(root, "cpu") if (share := _share(limit)) > 0]
    return max(1, min([len(os.sched_getaffinity(0)), *map(math.ceil, shares)]))


def _total_mb(root: Path) -> int:
    for line in (root / "proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 0


def _share(limit: str) -> float:
    """Of "QUOTA PERIOD" in microseconds; 0 where there is no bound."""
    quota, _, period = limit.partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else 0.0


def _limits(root: Path, controller: str) -> Iterator[str]:
    """What the groups say that hold us, of either version of control groups."""
    newer, older = CONTROLLERS[controller]
    for mount, path in _groups(root, controller):
        for folder in (mount / path, *(mount / path).parents):
            if not folder.is_relative_to(mount):
                break
            if text := _text(folder / newer):
                yield text
            elif text := _text(folder / older):
                yield text if controller == "memory" else f"{text} {_text(folder / 'cpu.cfs_period_us')}"


def _groups(root: Path, controller: str) -> Iterator[tuple[Path, str]]:
    base = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield base, path.lstrip("/")
        elif controller in controllers.split(","):
            yield base / (controllers if (base / controllers).exists() else controller), path.lstrip("/")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""
