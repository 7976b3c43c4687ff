"""The processes of this program's user on this machine, and how one of them is ended and no other."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator

END_SECONDS = 5.0


def own_processes() -> Iterator[int]:
    """The ids of all but this one."""
    own = os.geteuid()
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if entry.name.isdigit() and int(entry.name) != os.getpid() and entry.stat().st_uid == own:
                yield int(entry.name)


def end_if(pid: int, meant: Callable[[], bool]) -> bool:
    """Kill the process where it is the one that is `meant`, and wait for its end; whether it was killed.

    `meant` may raise OSError, for a process that is gone.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        # Asked after the descriptor was opened: it cannot come to mean another process.
        if not meant():
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], END_SECONDS)  # readable once it has ended
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
