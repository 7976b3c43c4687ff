"""Nodes as containers: a home's choice, the network of its own, and what of it is left at the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from launcher import engine
from launcher.engine import Engine
from launcher.files import read_json, write_json
from launcher.paths import Paths
from launcher.problem import Problem

VARIABLE = "SLIPWAY_MINICLOUD_DRIVER"
PROCESS, DOCKER = "process", "docker"
# As minicloud's container driver marks what it makes.
HOME_LABEL = "slipway.home"
STOP_SECONDS = 15
# Networks for measurements (RFC 2544): no site routes them. The engine says which of them it has given away.
COUNT, TRIES = 512, 16


@dataclass(frozen=True)
class Containers:
    """The engine, and the network of this home's nodes there: PREFIX.0/24, in which this machine is PREFIX.1."""

    engine: str
    network: str
    prefix: str

    @property
    def address(self) -> str:
        return f"{self.prefix}.1"


def settle(paths: Paths, environ: Mapping[str, str]) -> Engine | None:
    """The engine of this home's nodes: of an earlier `up`, or what SLIPWAY_MINICLOUD_DRIVER says now. None where nodes
    are processes. Problem where no engine answers: before anything is made."""
    kept = read(paths)
    named = environ.get(VARIABLE) or (DOCKER if kept else PROCESS)
    if named not in (PROCESS, DOCKER):
        raise Problem(f"{VARIABLE} is {named!r}", f"there are {PROCESS} and {DOCKER}", "name one of them, or unset it")
    if paths.settings.exists() and named != (DOCKER if kept else PROCESS):
        raise Problem(
            f"this home's nodes are {'containers' if kept else 'processes'}",
            f"{paths.home} was brought up so, and what its nodes hold would be lost",
            f"set SLIPWAY_HOME to another folder, or unset {VARIABLE}",
        )
    if named == PROCESS:
        return None
    if environ.get("SLIPWAY_CLOUD"):
        raise Problem(
            f"SLIPWAY_CLOUD and {VARIABLE} are both set",
            "the one says that nodes are a real OpenStack's, the other that they are containers of this machine",
            "unset one of them",
        )
    if kept is None:
        return engine.find()
    engine.require(found := Engine(kept.engine))
    return found


def read(paths: Paths) -> Containers | None:
    try:
        return Containers(**read_json(paths.containers))
    except FileNotFoundError:
        return None


def ensure_network(paths: Paths, chosen: Engine) -> Containers:
    """The home's network, made where the engine has none, with the addresses it had before."""
    kept = read(paths)
    name = f"slipway-{paths.run.name.rpartition('-')[2]}"
    if kept is None or not chosen.inspect("network", kept.network):
        prefix = _make(chosen, name, [kept.prefix] if kept else candidates(paths.home), str(paths.minicloud))
        kept = Containers(chosen.address, name, prefix)
        write_json(paths.containers, asdict(kept), 0o600)
    return kept


def candidates(home: Path) -> Iterator[str]:
    """The prefixes that a home tries, in its own order: always the same for the same path."""
    start = int.from_bytes(hashlib.sha256(str(home).encode()).digest()[:8], "big")
    for step in range(TRIES):
        number = (start + step) % COUNT
        yield f"198.{18 + number // 256}.{number % 256}"


def _make(chosen: Engine, name: str, prefixes: Iterator[str] | list[str], mark: str) -> str:
    """A network of the first prefix that is nobody else's. It may be there, of an `up` that was cut short."""
    if found := chosen.inspect("network", name):
        return str(found["IPAM"]["Config"][0]["Subnet"]).rpartition(".")[0]
    said = ""
    for prefix in prefixes:
        # What the portal's gateway, when there is one, and the shares are called by: the engine gives them to nobody.
        kept = [f"--aux-address={name}={prefix}.{last}" for name, last in (("gateway", 2), ("storage", 4))]
        where = [f"--subnet={prefix}.0/24", f"--gateway={prefix}.1", *kept, f"--label={HOME_LABEL}={mark}"]
        bridge = f"com.docker.network.bridge.name=slw-{name.rpartition('-')[2]}"
        done = chosen.attempt("network", "create", "--driver=bridge", f"--opt={bridge}", *where, name)
        if done.returncode == 0:
            return prefix
        said = done.stderr.strip()
    raise Problem("the nodes' network could not be made", said, "see what networks there are: `docker network ls`")


def stop_all(paths: Paths, say: Callable[[str], None]) -> None:
    """What still runs of the home after compute has ended: killed, it left them."""
    kept = read(paths)
    if kept is None:
        return
    try:
        engine.require(chosen := Engine(kept.engine))
    except Problem as problem:
        # A home whose engine was taken away can be brought down all the same.
        say(f"{problem.what}: containers of this home are not looked for")
        return
    if left := _of_home(paths, chosen, "--filter=status=running"):
        say(f"stopping {len(left)} containers")
        chosen.call("stop", f"--time={STOP_SECONDS}", *left)


def remove_all(paths: Paths) -> None:
    """The home's containers and its network."""
    kept = read(paths)
    if kept is None:
        return
    engine.require(chosen := Engine(kept.engine))
    if left := _of_home(paths, chosen, "--all"):
        chosen.call("rm", "--force", "--volumes", *left)
    if chosen.inspect("network", kept.network):
        chosen.call("network", "rm", kept.network)


def _of_home(paths: Paths, chosen: Engine, which: str) -> list[str]:
    mark = f"--filter=label={HOME_LABEL}={paths.minicloud}"
    return chosen.call("ps", "--quiet", "--no-trunc", which, mark).split()
