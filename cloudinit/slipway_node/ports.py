"""Whether the ports that the node will use are free, and who holds one that is not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from pathlib import Path

LISTENING = "0A"


class PortTakenError(Exception):
    """The message names the port, the address and, where it can be found, the holder."""


def check_ports(address: str, ports: Iterable[int]) -> None:
    """Bind each port once. PortTakenError for the first that cannot be bound."""
    for port in ports:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                # As Java does: a connection that is only fading away is not in the way.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise PortTakenError(f"{address} is not an address of this machine") from error
            if error.errno != errno.EADDRINUSE:
                raise PortTakenError(f"port {port} on {address} cannot be used: {error.strerror}") from error
            holder = _holder(port)
            by = f" by {holder}" if holder else ""
            raise PortTakenError(f"port {port} on {address} is taken{by}: stop what holds it") from error


def _holder(port: int) -> str:
    """The process that listens on the port, such as "java (process 4711)"; "" where we may not see it."""
    wanted = {f"socket:[{inode}]" for inode in _listeners(port)}
    for process in Path("/proc").iterdir():
        if not wanted or not process.name.isdigit():
            continue
        try:
            if any(str(entry.readlink()) in wanted for entry in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (process {process.name})"
        except OSError:
            continue  # ended meanwhile, or another user's
    return ""


def _listeners(port: int) -> list[str]:
    inodes = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.append(columns[9])
    return inodes
