"""Ends a program that takes the last of this machine's memory, before the machine stands still.

A kernel without swap may, instead of ending one itself, take back what all programs have in memory of their files and
read it anew without end: seen for ten minutes on Nova's LXC driver, until the job's time was over.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import capacity
from .processes import end_if, own_processes

LEAST_LEFT = 0.05  # of the machine's memory
FILLED_MB = 4096.0  # a second: more than programs take that do nothing else
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """`memory_mb` is what it has in memory; `started`, in ticks of the machine, tells it from a later one of its id."""

    pid: int
    parent: int
    name: str
    started: int
    memory_mb: int


def end_heaviest() -> Process | None:
    """Kill the process of ours that has the most memory and is no service; which it was.

    Call it in a service of the node's supervisor.
    """
    found = heaviest(_processes(), os.getppid())
    return found if found and end_if(found.pid, lambda: read_process(found.pid).started == found.started) else None


def keep_some_left(
    memory_mb: int,
    say: Callable[[str], None],
    stopping: threading.Event,
    left_mb: Callable[[], int] = capacity.memory_left_mb,
    end: Callable[[], Process | None] = end_heaviest,
) -> None:
    """Look so often that nobody can take all of `memory_mb`, the machine's, in between, until `stopping` is set."""
    least = int(memory_mb * LEAST_LEFT)
    pause = SHORTEST_PAUSE
    while not stopping.wait(pause):
        left = left_mb()
        pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, (left - least) / FILLED_MB))
        if left >= least:
            continue
        ended = end()
        if ended:
            say(f"{left} of {memory_mb} MB of memory were left: ended {ended.name} ({ended.pid}), {ended.memory_mb} MB")
        else:
            pause = LONGEST_PAUSE


def heaviest(processes: Iterable[Process], supervisor: int) -> Process | None:
    """Which one is to end. Services are spared: the supervisor, and what it has started itself."""
    others = (process for process in processes if supervisor not in (process.pid, process.parent))
    return max(others, key=lambda process: process.memory_mb, default=None)


def read_process(pid: int) -> Process:
    """From its folder of /proc, see proc(5). OSError where there is no such process any more."""
    folder = Path("/proc") / str(pid)
    name, _, figures = (folder / "stat").read_text(errors="replace").partition("(")[2].rpartition(")")
    words, pages = figures.split(), int((folder / "statm").read_text().split()[1])
    return Process(
        pid=pid,
        parent=int(words[1]),
        name=name,
        started=int(words[19]),
        memory_mb=pages * PAGE_BYTES // capacity.MEBIBYTE,
    )


def _processes() -> Iterator[Process]:
    for pid in own_processes():
        with contextlib.suppress(OSError):
            yield read_process(pid)
