"""What compute does about mounts: a socket for each server, the answer to what comes in, a look when rules changed."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minicloud import links, mounts
from minicloud.addresses import Block
from minicloud.errors import MinicloudError
from minicloud.files import make_folder
from minicloud.mounts import Mount, Refused, World
from minicloud.registry import Registry
from minicloud.shares import Share, Shares

LOG = logging.getLogger("compute.mounts")
DOOR = "mount.sock"
REQUEST_BYTES = 8192
# A server's programs may wait at the door; more than these are sent away.
WAITING = 8


@dataclass
class Guest:
    """A running server with its door."""

    identifier: str
    folder: Path
    world: World
    door: socket.socket
    waiting: set[socket.socket] = field(default_factory=set)
    has_mounts: bool = True


class MountService:
    """The mounts of all servers of a home; runs in compute's loop."""

    def __init__(self, shares: Shares, registry: Registry, selector: selectors.BaseSelector) -> None:
        self.shares = shares
        self.registry = registry
        self.selector = selector
        self.guests: dict[str, Guest] = {}
        self.storage = ""
        self.hindrance: str | None = None

    def prepare(self, block: Block) -> None:
        """Find out whether servers can have mounts here."""
        make_folder(self.shares.folder, 0o700)
        self.storage = block.storage
        self.hindrance = mounts.hindrance(self.shares)
        if self.hindrance is not None:
            LOG.warning("servers have no mounts of their own here: %s", self.hindrance)

    @property
    def hidden(self) -> Path | None:
        """What a server's first process is told: the shares' folder, None where it gets no mounts of its own."""
        return self.shares.folder if self.hindrance is None else None

    # Doors

    def open(self, identifier: str, run: Path, world: World) -> None:
        """Listen for a server; `run` is its short folder."""
        path = run / DOOR
        path.unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        # The folder lets in nobody but the server; a chmod could be led astray, as it is the server's.
        before = os.umask(0)
        try:
            door.bind(str(path))
        finally:
            os.umask(before)
        door.listen(WAITING)
        folder = self.registry.server_folder(identifier)
        guest = self.guests[identifier] = Guest(identifier, folder, world, door)
        self.selector.register(door, selectors.EVENT_READ, lambda: self._accept(guest))

    def close(self, identifier: str) -> None:
        guest = self.guests.pop(identifier, None)
        if guest is not None:
            for channel in list(guest.waiting):
                self._dismiss(guest, channel)
            self.selector.unregister(guest.door)
            guest.door.close()

    def _accept(self, guest: Guest) -> None:
        try:
            channel, _ = guest.door.accept()
        except OSError:
            return
        channel.setblocking(False)
        if len(guest.waiting) >= WAITING:
            channel.close()
            return
        guest.waiting.add(channel)
        self.selector.register(channel, selectors.EVENT_READ, lambda: self._answer(guest, channel))

    def _answer(self, guest: Guest, channel: socket.socket) -> None:
        with contextlib.suppress(OSError):
            packet = channel.recv(REQUEST_BYTES)
            if packet:
                error = self._handle(guest, channel, packet)
                channel.send(json.dumps({"error": error}).encode())
        self._dismiss(guest, channel)

    def _dismiss(self, guest: Guest, channel: socket.socket) -> None:
        guest.waiting.discard(channel)
        self.selector.unregister(channel)
        channel.close()

    # Requests

    def _handle(self, guest: Guest, channel: socket.socket, packet: bytes) -> str:
        """Do what is asked; empty, or why not."""
        try:
            request = understood(packet)
            if mounts.namespace(mounts.peer(channel)) != mounts.namespace(guest.world.pid):
                raise Refused("only programs of this server may ask")
            work: Callable[[Guest, dict[str, Any]], None] = getattr(self, f"_{request['verb']}")
            work(guest, request)
        except (MinicloudError, OSError) as error:
            LOG.info("server %s: refused: %s", guest.identifier, error)
            return str(error)
        except Exception as error:
            # Whatever one server asks is no trouble of the others.
            LOG.exception("server %s: an error that nobody foresaw", guest.identifier)
            return f"the cloud's compute failed, see its log: {type(error).__name__}: {error}"
        return ""

    def _mount(self, guest: Guest, request: dict[str, Any]) -> None:
        export, path = request["export"], request["path"]
        host, _, name = export.partition(":")
        if host != self.storage:
            raise Refused(f"{host} exports nothing here: the shares of this cloud are at {self.storage}")
        share = self.shares.find(name)
        read_only = mounts.decide(export, share, self._addresses(guest), request["read_only"])
        assert share is not None  # decide() has refused
        if guest.world.is_own:
            mounts.mount(self.shares, guest.world, share.identifier, path, read_only)
        else:
            self._link(guest, share, path, read_only)
        guest.has_mounts = True
        LOG.info("server %s: %s at /%s, %s", guest.identifier, export, path, "read-only" if read_only else "read-write")

    def _link(self, guest: Guest, share: Share, path: str, read_only: bool) -> None:
        why = self.hindrance or "the server was started before this machine allowed it"
        if guest.world.uid is not None or read_only:
            what = "a read-only mount" if read_only else "a mount"
            raise Refused(f"{what} needs a mount namespace, which is not to be had here: {why}")
        links.put(guest.folder, path, share.identifier, self.shares.data(share.identifier))

    def _umount(self, guest: Guest, request: dict[str, Any]) -> None:
        if guest.world.is_own:
            mounts.unmount(guest.world, request["path"], request["lazy"])
        else:
            links.take(guest.folder, request["path"])

    def _addresses(self, guest: Guest) -> list[str]:
        record = self.registry.get_server(guest.identifier) or {"ports": []}
        return [port["address"] for port in record["ports"]]

    # Rules that changed

    def look(self) -> None:
        """Take away, or make read-only, the mounts that the rules of now do not give."""
        for guest in self.guests.values():
            if guest.has_mounts:
                try:
                    self._look_at(guest)
                except FileNotFoundError:
                    # The server ended just now, and its mounts with it.
                    continue
                except (MinicloudError, OSError) as error:
                    LOG.error("server %s: its mounts could not be corrected: %s", guest.identifier, error)
                except Exception:
                    LOG.exception("server %s: its mounts could not be corrected", guest.identifier)

    def _look_at(self, guest: Guest) -> None:
        own = guest.world.is_own
        present = mounts.of_process(guest.world.pid) if own else links.of_server(guest.folder)
        guest.has_mounts = bool(present)
        wrong = self._outdated(guest, present)
        for path, what in wrong.items():
            LOG.warning("server %s: the rules of %s changed: %s", guest.identifier, path, what)
            if not own:
                links.take(guest.folder, str(path.relative_to(guest.folder / "root")))
        if own and wrong:
            try:
                mounts.correct(guest.world, wrong)
            finally:
                self._mount_again(guest, [mount for mount in present if wrong.get(mount.path) == mounts.TO_READ])

    def _mount_again(self, guest: Guest, wanted: list[Mount]) -> None:
        """Read-only, what had to be taken away as a file was open for writing: the rule gives it to be read."""
        there = {mount.path for mount in mounts.of_process(guest.world.pid)} if wanted else set()
        for mount in wanted:
            if mount.path not in there:
                path = str(mount.path.relative_to(guest.world.root))
                try:
                    mounts.mount(self.shares, guest.world, mount.share, path, read_only=True)
                except (MinicloudError, OSError) as error:
                    LOG.error("server %s: /%s is not mounted again: %s", guest.identifier, path, error)

    def _outdated(self, guest: Guest, present: list[Mount]) -> dict[Path, str]:
        addresses = self._addresses(guest) if present else []
        found = {mount.path: mounts.outdated(mount, self.shares.get(mount.share), addresses) for mount in present}
        return {path: what for path, what in found.items() if what is not None}


def understood(packet: bytes) -> dict[str, Any]:
    """A request with all that its verb needs.

    Raises:
        Refused: it is none.
    """
    wanted = {"mount": {"export": str, "path": str, "read_only": bool}, "umount": {"path": str, "lazy": bool}}
    try:
        request = json.loads(packet)
        kinds = wanted[request["verb"]]
        good = all(isinstance(request[name], kind) for name, kind in kinds.items()) and "\0" not in request["path"]
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        raise Refused("this is no request of the server's mount program")
    return dict(request)
