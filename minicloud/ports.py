"""Who listens on the servers' ports on every address of the machine? Then no server could have them."""

from __future__ import annotations

from pathlib import Path

from minicloud.addresses import Block, is_free
from minicloud.catalogue import SERVER_PORTS
from minicloud.errors import MinicloudError

LISTEN = "0A"
ANYWHERE = {"00000000", "00000000000000000000000000000000", "0000000000000000FFFF000000000000"}


def check(block: Block) -> None:
    """Try each port on an address of the block that is nobody's.

    Raises:
        MinicloudError: names each port that is taken and, where it can be found, by which process.
    """
    taken = [port for port in SERVER_PORTS if not is_free(block.probe, port)]
    if not taken:
        return
    sockets: dict[int, str] = {}
    for table in ("tcp", "tcp6"):
        try:
            sockets |= listeners(Path("/proc/net", table).read_text(encoding="ascii"))
        except FileNotFoundError:
            continue
    names = [f"{port} ({holder(sockets.get(port))})" for port in taken]
    raise MinicloudError(
        f"servers need these ports on addresses of their own, and another program listens on all addresses: "
        f"{', '.join(names)}; stop it, or let it listen on one address only"
    )


def listeners(table: str) -> dict[int, str]:
    """Port -> inode of the sockets of a /proc/net/tcp table that listen on every address."""
    found = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        address, port = fields[1].split(":")
        if fields[3] == LISTEN and address in ANYWHERE:
            found[int(port, 16)] = fields[9]
    return found


def holder(inode: str | None) -> str:
    """The process that has the socket, in words."""
    wanted = f"socket:[{inode}]"
    for folder in Path("/proc").glob("[0-9]*") if inode else ():
        try:
            if any(str(entry.readlink()) == wanted for entry in (folder / "fd").iterdir()):
                name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"process {folder.name}, {name}"
        except OSError:
            continue
    return "the process is not ours to see"
