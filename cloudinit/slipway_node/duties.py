"""The agent as a process: what it does side by side, until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHUTDOWN_SECONDS = 9.0


@dataclass(frozen=True)
class Duty:
    """`run` goes on until its argument is set; `interrupt`, which comes right after, ends what else it waits for."""

    name: str
    run: Callable[[threading.Event], None]
    interrupt: Callable[[], object] = lambda: None


def serve(duties: Sequence[Duty]) -> int:
    """Do all of them until SIGTERM, SIGINT, or the end of one; the exit status. Call it in the main thread."""
    # A pipe: a handler runs at any point of the main thread, where taking a lock could block for good.
    reader, writer = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _wake(writer, b"s"))
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_run, args=(duty, stopping, writer), name=duty.name, daemon=True) for duty in duties
    ]
    for thread in threads:
        thread.start()
    woken_by = os.read(reader, 1)
    stopping.set()
    for duty in duties:
        duty.interrupt()
    end = time.monotonic() + SHUTDOWN_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return 0 if woken_by == b"s" else 1


def _wake(writer: int, word: bytes) -> None:
    os.write(writer, word)


def _run(duty: Duty, stopping: threading.Event, writer: int) -> None:
    try:
        duty.run(stopping)
    finally:
        _wake(writer, b"e")
