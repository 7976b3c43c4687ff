"""Which program ends when a machine's memory does, and when that is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace

from cloudinit.slipway_node.memory import Process, heaviest, keep_some_left, read_process

SUPERVISOR, AGENT, DATANODE = 10, 11, 12
SERVICES = [
    Process(SUPERVISOR, 1, "python", 1, 20),
    Process(AGENT, SUPERVISOR, "python", 2, 30),
    Process(DATANODE, SUPERVISOR, "java", 3, 900),
]
JOB = Process(20, AGENT, "java", 4, 300)
HOG = Process(21, 20, "python", 5, 800)


def test_the_heaviest_ends_that_is_no_service() -> None:
    assert heaviest([*SERVICES, JOB, HOG], SUPERVISOR) == HOG
    assert heaviest([*SERVICES, JOB], SUPERVISOR) == JOB


def test_who_leaves_the_job_is_no_service_by_that() -> None:
    orphan = replace(HOG, parent=1)
    assert heaviest([*SERVICES, JOB, orphan], SUPERVISOR) == orphan


def test_services_alone_are_left_to_the_kernel() -> None:
    assert heaviest(SERVICES, SUPERVISOR) is None


def test_a_process_is_read_as_linux_tells_of_it() -> None:
    kept = "kept = bytearray(64 << 20); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", kept], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        found = read_process(child.pid)
        assert (found.parent, found.memory_mb >= 64) == (os.getpid(), True)
        assert found.name.startswith("python")
        assert found.started >= read_process(os.getpid()).started
        child.kill()


def watch(left: list[int], found: list[Process | None]) -> tuple[list[str], int]:
    """What is said where so much is left at each look, and how often somebody was to end."""
    stopping, said = threading.Event(), list[str]()
    looks, ends = iter(left), iter(found)
    asked = 0

    def look() -> int:
        mb = next(looks)
        if mb == left[-1]:
            stopping.set()
        return mb

    def end() -> Process | None:
        nonlocal asked
        asked += 1
        return next(ends)

    keep_some_left(4000, said.append, stopping, look, end)
    return said, asked


def test_nobody_ends_while_a_twentieth_is_left() -> None:
    assert watch([300, 200], []) == ([], 0)


def test_below_one_ends_at_each_look_and_is_named() -> None:
    said, asked = watch([300, 199, 50, 250], [HOG, None])
    assert said == ["199 of 4000 MB of memory were left: ended python (21), 800 MB"]
    assert asked == 2
