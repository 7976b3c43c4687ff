"""May a server of this size start now? The rule, and where its figures come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minicloud.catalogue import FLAVORS, Flavor

CGROUP = Path("/sys/fs/cgroup")
# A cgroup without a limit says "max" or, in version 1, a number near 2^63.
NO_LIMIT = 1 << 60


@dataclass(frozen=True)
class Memory:
    """All figures in MB. `promised`: what servers that exist may still take beyond what they use now."""

    total: int
    available: int
    promised: int

    @property
    def free(self) -> int:
        return max(0, self.available - self.promised)


def refusal(wanted: list[Flavor], memory: Memory) -> str | None:
    """Why these servers cannot all start now; None where they can."""
    needed = sum(flavor.memory_mb for flavor in wanted)
    if needed <= memory.free:
        return None
    sizes = " + ".join(f"{flavor.name} {flavor.memory_mb}" for flavor in wanted)
    return (
        f"Not enough memory: {needed} MB are needed ({sizes}), {memory.free} MB are free on this machine "
        f"({memory.available} MB available, {memory.promised} MB of them promised to other servers). "
        "Take a smaller flavor or fewer servers, or delete servers that are no longer needed."
    )


def never_fits(flavor: Flavor, total: int) -> str | None:
    """Why a server of this flavor can never run here; None where it can."""
    if flavor.memory_mb <= total:
        return None
    fitting = [each.name for each in FLAVORS if each.memory_mb <= total]
    return f"Flavor {flavor.name} needs {flavor.memory_mb} MB of memory and this machine has {total} MB in all; " + (
        f"take {' or '.join(fitting)}" if fitting else "no flavor fits it"
    )


def promised(servers: list[tuple[int, int]]) -> int:
    """What servers may still take: (flavor's memory, memory in use now) of each, in MB."""
    return sum(max(0, flavor - used) for flavor, used in servers)


def read(servers: list[tuple[int, int]]) -> Memory:
    """The machine's figures now, the cgroup's limit included. `servers`: see `promised`."""
    facts = _meminfo(Path("/proc/meminfo").read_text(encoding="ascii"))
    total, available = facts["MemTotal"] // 1024, facts["MemAvailable"] // 1024
    limit, used = _cgroup(CGROUP)
    if limit is not None:
        total = min(total, limit >> 20)
        available = min(available, max(0, limit - used) >> 20)
    return Memory(total, available, promised(servers))


def _meminfo(text: str) -> dict[str, int]:
    """Field -> KiB."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name: int(rest.split()[0]) for name, rest in pairs}


def _cgroup(top: Path) -> tuple[int | None, int]:
    """(limit, in use without file cache that can be dropped) in bytes of the cgroup at `top`."""
    layouts = (
        (top / "memory.max", top / "memory.current", top / "memory.stat", "inactive_file"),
        (
            top / "memory/memory.limit_in_bytes",
            top / "memory/memory.usage_in_bytes",
            top / "memory/memory.stat",
            "total_inactive_file",
        ),
    )
    for limit_file, used_file, stat_file, droppable in layouts:
        try:
            limit = limit_file.read_text(encoding="ascii").strip()
            if limit == "max" or int(limit) >= NO_LIMIT:
                return None, 0
            used = int(used_file.read_text(encoding="ascii"))
            stat = dict(line.split() for line in stat_file.read_text(encoding="ascii").splitlines())
        except (OSError, ValueError):
            continue
        return int(limit), max(0, used - int(stat.get(droppable, 0)))
    return None, 0
