"""The first process of a server, run for real in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minicloud import init
from minicloud.processes import MARKER, snapshot


class Server:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.console = folder / "console.log"
        self.mark = folder.name

    def start(self, runcmd: list[Any], files: list[dict[str, Any]] | None = None) -> str:
        plan = {
            "uid": None,
            "root": str(self.root),
            "shares": None,
            "bundle": "/usr",
            "write_files": files or [],
            "runcmd": runcmd,
            "environment": {"PATH": os.environ["PATH"], "COLOUR": "blue", MARKER: self.mark},
        }
        reader, writer = os.pipe()
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", init.__file__, str(writer)],
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=console,
                pass_fds=(writer,),
                start_new_session=True,
            )
        os.close(writer)
        assert self.process.stdin is not None
        with self.process.stdin:
            self.process.stdin.write(json.dumps(plan).encode())
        with os.fdopen(reader) as answers:
            return answers.read().strip()

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 20
        while text not in self.console.read_text():
            assert time.monotonic() < deadline, self.console.read_text()
            time.sleep(0.02)

    def left(self) -> list[int]:
        return [process.pid for process in snapshot() if process.server == self.mark]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    yield found
    found.process.kill()
    found.process.wait()
    for pid in found.left():
        os.kill(pid, signal.SIGKILL)


def test_it_writes_files_below_the_root_and_runs_commands_in_it(server: Server) -> None:
    files = [{"path": "/etc/deep/facts", "content": "é\n", "permissions": 0o600}]
    assert server.start([["/bin/sh", "-c", "echo $COLOUR > out"], "pwd > where"], files) == "ready"
    server.wait_for("user data carried out")
    assert (server.root / "etc/deep/facts").read_text() == "é\n"
    assert (server.root / "etc/deep/facts").stat().st_mode & 0o777 == 0o600
    assert (server.root / "out").read_text() == "blue\n"
    assert (server.root / "where").read_text().strip() == str(server.root)
    assert (server.root / "opt/slipway").readlink() == Path("/usr")


def test_it_goes_on_after_a_command_that_fails_or_is_not_there(server: Server) -> None:
    assert server.start(["exit 3", ["/no/such/program"], "touch after"]) == "ready"
    server.wait_for("user data carried out")
    assert (server.root / "after").exists()
    console = server.console.read_text()
    assert "command 1 ended with 3" in console
    assert "command 2 cannot be run" in console


def test_it_says_why_it_cannot_begin(server: Server) -> None:
    (server.root / "etc").write_text("in the way")
    assert server.start([]).startswith("failed: ")
    assert server.process.wait(10) == 1


def test_it_ends_what_its_programs_left_behind_when_told_to(server: Server) -> None:
    command = "(setsid sh -c 'sleep 600 & sleep 601' &)"
    assert server.start([command]) == "ready"
    server.wait_for("user data carried out")
    deadline = time.monotonic() + 20
    while len(server.left()) < 3:  # the command does not wait for them
        assert time.monotonic() < deadline
        time.sleep(0.02)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert server.left() == []
    assert "stopped" in server.console.read_text()


def test_it_can_be_told_to_end_in_the_middle_of_a_command(server: Server) -> None:
    assert server.start(["echo begun; sleep 600", "touch never"]) == "ready"
    server.wait_for("begun")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert not (server.root / "never").exists()
    assert server.left() == []


def test_a_program_of_the_server_comes_before_the_machines(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").touch()
    assert init.argv_of(tmp_path, ["/bin/sh", "/bin/sh"]) == [str(tmp_path / "bin/sh"), "/bin/sh"]
    assert init.argv_of(tmp_path, ["/bin/echo"]) == ["/bin/echo"]
    assert init.argv_of(tmp_path, ["echo"]) == ["echo"]
    assert init.argv_of(tmp_path, "echo a b") == ["/bin/sh", "-c", "echo a b"]


def test_its_programs_are_the_first_to_be_killed_where_memory_ends(server: Server) -> None:
    assert server.start(["cat /proc/self/oom_score_adj > score"]) == "ready"
    server.wait_for("user data carried out")
    own = int(Path("/proc/self/oom_score_adj").read_text())
    assert int((server.root / "score").read_text()) == max(own, init.FIRST_TO_BE_KILLED)
