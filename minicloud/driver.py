"""What compute asks of whatever runs servers: processes of this machine, or containers of its engine.

A server's first process is one of this machine in both, so compute watches it, and adopts it, in one way: by its pid
and the time of its start.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minicloud.addresses import Block
from minicloud.mounts import World


@dataclass(frozen=True)
class Started:
    """A running first process. `child` is None for one that is no child of this compute."""

    pid: int
    started: int
    uid: int | None = None
    child: subprocess.Popen[bytes] | None = None


class Driver(Protocol):
    def check(self, block: Block) -> None:
        """Can servers run here?

        Raises:
            MinicloudError: what is in the way.
        """

    def start(self, identifier: str, record: dict[str, Any], folder: Path, state: dict[str, Any] | None) -> Started:
        """Start a server, on what it had before where it had something.

        Raises:
            BusyError: not now.
            MinicloudError: why the server cannot start.
        """

    def world(self, identifier: str, started: Started) -> World | None:
        """Where the server's mounts are made; None where none can be."""

    def ask_to_end(self, identifier: str, descriptor: int) -> None:
        """Tell the first process (also a `descriptor` of it) to end the server; whoever asked waits for it."""

    def kill(self, identifier: str, state: dict[str, Any] | None) -> bool:
        """Kill what is left of a server. True: there was something, look again."""

    def remove(self, identifier: str, folder: Path) -> None:
        """Remove what a server had, which does not run any more."""
