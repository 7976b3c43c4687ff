"""What the machine has for a node, as Linux says it in /proc and /sys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudinit.slipway_node import capacity


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    write(tmp_path, "proc/meminfo", "MemFree:  1 kB\nMemTotal:  8388608 kB\nMemAvailable:  4194304 kB\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_a_machine_of_its_own_has_all_its_memory(machine: Path) -> None:
    assert capacity.memory_mb(machine) == 8192


def test_a_container_has_what_its_group_allows(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "0::/\n")
    write(machine, "sys/fs/cgroup/memory.max", "2147483648\n")
    assert capacity.memory_mb(machine) == 2048


def test_a_group_above_ours_may_be_the_narrower_one(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "0::/machine/node\n")
    write(machine, "sys/fs/cgroup/machine/node/memory.max", "max\n")
    write(machine, "sys/fs/cgroup/machine/memory.max", "1073741824\n")
    assert capacity.memory_mb(machine) == 1024


def test_the_older_kind_of_groups_counts_too(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "5:memory:/libvirt\n4:cpu,cpuacct:/libvirt\n1:name=systemd:/\n0::/\n")
    write(machine, "sys/fs/cgroup/memory/libvirt/memory.limit_in_bytes", "536870912\n")
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(machine, "sys/fs/cgroup/cpu,cpuacct/libvirt/cpu.cfs_quota_us", "100000\n")
    write(machine, "sys/fs/cgroup/cpu,cpuacct/libvirt/cpu.cfs_period_us", "100000\n")
    assert (capacity.memory_mb(machine), capacity.vcpus(machine)) == (512, 1)


@pytest.mark.parametrize(("limit", "expected"), [("max 100000", None), ("50000 100000", 1), ("junk", None)])
def test_a_share_of_the_processors_is_rounded_up(machine: Path, limit: str, expected: int | None) -> None:
    write(machine, "proc/self/cgroup", "0::/\n")
    write(machine, "sys/fs/cgroup/cpu.max", f"{limit}\n")
    assert capacity.vcpus(machine) == (expected or len(os.sched_getaffinity(0)))


def test_of_a_machine_of_its_own_what_linux_says_is_left(machine: Path) -> None:
    assert capacity.memory_left_mb(machine) == 4096


def test_what_others_take_of_a_containers_machine_is_not_its_own(machine: Path) -> None:
    write(machine, "proc/meminfo", "MemTotal:  8388608 kB\nMemAvailable:  1024 kB\n")
    write(machine, "proc/self/cgroup", "0::/\n")
    write(machine, "sys/fs/cgroup/memory.max", "9223372036854771712")
    write(machine, "sys/fs/cgroup/memory.current", "1048576")
    assert capacity.memory_left_mb(machine) == 1
    write(machine, "sys/fs/cgroup/memory.max", "1073741824")
    assert capacity.memory_left_mb(machine) == 1023


def test_where_nobody_says_what_is_left_nothing_ends(tmp_path: Path) -> None:
    assert capacity.memory_left_mb(tmp_path) == capacity.UNBOUNDED
    write(tmp_path, "proc/meminfo", "MemTotal:  8388608 kB\n")
    assert capacity.memory_left_mb(tmp_path) == capacity.UNBOUNDED


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        (
            "0::/node\n",
            {
                "node/memory.max": "max",
                "node/memory.current": "1048576",
                "memory.max": "1073741824",
                "memory.current": "943718400",
                "memory.stat": "anon 1\ninactive_file 104857600\nactive_file 209715200\n",
            },
        ),
        (
            "5:memory:/node\n",
            {
                "memory/node/memory.limit_in_bytes": "1073741824",
                "memory/node/memory.usage_in_bytes": "943718400",
                "memory/node/memory.stat": "active_file 1\ntotal_inactive_file 104857600\ntotal_active_file 209715200",
            },
        ),
    ],
    ids=["newer", "older"],
)
def test_in_a_group_is_left_what_its_bound_and_its_files_leave(
    machine: Path, groups: str, files: dict[str, str]
) -> None:
    write(machine, "proc/self/cgroup", groups)
    for name, text in files.items():
        write(machine, f"sys/fs/cgroup/{name}", text)
    assert capacity.memory_left_mb(machine) == 1024 - 900 + 100 + 200
