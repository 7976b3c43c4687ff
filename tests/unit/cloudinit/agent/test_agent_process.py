"""The agent as a process: signals, a second one beside it, and one that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cloudinit
from cloudinit.slipway_node.agent import SHUT_DOWN
from cloudinit.slipway_node.job_records import DIED

PROGRAM = """
import sys
from pathlib import Path
from cloudinit.slipway_node.agent import run_agent
from cloudinit.slipway_node.folder_tool import FolderTool
from cloudinit.slipway_node.jobs import JobTools
from cloudinit.slipway_node.portal import PortalClient

url, root, tool = sys.argv[1:]
tools = JobTools(
    lambda application, arguments, uri: ([sys.executable, str(application), *arguments], {}),
    FolderTool([sys.executable, tool], {}),
    lambda job_id: f"{root}/cluster/{job_id}",
)
sys.exit(run_agent(PortalClient(url, "9b0c.master.f00d"), tools, Path(root, "jobs")))
"""

LONG = "import os, time\nprint(os.getpid(), flush=True)\nfor _ in range(6000):\n    time.sleep(0.1)\n"

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start(portal: Any, folder_tool: Path, tmp_path: Path) -> Iterator[Start]:
    processes = []
    home = Path(cloudinit.__path__[0]).parent

    def run() -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", PROGRAM, portal.url, str(tmp_path), str(folder_tool)]
        environment = {**os.environ, "PYTHONPATH": str(home)}
        process = subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def _running(portal: Any, command: dict[str, Any]) -> int:
    """The process id that the job has printed."""
    portal.wait_for(lambda: portal.logs.get(command["job"]["id"], b"").endswith(b"\n"))
    return int(portal.logs[command["job"]["id"]])


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_idle(portal: Any, start: Start, number: int) -> None:
    process = start()
    portal.wait_for(lambda: "GET commands" in portal.calls)
    process.send_signal(number)
    began = time.monotonic()
    assert process.wait(10) == 0
    assert time.monotonic() - began < 3


def test_sigterm_stops_the_job_and_reports_it(portal: Any, start: Start) -> None:
    command = portal.submit(LONG)
    process = start()
    pid = _running(portal, command)
    process.send_signal(signal.SIGTERM)
    assert process.wait(12) == 0
    assert not _alive(pid)
    assert portal.result(command) == {"exit_code": None, "reason": SHUT_DOWN, "output": []}


def test_a_job_whose_agent_was_killed_is_ended_and_reported_by_the_next(
    portal: Any, start: Start, wait_until: Callable[..., None]
) -> None:
    command = portal.submit(LONG)
    first = start()
    pid = _running(portal, command)
    first.kill()
    first.wait(10)
    assert _alive(pid)
    portal.offer(command)
    start()
    assert portal.result(command) == {"exit_code": None, "reason": DIED, "output": []}
    wait_until(lambda: not _alive(pid))
    assert portal.calls.count(f"GET jobs/{command['job']['id']}/application") == 1


def test_a_second_agent_ends_and_says_why(portal: Any, start: Start) -> None:
    start()
    portal.wait_for(lambda: "GET commands" in portal.calls)
    second = start()
    _, errors = second.communicate(timeout=10)
    assert second.returncode == 1
    assert "another agent works in" in errors
