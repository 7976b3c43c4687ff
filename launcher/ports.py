"""TCP ports on loopback: chosen free once, kept in ports.json."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from launcher.files import read_json, write_json
from launcher.problem import Problem
from launcher.site import LOOPBACK

WEB = 8000
# Below the kernel's range for outgoing connections, so that none of those takes a port of ours.
FIRST, LAST = 15000, 19999
Ports = dict[str, int]


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Whether a server may listen on address:port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


class Claims:
    """Ports that we have chosen and do not listen on yet: until then no other home's `up` on this machine takes them.

    A claim is a socket in the kernel's abstract namespace: it needs no file, and ends with us.
    """

    def __init__(self, address: str = LOOPBACK) -> None:
        self._address = address
        self._held: list[socket.socket] = []

    def take(self, port: int) -> bool:
        """Claim a port; False where somebody listens on it, or has claimed it."""
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0slipway-port-{port}")
        except OSError:
            claim.close()
            return False
        # Not all services listen on the same one.
        if not all(is_free(port, address) for address in {LOOPBACK, self._address}):
            claim.close()
            return False
        self._held.append(claim)
        return True


def first_free(start: int, taken: set[int], free: Callable[[int], bool]) -> int:
    """The first free port from `start` on, going round within FIRST..LAST."""
    span = LAST - FIRST + 1
    for step in range(span):
        port = FIRST + (start - FIRST + step) % span
        if port not in taken and free(port):
            return port
    raise Problem(
        "no free port",
        f"all ports of 127.0.0.1 from {FIRST} to {LAST} are taken",
        "stop what holds them: `ss -ltn`",
    )


def choose(
    kept: Mapping[str, int],
    ours: set[str],
    wanted: int | None,
    home: Path,
    free: Callable[[int], bool],
) -> tuple[Ports, list[str]]:
    """The ports of web, keystone, heat and manila, and what to tell: (ports, notes).

    `kept` is what ports.json says; `ours` names the services of this home that are running now, whose ports are taken
    by ourselves; `wanted` is what --port says; `free` claims the port of which it says so. Problem if the wanted port
    is somebody else's.
    """
    notes: list[str] = []
    start = FIRST + int(hashlib.sha256(str(home).encode()).hexdigest(), 16) % (LAST - FIRST)
    chosen: Ports = {}
    for name in ("keystone", "heat", "manila"):
        port = kept.get(name)
        if port is None or not (name in ours or free(port)):
            if port is not None:
                notes.append(f"port {port} of {name} is taken by another program: a new one is chosen")
            port = first_free(start, set(chosen.values()), free)
        chosen[name] = port
    chosen["web"] = _web(kept.get("web"), "web" in ours, wanted, free, notes, set(chosen.values()))
    return chosen, notes


def _web(
    kept: int | None,
    running: bool,
    wanted: int | None,
    free: Callable[[int], bool],
    notes: list[str],
    taken: set[int],
) -> int:
    if wanted is not None:
        if wanted in taken or not (free(wanted) or (running and wanted == kept)):
            raise Problem(
                f"port {wanted} is taken",
                "another program listens there",
                "choose another one: --port N",
            )
        return wanted
    if kept is not None and (running or free(kept)):
        return kept
    port = WEB if free(WEB) else first_free(FIRST + 1000, taken, free)
    if kept is not None:
        notes.append(
            f"port {kept} is taken by another program: the pages move to {port}; running clusters keep calling"
        )
        notes.append(f"the old one: free it and use --port {kept}, or create them anew")
    elif port != WEB:
        notes.append(f"port {WEB} is taken by another program: the pages are at {port}")
    return port


def read(path: Path) -> Ports:
    try:
        return {str(name): int(port) for name, port in read_json(path).items()}
    except FileNotFoundError:
        return {}


def write(path: Path, ports: Ports) -> None:
    write_json(path, ports, 0o600)
