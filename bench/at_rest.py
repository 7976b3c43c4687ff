"""What the processes of a house hold and use while nobody asks anything of it, by service."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from bench.processor_time import of_home


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
    found = Usage(Counter(), defaultdict(float), defaultdict(float))
    for process, name in of_home(home):
        try:
            megabytes = _megabytes(process.pid)
        except OSError:
            continue  # it has ended
        found.processes[name] += 1
        found.megabytes[name] += megabytes
        found.seconds[name] += process.own + process.ended
    return found


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6
