"""The tool that moves files goes on running between jobs, and comes back when it has died."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from cloudinit.slipway_node import folder_tool as module
from cloudinit.slipway_node.folder_tool import FolderTool, FolderToolError
from cloudinit.slipway_node.job_process import JobStoppedError, Stop

# Answers with its own process id; "sleep" it never answers.
TOOL = """
import os, sys, time
for line in sys.stdin:
    words = line.rstrip().split("\\t")
    if words[0] == "sleep":
        time.sleep(600)
    if words[0] == "die":
        os._exit(7)
    print(os.getpid(), *words, sep="|")
    print('{"failed": "' + ("no room" if words[0] == "fail" else "") + '"}', flush=True)
"""


@pytest.fixture
def tool(tmp_path: Path) -> FolderTool:
    program = tmp_path / "tool.py"
    program.write_text(TOOL)
    return FolderTool([sys.executable, "-S", str(program)], {})


def pid_of(tool: FolderTool) -> int:
    (line,) = tool.copy(["put", "a b", "ü"], Stop())
    number, *words = line.decode().split("|")
    assert words == ["put", "a b", "ü"]
    return int(number)


def test_one_process_answers_call_after_call(tool: FolderTool) -> None:
    tool.start()
    assert pid_of(tool) == pid_of(tool)
    tool.close()


def test_it_comes_back_after_it_was_killed(tool: FolderTool) -> None:
    first = pid_of(tool)
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert pid_of(tool) != first
    tool.close()


def test_a_call_that_fails_says_why_and_the_process_stays(tool: FolderTool) -> None:
    first = pid_of(tool)
    with pytest.raises(FolderToolError, match="no room"):
        tool.copy(["fail"], Stop())
    assert pid_of(tool) == first
    tool.close()


def test_its_death_in_a_call_is_told(tool: FolderTool) -> None:
    with pytest.raises(FolderToolError, match="ended with 7; the agent's log has its words"):
        tool.copy(["die"], Stop())
    assert pid_of(tool)
    tool.close()


def test_a_stop_ends_the_call_and_the_process(tool: FolderTool) -> None:
    first = pid_of(tool)
    stop = Stop()
    threading.Timer(0.2, stop.set, ["Enough"]).start()
    with pytest.raises(JobStoppedError, match="Enough"):
        tool.copy(["sleep"], stop)
    assert not Path(f"/proc/{first}").exists()
    assert pid_of(tool) != first
    tool.close()


def test_a_call_has_an_end(tool: FolderTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COPY_SECONDS", 0.1)
    with pytest.raises(FolderToolError, match="not done after"):
        tool.copy(["sleep"], Stop())


def test_a_tool_that_is_not_there_is_no_copy() -> None:
    with pytest.raises(OSError, match="nonexistent"):
        FolderTool(["/nonexistent/java"], {}).copy(["put", "a", "b"], Stop())
