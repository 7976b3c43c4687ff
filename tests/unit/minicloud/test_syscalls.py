"""The child that holds a user namespace stays a child."""

from __future__ import annotations

import contextlib
import os
import select
import signal

import pytest

from minicloud import syscalls


def test_a_child_that_gets_a_signal_does_not_run_on_into_what_its_parent_does(monkeypatch: pytest.MonkeyPatch) -> None:
    here, seen, tell = os.getpid(), *os.pipe()
    children: list[int] = []
    handled = []
    fork, read = os.fork, os.read

    def note_child() -> int:
        child = fork()
        children.append(child)
        return child

    def disturb(descriptor: int, size: int) -> bytes:
        """The parent's first act after the fork: the child comes here only if it ran on."""
        if os.getpid() != here:
            os._exit(1)
        answer = read(descriptor, size)
        # One may come before it waits, and one that ended the wait is the last.
        for _ in range(3):
            os.kill(children[0], signal.SIGUSR1)
            handled.append(select.select([seen], [], [], 5)[0] != [] and read(seen, 1))
        return answer

    before = signal.signal(signal.SIGUSR1, lambda *_: os.write(tell, b"s"))
    try:
        monkeypatch.setattr(os, "fork", note_child)
        monkeypatch.setattr(os, "read", disturb)
        # Who is not root may not map these.
        with contextlib.suppress(OSError):
            os.close(syscalls.identities(61000, 61001))
    finally:
        signal.signal(signal.SIGUSR1, before)
        os.close(seen)
        os.close(tell)
    assert handled == [b"s"] * 3
