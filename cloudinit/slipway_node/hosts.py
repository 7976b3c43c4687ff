"""The names of all nodes, for everything on this node."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from .files import write_file
from .node import Node

BEGIN, END = "# begin of Slipway's names", "# end of Slipway's names"


def write_hosts(node: Node) -> None:
    """/etc/hosts: ours alone where the root is the node's own folder, else a marked block in the machine's."""
    path = node.path("/etc/hosts")
    lines = host_lines(node, socket.gethostname())
    if node.embedded:
        write_file(path, "\n".join(["127.0.0.1 localhost", *lines]) + "\n")
    else:
        _write_machines(path, with_block(path.read_text(encoding="utf-8") if path.exists() else "", lines))


def _write_machines(path: Path, text: str) -> None:
    """As root whole or not at all; the agent's user may write this file, but none beside it.

    In a container it is a mount of its engine's, in whose place no other file can be put (EBUSY).
    """
    try:
        write_file(path, text)
    except OSError as error:
        if not isinstance(error, PermissionError) and error.errno != errno.EBUSY:
            raise
        path.write_text(text, encoding="utf-8")


def host_lines(node: Node, own_name: str) -> list[str]:
    """A line a node, and one for the machine's own name, which Java asks for when it starts."""
    lines = [f"{address} {node.host(name)} {name}" for name, address in sorted(node.hosts.items())]
    if own_name not in node.hosts and own_name != "localhost":
        lines.append(f"{node.address} {own_name}")
    return lines


def with_block(text: str, lines: list[str]) -> str:
    """The text with our block at its end, in place of one that was there before."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        if line == BEGIN:
            inside = True
        elif line == END:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join([*kept, BEGIN, *lines, END]) + "\n"
