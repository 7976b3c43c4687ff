"""The boot: named steps, each told as it ends, that make a node a member of its cluster. Safe to run again."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import disks, gpus, mounts, packages, user, wait_condition
from .errors import StepError
from .facts import (
    PATH,
    FactsError,
    Machine,
    check_address,
    check_role,
    parse_facts,
    parse_portal,
    parse_signal,
    read_document,
)
from .files import tail, write_file
from .host_list import remembered
from .hosts import write_hosts
from .node import Node, make_node
from .portal import EventPoster, PortalClient
from .ports import PortTakenError, check_ports
from .services import ServiceError, Supervisor

if TYPE_CHECKING:
    from cloudinit.frameworks.manifest import Manifest
    from cloudinit.frameworks.node import Half

PROVE_POLL_SECONDS = 0.2
LOOK_SECONDS = 1.0
EVENT_SECONDS = 5.0
TAIL_BYTES = 1200
SIGNALLED = "/var/lib/slipway/signalled.json"
LOG = "/var/log/slipway/boot.log"


# Their messages say it all; of any other error we want to know where it came from.
EXPECTED = (StepError, ServiceError, FactsError, PortTakenError)


class Boot:
    """One boot of one node."""

    def __init__(
        self,
        machine: Machine,
        bundle: Path,
        manifest: Callable[[str], Manifest],
        half: Callable[[str], Half],
    ) -> None:
        """`manifest` and `half` give those of a framework by its name."""
        self._machine = machine
        self._bundle = bundle
        self._find_manifest = manifest
        self._find_half = half
        self._began = machine.began or time.monotonic()
        self._end = self._began
        self._step = "facts"
        self._portal: PortalClient | None = None
        self._poster: EventPoster | None = None
        self._document: dict[str, Any] = {}
        self._log = machine.root / LOG.lstrip("/")
        self._log_descriptor: int | None = None

    def run(self) -> int:
        """Take all steps; 0, or 1 after a failure that has been told to all who can be told."""
        try:
            self._take_steps()
        except Exception as error:
            # Whatever it is, Heat must hear of it: else the person waits for a timeout.
            self._fail(error)
            return 1
        finally:
            if self._poster is not None:
                self._poster.close(within=EVENT_SECONDS)
        return 0

    def _take_steps(self) -> None:
        with self._timed("facts"):
            node, manifest, half = self._read_facts()
        steps: dict[str, Callable[[], None]] = {
            "hosts": lambda: write_hosts(node),
            "mounts": lambda: self._mount(node),
            "configuration": lambda: self._configure(node, half),
            "packages": lambda: packages.install(node, self._end),
            "format": lambda: half.prepare_storage(node),
            "services": lambda: self._start(node, manifest, half),
            "prove": lambda: self._prove(node, half),
            "signal": lambda: self._signal(node, half),
        }
        for name in manifest.role(node.role).steps[1:]:
            with self._timed(name):
                steps[name]()

    @contextlib.contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        self._step = step
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        self._say(f"{step}: done in {seconds:.2f} s")
        if self._poster is not None:
            self._poster.post_event(step, "done", round(seconds, 3))

    def _read_facts(self) -> tuple[Node, Manifest, Half]:
        machine = self._machine
        self._document = read_document(machine.root / PATH.lstrip("/"))
        portal = parse_portal(self._document)
        if portal is not None:
            self._portal = PortalClient(portal.url, portal.credential, machine.address)
            self._poster = EventPoster(self._portal)
        facts = parse_facts(self._document, (self._bundle / "VERSION").read_text().strip())
        manifest = check_role(facts, self._find_manifest)
        check_address(facts, machine)
        self._end = self._began + facts.boot_seconds
        node = remembered(make_node(facts, machine, self._bundle, manifest.master.name))
        return node, manifest, self._find_half(facts.framework)

    def _mount(self, node: Node) -> None:
        assert self._portal is not None, "parse_facts has looked for it"
        disks.mount_disks(node, self._end, self._say)
        mounts.mount_all(node, self._portal.mount_key, self._end, self._say)

    def _configure(self, node: Node, half: Half) -> None:
        gpus.check(node)
        # From here on nothing needs root, and what runs jobs must not be root.
        if not node.embedded and (account := user.unprivileged()):
            user.become(account, node.run, node.disks)
        for directory in half.directories(node):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        node.path("/var/log/slipway").mkdir(parents=True, exist_ok=True)
        for file in half.configuration(node):
            write_file(file.path, file.text, file.mode)
        Supervisor(node).configure(half.services(node))

    def _start(self, node: Node, manifest: Manifest, half: Half) -> None:
        supervisor = Supervisor(node)
        services = [service.name for service in half.services(node)]
        if not supervisor.up(services):
            check_ports(node.address, (port.number for port in manifest.ports if port.role == node.role))
        supervisor.launch()
        for name in services:
            supervisor.start(name)
        supervisor.check([])

    def _prove(self, node: Node, half: Half) -> None:
        supervisor = Supervisor(node)
        services = [service.name for service in half.services(node)]
        said = ""
        look_at = 0.0
        while missing := half.missing(node):
            if missing != said:
                self._say(f"prove: waiting: {missing}")
                said = missing
            # To ask the supervisor costs more than to ask the cluster.
            if time.monotonic() > look_at:
                supervisor.check(services)
                if reason := half.hopeless(node, supervisor.log):
                    raise StepError(reason)
                look_at = time.monotonic() + LOOK_SECONDS
            if time.monotonic() > self._end:
                seconds = self._end - self._began
                raise StepError(f"the node is not a member of its cluster after {seconds:.0f} s: {missing}")
            time.sleep(PROVE_POLL_SECONDS)
        supervisor.check(services)

    def _signal(self, node: Node, half: Half) -> None:
        signal = parse_signal(self._document)
        assert signal is not None, "parse_facts has looked for it"
        told = node.path(SIGNALLED)
        if told.exists() and json.loads(told.read_text())["endpoint"] == signal.endpoint:
            self._say("signal: Heat was told at an earlier boot")
            return
        data = {
            "address": node.address,
            "bundle": node.bundle.name,
            "memory_mb": node.memory_mb,
            "vcpus": node.vcpus,
            **half.versions(),
        }
        reason = f"{node.name} is a member of its cluster"
        message = {"status": "SUCCESS", "reason": reason, "data": data, "id": node.name}
        wait_condition.send(signal, message, self._machine.address)
        write_file(told, json.dumps({"endpoint": signal.endpoint}), 0o600)

    def _fail(self, error: Exception) -> None:
        cause = str(error) or type(error).__name__
        log = getattr(error, "log", "")
        if not isinstance(error, EXPECTED):
            self._say(traceback.format_exc())
        self._say(f"{self._step}: failed: {cause}" + (f"\n{log}" if log else ""))
        log = log or tail(self._log, TAIL_BYTES)
        if self._poster is not None:
            self._poster.post_event(self._step, "failed", 0.0, cause, log)
        signal = parse_signal(self._document)
        if signal is None or self._step == "signal":
            return
        reason = wait_condition.failure_reason(self._step, cause, log)
        name = self._document.get("node", {}).get("name", "node")
        message = {"status": "FAILURE", "reason": reason, "data": None, "id": name}
        try:
            wait_condition.send(signal, message, self._machine.address)
        except wait_condition.SignalError as refused:
            self._say(f"signal: {refused}")

    def _say(self, line: str) -> None:
        stamped = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n"
        sys.stdout.write(stamped)
        sys.stdout.flush()
        with contextlib.suppress(OSError):
            if self._log_descriptor is None:
                self._log_descriptor = _open_log(self._log)
            os.write(self._log_descriptor, stamped.encode())


def _open_log(path: Path) -> int:
    """Opened once, while we may be root; never through a link, as that could lead to any file of the machine's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
