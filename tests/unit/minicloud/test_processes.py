"""Which processes are a server's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from minicloud import processes
from minicloud.errors import MinicloudError
from minicloud.processes import MARKER, Process, free_uid, of_server


def process(pid: int, parent: int = 1, uid: int = 0, server: str | None = None, started: int = 5) -> Process:
    return Process(pid, parent, uid, started, server, 0)


def pids(found: list[Process]) -> list[int]:
    return sorted(each.pid for each in found)


def test_marked_processes_are_the_servers_whoever_their_parent_is() -> None:
    everything = [process(10, server="a"), process(11, server="b"), process(12)]
    assert pids(of_server(everything, "a", None, None)) == [10]


def test_what_descends_from_them_is_the_servers_too() -> None:
    everything = [process(10, server="a"), process(11, parent=10), process(12, parent=11), process(13, parent=99)]
    assert pids(of_server(everything, "a", None, None)) == [10, 11, 12]


def test_an_unmarked_process_under_its_uid_is_the_servers_but_never_one_with_another_mark() -> None:
    everything = [process(10, uid=61001), process(11, uid=61001, server="b"), process(12, uid=61002)]
    assert pids(of_server(everything, "a", 61001, None)) == [10]


def test_its_init_counts_only_with_its_start_time() -> None:
    everything = [process(10, started=5), process(11, parent=10)]
    assert pids(of_server(everything, "a", None, (10, 5))) == [10, 11]
    assert of_server(everything, "a", None, (10, 6)) == []


def test_a_uid_is_free_when_neither_the_home_nor_the_machine_has_it() -> None:
    running = [process(10, uid=61002)]
    assert free_uid(61000, {61001}, running, None) == 61003
    assert free_uid(61000, {61001}, running, 61050) == 61050
    assert free_uid(61000, {61001}, running, 61002) == 61003
    with pytest.raises(MinicloudError, match="all user ids"):
        free_uid(61000, range(61000, 65001), [], None)


def test_it_sees_a_real_process_and_kills_exactly_that() -> None:
    child = subprocess.Popen(["sleep", "60"], env=dict(os.environ, **{MARKER: "unit-test"}))
    try:
        found = next(each for each in processes.snapshot() if each.pid == child.pid)
        assert (found.server, found.parent, found.uid) == ("unit-test", os.getpid(), os.getuid())
        assert found.started == processes.start_time(child.pid)
        older = Process(found.pid, found.parent, found.uid, found.started - 1, found.server, 0)
        processes.kill(older, signal.SIGKILL)
        assert child.poll() is None
        processes.kill(found, signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL
        assert processes.start_time(child.pid) is None
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(
    "name", [b"\fUid:", b"\rUid:\t4711", b"\nUid:\t4711", b"Uid:\t4711", b"a) Z 1", b"\xff\xc2\x85"]
)
def test_a_process_cannot_hide_or_pretend_by_the_name_that_it_gives_itself(name: bytes) -> None:
    script = f"open('/proc/self/comm', 'wb').write({name!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"\n"
        found = next(each for each in processes.snapshot() if each.pid == child.pid)
        assert (found.uid, found.parent) == (os.getuid(), os.getpid())
        child.kill()
