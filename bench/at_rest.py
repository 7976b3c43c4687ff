"""What the processes of a house hold and use while nobody asks anything of it, by service."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from tests.e2e.remains import processes_below

TICKS = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """By service: how many processes, their memory (PSS) and the processor seconds so far, ended children included."""

    processes: Counter[str]
    megabytes: defaultdict[str, float]
    seconds: defaultdict[str, float]


def at_rest(home: Path, seconds: int) -> tuple[float, float]:
    """The house's memory in MB and its share of one processor in percent, over so many seconds; prints a table."""
    began, before = time.monotonic(), usage(home)
    time.sleep(seconds)
    after, elapsed = usage(home), time.monotonic() - began
    # What ended in between went on to its parent.
    used = {name: 100 * (after.seconds[name] - before.seconds[name]) / elapsed for name in after.processes}
    print(f"at rest, {elapsed:.0f} s: {'service':16} processes   PSS MB   % of one processor")
    for name, megabytes in sorted(after.megabytes.items(), key=lambda item: -item[1]):
        print(f"{'':16} {name:16} {after.processes[name]:9} {megabytes:8.1f} {used[name]:8.2f}")
    return sum(after.megabytes.values()), sum(used.values())


def usage(home: Path) -> Usage:
    pids = {process.pid for process in processes_below(home)}
    notes = sorted((home / "running").glob("*.json"))
    services = {int(json.loads(note.read_text())["pid"]): note.stem for note in notes}
    found = Usage(Counter(), defaultdict(float), defaultdict(float))
    for pid in pids:
        try:
            name, megabytes, seconds = _service(pid, services), _megabytes(pid), _seconds(pid)
        except OSError:
            continue  # it has ended
        found.processes[name] += 1
        found.megabytes[name] += megabytes
        found.seconds[name] += seconds
    return found


def _service(pid: int, services: dict[int, str]) -> str:
    """The service that a process belongs to: its own, or that of the nearest parent that has one."""
    while pid > 1:
        if pid in services:
            return services[pid]
        pid = int(_fields(pid)[1])
    return "supervisor"


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def _seconds(pid: int) -> float:
    return sum(map(int, _fields(pid)[11:15])) / TICKS


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: behind the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
