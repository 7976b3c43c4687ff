"""compute: makes of each server's record what it says. It starts, watches and reaps; it decides nothing else.

Servers outlive it: killed and started again it adopts what runs, by pid and start time. Told to stop (SIGTERM)
it stops all servers, which start again on the same folders and addresses the next time.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import os
import selectors
import shutil
import signal
import socket
import time
from typing import Any

from minicloud import init, mounts, processes, server
from minicloud.addresses import BlockFile
from minicloud.container_driver import ContainerDriver
from minicloud.driver import Driver, Started
from minicloud.errors import AwayError, BusyError, MinicloudError
from minicloud.files import tail
from minicloud.mount_service import MountService
from minicloud.process_driver import ProcessDriver
from minicloud.registry import Registry
from minicloud.settings import Settings
from minicloud.shares import Shares

LOG = logging.getLogger("compute")
# Datagrams and ended processes wake it at once; this is for a datagram that was lost.
RESCAN_SECONDS = 20.0
RETRY_SECONDS = 0.05
HALF_MADE_SECONDS = 60.0
STOP_SECONDS = init.GRACE_SECONDS + 4.0
CONSOLE_TAIL = 1200


class Action(enum.Enum):
    NOTHING = "nothing"
    START = "start"
    FAIL = "fail"
    REMOVE = "remove"


def decide(record: dict[str, Any], state: dict[str, Any] | None, alive: bool, boot: str) -> Action:
    """What to do about a server, from what it should be, what was last noted, and whether its init lives."""
    if record["desired"] == "deleted":
        return Action.REMOVE
    if state is None:
        return Action.START
    if state["state"] == "ERROR":
        return Action.NOTHING
    if state["state"] == "DAMAGED":
        return Action.FAIL
    if state["state"] == "ACTIVE":
        if alive:
            return Action.NOTHING
        # A machine that was switched off starts its servers again; an init that died in its life is a fault.
        return Action.FAIL if state["boot"] == boot else Action.START
    return Action.START


class Compute:
    """The loop and the processes that it watches."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = Registry(settings.home)
        self.boot = processes.boot()
        self.selector = selectors.DefaultSelector()
        self.mounts = MountService(Shares.of(settings), self.registry, self.selector)
        self.driver: Driver = (
            ContainerDriver(settings, settings.containers)
            if settings.containers
            else ProcessDriver(settings, self.registry, self.mounts)
        )
        self.watched: dict[str, tuple[int, Started]] = {}
        self.stopping = False

    # The loop

    def serve(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            MinicloudError: this machine or this home cannot run servers now.
        """
        self.registry.prepare(containers=self.settings.containers is not None)
        block, held = BlockFile(self.settings.home).hold()
        self.driver.check(block)
        self.mounts.prepare(block)
        channel = self._listen()
        wakeup = self._catch_signals()
        LOG.info("ready: addresses %s, %d servers", block, len(self.registry.server_ids()))
        while not self.stopping:
            pending = self.look()
            self.mounts.look()
            self._wait(RETRY_SECONDS if pending else RESCAN_SECONDS, channel, wakeup)
        self.stop_all()
        self.settings.compute_socket.unlink(missing_ok=True)
        held.clear()
        LOG.info("stopped")

    def _listen(self) -> socket.socket:
        path = self.settings.compute_socket
        # The home's lock is held: a socket file that is there belongs to a compute that was killed.
        path.unlink(missing_ok=True)
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        channel.bind(str(path))
        path.chmod(0o600)
        self.selector.register(channel, selectors.EVENT_READ)
        return channel

    def _catch_signals(self) -> socket.socket:
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        self.selector.register(reader, selectors.EVENT_READ)
        return reader

    def _end(self, number: int, frame: object) -> None:
        self.stopping = True

    def _wait(self, seconds: float, *channels: socket.socket) -> None:
        for key, _ in self.selector.select(seconds):
            if key.data is not None:
                key.data()
        for channel in channels:
            # One look serves all that was said until now.
            with contextlib.suppress(BlockingIOError):
                while channel.recv(4096):
                    pass

    # One look at all servers

    def look(self) -> bool:
        """Do what is to be done now. True: something waits for processes to end, look again soon."""
        pending = False
        for identifier in self.registry.server_ids():
            try:
                pending |= self._attend(identifier)
                server.bound_console(self.registry.server_folder(identifier))
            except Exception:
                # Not even its failure could be dealt with; the others are looked at all the same.
                LOG.exception("server %s: an error that nobody foresaw", identifier)
        self._tidy()
        return pending

    def _attend(self, identifier: str) -> bool:
        """Do for a server what is to be done; any error is its own failure."""
        try:
            return self._look_at(identifier)
        except BusyError as error:
            LOG.warning("server %s waits: %s", identifier, error)
            return True
        except AwayError as error:
            # Nothing is known of the server. It is watched again by the next look that finds it alive: what has ended
            # would wake us without end.
            LOG.error("server %s: %s", identifier, error)
            self._forget(identifier)
            return False
        except (MinicloudError, OSError) as error:
            return self._fail(identifier, str(error))
        except Exception as error:
            LOG.exception("server %s: an error that nobody foresaw", identifier)
            return self._fail(identifier, f"an error that nobody foresaw: {type(error).__name__}: {error}")

    def _look_at(self, identifier: str) -> bool:
        record = self.registry.get_server(identifier)
        if record is None:
            return False
        state = self.registry.server_state(identifier)
        action = decide(record, state, self._alive(identifier, state), self.boot)
        if action is Action.NOTHING:
            return False
        if action is Action.FAIL:
            return self._fail(identifier, self._cause(identifier, state))
        if state is not None and self._kill(identifier, state):
            return True
        self._forget(identifier)
        if action is Action.REMOVE:
            self.driver.remove(identifier, self.registry.server_folder(identifier))
            LOG.info("server %s (%s) is gone", identifier, record["name"])
        else:
            self._start(identifier, record, state)
        return False

    def _cause(self, identifier: str, state: dict[str, Any] | None) -> str:
        if state is not None and state["state"] == "DAMAGED":
            return str(state["reason"])
        console = tail(self.registry.server_folder(identifier) / "console.log", CONSOLE_TAIL).strip()
        return f"its first process died; the console's end:\n{console}"

    def _fail(self, identifier: str, reason: str) -> bool:
        """End what a server has and put it into ERROR. True: something waits to end, look again soon."""
        state = self.registry.server_state(identifier)
        if state is not None and state["state"] == "ERROR":
            return False
        if self._kill(identifier, state):
            return True
        self._forget(identifier)
        LOG.error("server %s: %s", identifier, reason)
        self._try_to_note(identifier, "ERROR", None, reason)
        return False

    def _start(self, identifier: str, record: dict[str, Any], state: dict[str, Any] | None) -> None:
        self._note(identifier, "BUILD", None, "")
        started = self.driver.start(identifier, record, self.registry.server_folder(identifier), state)
        self._note(identifier, "ACTIVE", started, "")
        self._watch(identifier, started)
        LOG.info("server %s (%s) runs: pid %d, uid %s", identifier, record["name"], started.pid, started.uid)

    def _kill(self, identifier: str, state: dict[str, Any] | None) -> bool:
        """Kill what is left of a server. True: there was something, look again."""
        left = self.driver.kill(identifier, state)
        self._reap(identifier)
        return left

    def _tidy(self) -> None:
        """Remove folders of servers that were never fully written, or not fully removed."""
        for folder in self.registry.half_made_servers():
            with contextlib.suppress(FileNotFoundError, MinicloudError):
                old = time.time() - folder.stat().st_mtime > HALF_MADE_SECONDS
                if old or folder.name.startswith(".removed-"):
                    mounts.refuse_mounts(folder)
                    shutil.rmtree(folder, ignore_errors=True)

    # Watching

    def _init(self, state: dict[str, Any] | None) -> tuple[int, int] | None:
        if state is None or state.get("pid") is None or state["boot"] != self.boot:
            return None
        return state["pid"], state["started"]

    def _alive(self, identifier: str, state: dict[str, Any] | None) -> bool:
        found = self._init(state)
        if found is None or processes.start_time(found[0]) != found[1]:
            return False
        if identifier not in self.watched:
            LOG.info("server %s runs on: pid %d", identifier, found[0])
            self._watch(identifier, Started(*found, uid=state["uid"] if state else None))
        return True

    def _watch(self, identifier: str, started: Started) -> None:
        try:
            descriptor = os.pidfd_open(started.pid)
        except ProcessLookupError:
            return
        self.watched[identifier] = (descriptor, started)
        self.selector.register(descriptor, selectors.EVENT_READ)
        world = self.driver.world(identifier, started)
        if world is not None:
            self.mounts.open(identifier, server.run_folder(self.settings, identifier), world)

    def _reap(self, identifier: str) -> None:
        watched = self.watched.get(identifier)
        if watched is not None and watched[1].child is not None:
            watched[1].child.poll()

    def _forget(self, identifier: str) -> None:
        self._reap(identifier)
        self.mounts.close(identifier)
        descriptor, _ = self.watched.pop(identifier, (None, None))
        if descriptor is not None:
            self.selector.unregister(descriptor)
            os.close(descriptor)

    def _note(self, identifier: str, state: str, started: Started | None, reason: str) -> None:
        before = self.registry.server_state(identifier) or {}
        with contextlib.suppress(FileNotFoundError):
            self.registry.put_server_state(
                identifier,
                {
                    "state": state,
                    "pid": started.pid if started else None,
                    "started": started.started if started else None,
                    "uid": started.uid if started else before.get("uid"),
                    "boot": self.boot,
                    "reason": reason,
                    "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                },
            )

    def _try_to_note(self, identifier: str, state: str, started: Started | None, reason: str) -> None:
        """As `_note`; on a full disk it is only said in the log, and the next look does what is still to be done."""
        try:
            self._note(identifier, state, started, reason)
        except OSError as error:
            LOG.error("server %s is %s, which cannot be written down: %s", identifier, state, error)

    # The end

    def stop_all(self) -> None:
        """Ask every server to end, wait a bounded time for all at once, kill what is left."""
        for identifier, (descriptor, started) in self.watched.items():
            self.mounts.close(identifier)
            # Noted first: a compute that is killed now does not take the end of these for a fault.
            self._try_to_note(identifier, "STOPPING", started, "compute stops")
            try:
                self.driver.ask_to_end(identifier, descriptor)
            except MinicloudError as error:
                LOG.error("server %s is not told to end: %s", identifier, error)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and any(map(self._lives, list(self.watched))):
            self.selector.select(max(0.0, min(1.0, deadline - time.monotonic())))
        for identifier in list(self.watched):
            self._stopped(identifier)

    def _lives(self, identifier: str) -> bool:
        self._reap(identifier)
        descriptor, started = self.watched[identifier]
        alive = processes.start_time(started.pid) == started.started
        if not alive:
            with contextlib.suppress(KeyError):
                self.selector.unregister(descriptor)
        return alive

    def _stopped(self, identifier: str) -> None:
        state = self.registry.server_state(identifier)
        for _ in range(100):
            if not self._kill_at_last(identifier, state):
                self._try_to_note(identifier, "STOPPED", None, "compute stopped")
                return
            time.sleep(RETRY_SECONDS)
        LOG.error("server %s has processes that cannot be killed", identifier)

    def _kill_at_last(self, identifier: str, state: dict[str, Any] | None) -> bool:
        try:
            return self._kill(identifier, state)
        except AwayError as error:
            LOG.error("server %s: %s", identifier, error)
            return True


def serve(settings: Settings) -> None:
    """Run compute in the foreground."""
    Compute(settings).serve()
