"""Runs one command as a group of processes that can be stopped, and finds what a job has left behind."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import FileIO
from pathlib import Path
from typing import IO

from .processes import end_if, own_processes

GRACE_SECONDS = 5.0
DRAIN_SECONDS = 5.0
KILL_ROUNDS = 5
LOOK_SECONDS = 0.5
READ_BYTES = 64 * 1024


class JobStoppedError(Exception):
    """The command was ended before it was done; the message is the reason in plain words."""


class Stop:
    """Says to another thread that a job shall stop, and why. The first reason stays."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._reason = ""

    def set(self, reason: str) -> None:
        with self._lock:
            if not self._event.is_set():
                self._reason = reason
                self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """True as soon as it is set, False after so many seconds."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raises JobStoppedError where it is set."""
        if self._event.is_set():
            raise JobStoppedError(self._reason)


def run_process(
    argv: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    write: Callable[[bytes], None],
    stop: Stop,
    errors: IO[bytes] | None = None,
    seconds: float | None = None,
) -> int:
    """Run `argv` in `folder` and give what it says to `write`; its exit code, -N where signal N ended it.

    Standard error goes the way of standard output, or to the file `errors`. Its whole process group has ended
    when this returns. JobStoppedError: `stop` was set, or `seconds` have passed. OSError: it could not start.
    """
    stop.check()
    reader, writer = os.pipe()
    output = FileIO(reader)
    try:
        process = subprocess.Popen(
            argv,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT if errors is None else errors,
            start_new_session=True,
        )
    except BaseException:
        output.close()
        raise
    finally:
        os.close(writer)
    try:
        stopped = _follow(process, output, write, stop, seconds)
        # The leader is not reaped yet, so its number still stands for this group and for no other.
        _signal_group(process.pid, signal.SIGKILL)
        _drain(output, write)
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        code = process.wait()
        output.close()
    if stopped:
        stop.check()
    return code


def end_processes(name: str, value: str) -> int:
    """Kill every process of this user that was started with the environment variable name=value; how many.

    Finds also those that left the group of the job (double forks), and those of a job whose agent has died.
    """
    entry = f"{name}={value}".encode()

    def holds(pid: int) -> bool:
        return entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")

    ended = 0
    for _ in range(KILL_ROUNDS):  # again, for what was forked while we looked
        found = [pid for pid in own_processes() if end_if(pid, partial(holds, pid))]
        if not found:
            break
        ended += len(found)
    return ended


def _follow(
    process: subprocess.Popen[bytes],
    output: FileIO,
    write: Callable[[bytes], None],
    stop: Stop,
    seconds: float | None,
) -> bool:
    """Until the process has ended (it is left unreaped). True: because `stop` was set or time was over."""
    deadline = None if seconds is None else time.monotonic() + seconds
    kill_at: float | None = None
    ended = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            selector.register(output, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select(LOOK_SECONDS)}
                if output in ready and not _pass_on(output, write):
                    selector.unregister(output)
                if ended in ready:
                    return kill_at is not None
                now = time.monotonic()
                if deadline is not None and now > deadline:
                    stop.set(f"It was not done after {seconds:.0f} seconds.")
                if kill_at is None and stop.is_set():
                    _signal_group(process.pid, signal.SIGTERM)
                    kill_at = now + GRACE_SECONDS
                if kill_at is not None and now > kill_at:
                    _signal_group(process.pid, signal.SIGKILL)
    finally:
        os.close(ended)


def _pass_on(output: FileIO, write: Callable[[bytes], None]) -> bool:
    data = os.read(output.fileno(), READ_BYTES)
    if data:
        write(data)
    return bool(data)


def _drain(output: FileIO, write: Callable[[bytes], None]) -> None:
    """What still stands in the pipe. Bounded: a process that left the group may hold it open."""
    deadline = time.monotonic() + DRAIN_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while (rest := deadline - time.monotonic()) > 0:
            if not selector.select(min(rest, LOOK_SECONDS)) or not _pass_on(output, write):
                return


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
