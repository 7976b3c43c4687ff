"""Servers that are groups of processes of this machine."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import Any

from minicloud import ports, processes, server
from minicloud.addresses import Block
from minicloud.driver import Started
from minicloud.mount_service import MountService
from minicloud.mounts import World
from minicloud.registry import Registry
from minicloud.settings import Settings


class ProcessDriver:
    def __init__(self, settings: Settings, registry: Registry, mounts: MountService) -> None:
        self.settings = settings
        self.registry = registry
        self.mounts = mounts
        self.boot = processes.boot()

    def check(self, block: Block) -> None:
        server.check_machine(self.settings)
        ports.check(block)

    def start(self, identifier: str, record: dict[str, Any], folder: Path, state: dict[str, Any] | None) -> Started:
        others = {
            uid
            for other in self.registry.list_servers()
            if other != identifier and (uid := (self.registry.server_state(other) or {}).get("uid")) is not None
        }
        uids = (others, (state or {}).get("uid"))
        return server.start(self.settings, identifier, record, folder, uids, self.mounts.hidden)

    def world(self, identifier: str, started: Started) -> World | None:
        root = self.registry.server_folder(identifier) / "root"
        return World(started.pid, root.resolve(), started.uid)

    def ask_to_end(self, identifier: str, descriptor: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)

    def kill(self, identifier: str, state: dict[str, Any] | None) -> bool:
        uid = uid_in_use(state, self.boot)
        left = processes.of_server(processes.snapshot(), identifier, uid, self._init(state))
        for process in left:
            processes.kill(process, signal.SIGKILL)
        return bool(left)

    def _init(self, state: dict[str, Any] | None) -> tuple[int, int] | None:
        if state is None or state.get("pid") is None or state["boot"] != self.boot:
            return None
        return state["pid"], state["started"]

    def remove(self, identifier: str, folder: Path) -> None:
        server.remove(self.settings, identifier, folder)


def uid_in_use(state: dict[str, Any] | None, boot: str) -> int | None:
    """The uid is the server's own only while its processes may live: later another home may have it."""
    if state is None or state["boot"] != boot or state["state"] not in ("ACTIVE", "STOPPING"):
        return None
    return state.get("uid")
