"""Processes are known by pid and start, and ended exactly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import processes
from launcher.processes import Identity

WAIT_FOR_EVER = "import signal; print('ready', flush=True); signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\nwhile 1: signal.pause()"
)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    yield from _child(WAIT_FOR_EVER)


@pytest.fixture
def deaf_child() -> Iterator[subprocess.Popen[bytes]]:
    yield from _child(DEAF)


def _child(code: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def identity_of(process: subprocess.Popen[bytes]) -> Identity:
    found = processes.identify(process.pid)
    assert found is not None
    return found


def test_it_takes_neither_a_zombie_nor_a_reused_pid_for_alive(child: subprocess.Popen[bytes]) -> None:
    living = identity_of(child)
    assert processes.alive(living)
    assert not processes.alive(Identity(living.pid, living.started - 1))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.alive(living)


def test_it_ends_a_process_that_does_as_it_is_told(child: subprocess.Popen[bytes]) -> None:
    assert processes.stop([identity_of(child)], 10) == []
    assert child.wait(5) == -signal.SIGTERM


def test_it_kills_a_process_that_does_not(deaf_child: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    assert processes.stop([identity_of(deaf_child)], 0.2) == []
    assert deaf_child.wait(5) == -signal.SIGKILL
    assert time.monotonic() - began < 5


def test_it_never_signals_who_was_given_the_pid_later(child: subprocess.Popen[bytes]) -> None:
    living = identity_of(child)
    processes.stop([Identity(living.pid, living.started - 1)], 0.1)
    assert child.poll() is None


def test_it_reports_who_is_still_there(child: subprocess.Popen[bytes]) -> None:
    living = identity_of(child)
    assert processes.wait_gone([living, Identity(2**22 + 1, 1)], 0.05) == [living]


def test_it_forgets_a_note_of_a_process_that_is_gone(tmp_path: Path) -> None:
    note = tmp_path / "web.json"
    processes.note_running(note, "mark")
    running = processes.read_running(note)
    assert running is not None
    assert (running.identity.pid, running.fingerprint) == (os.getpid(), "mark")
    content = json.loads(note.read_text())
    note.write_text(json.dumps({**content, "started": content["started"] + 1}))
    assert processes.read_running(note) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "started": 1}'])
def test_it_takes_a_damaged_note_for_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "note").write_text(content)
    assert processes.read_running(tmp_path / "note") is None


@pytest.mark.parametrize(
    ("environ", "cwd", "expected"),
    [
        (b"A=1\0SLIPWAY_SERVICE_OF=/h\0", "/", True),
        (b"SLIPWAY_SERVICE_OF=/h2\0", "/", False),
        (b"SLIPWAY_NODE_ROOT=/h/minicloud/servers/1/root\0", "/", True),
        (b"SLIPWAY_NODE_ROOT=/h2/minicloud/servers/1/root\0", "/", False),
        (b"XSLIPWAY_SERVICE_OF=/h\0", "/", False),
        (b"", "/h/postgres", True),
        (b"", "/h/postgres2", False),
    ],
)
def test_it_knows_its_homes_processes_from_those_of_others(environ: bytes, cwd: str, expected: bool) -> None:
    assert processes.belongs(environ, cwd, Path("/h"), Path("/h/postgres")) is expected


def test_it_finds_a_process_of_a_home_by_its_mark(tmp_path: Path) -> None:
    marked = {**os.environ, processes.HOME_VARIABLE: str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", WAIT_FOR_EVER], stdout=subprocess.PIPE, env=marked) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [one.pid for one in processes.of_home(tmp_path, tmp_path / "postgres")] == [process.pid]
        process.kill()
    assert processes.of_home(tmp_path, tmp_path / "postgres") == []


def test_it_takes_a_note_of_another_boot_for_nobodys(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    path = tmp_path / "web.json"
    processes.note(path, identity_of(child), "f")
    assert processes.read_running(path) == processes.Running(identity_of(child), "f")
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "another"}))
    assert processes.read_running(path) is None
