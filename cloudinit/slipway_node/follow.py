"""Keeps a running node as the portal's list of hosts says: names, lists of who is let in, and who leaves.

What is said is what shall be. So it may be missed, repeated, or half done when this program ends: the next time all of
it is made so again, and only then told to the portal.
"""

from __future__ import annotations

import threading
import time
import traceback
from typing import TYPE_CHECKING

from .facts import FactsError
from .files import write_file
from .host_list import changed, digest_of, remember
from .hosts import write_hosts
from .portal import Backoff, CredentialRefusedError, PortalClient, PortalError
from .services import ServiceError, Supervisor

if TYPE_CHECKING:
    from cloudinit.frameworks.node import Half

    from .node import Node

POLL_SECONDS = 25
LEAVING_POLL_SECONDS = 3  # a service that was started again meanwhile has to be told again that it leaves
REFUSED_PAUSE_SECONDS = 60.0
SETTLE_SECONDS = 60.0
LOOK_SECONDS = 0.2
AT_ONCE_SECONDS = 1.0


class Follower:
    """`node` is the node as it is now; `news` is set whenever that has changed."""

    def __init__(self, client: PortalClient, node: Node, half: Half) -> None:
        """`client`: nobody else may poll with it."""
        self.node = node
        self.news = threading.Event()
        self._client = client
        self._half = half
        # Of a node that leaves nobody knows how far its former agent had come.
        self._known = "" if node.leaving else digest_of(node)

    def run(self, stopping: threading.Event) -> None:
        """Follow until `stopping` is set, and `interrupt` ends a poll."""
        backoff = Backoff()
        while not stopping.is_set():
            try:
                if self._round(stopping):
                    backoff.reset()
                    continue
                pause = backoff.pause()
            except CredentialRefusedError:
                pause = REFUSED_PAUSE_SECONDS  # the cluster is gone, or this node has left it
            except (PortalError, ServiceError, FactsError, OSError) as error:
                say(str(error))
                pause = backoff.pause()
            except Exception:  # the node would never again hear of the others
                traceback.print_exc()
                pause = REFUSED_PAUSE_SECONDS
            stopping.wait(pause)

    def interrupt(self) -> None:
        self._client.interrupt()

    def _round(self, stopping: threading.Event) -> bool:
        """Ask once, do what is said. False: pause before the next round."""
        asked = time.monotonic()
        leaves = self.node.name in self.node.leaving
        said = self._client.hosts(self._known, LEAVING_POLL_SECONDS if leaves else POLL_SECONDS)
        if said:
            self._adopt(changed(self.node, said))
        if said or leaves:
            return self._settle(stopping)
        # A portal that answers "nothing" without waiting must not be asked in a spin.
        return time.monotonic() - asked > AT_ONCE_SECONDS

    def _adopt(self, node: Node) -> None:
        write_hosts(node)
        for file in self._half.configuration(node):
            write_file(file.path, file.text, file.mode)
        remember(node)
        self.node = node
        self.news.set()
        away = f"; on their way out: {', '.join(sorted(node.leaving))}" if node.leaving else ""
        say(f"the cluster is {', '.join(sorted(node.hosts))}{away}")

    def _settle(self, stopping: threading.Event) -> bool:
        """Wait until the services go by the list too; what they do not in time is tried again from the start."""
        supervisor, end = Supervisor(self.node), time.monotonic() + SETTLE_SECONDS
        while gap := self._half.unsettled(self.node, supervisor):
            if stopping.wait(LOOK_SECONDS) or time.monotonic() > end:
                say(f"not settled: {gap}")
                return False
        self._known = digest_of(self.node)
        return True


def say(message: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}", flush=True)
