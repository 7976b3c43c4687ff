"""A proxy before a cloud that makes what real clouds do: slow, ill, forgetful, cut off in the middle.

One port for each service; the addresses of the services behind are replaced in what they answer, so that whoever begins
at the proxy's Keystone stays with the proxy.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

OF_ONE_CONNECTION = {"connection", "transfer-encoding", "content-length", "host", "accept-encoding"}
IDENTIFIER = re.compile(r"slipway-[0-9a-f-]{36}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


@dataclass(frozen=True)
class Call:
    """One request: to which service, and the how manieth of its kind since the fault was set (from 1)."""

    service: str
    method: str
    path: str
    number: int
    moment: float
    microversion: str  # what Manila is to speak

    @property
    def kind(self) -> str:
        """The call without ids and query: the same for every cluster."""
        return f"{self.service} {self.method} {IDENTIFIER.sub('ID', urlsplit(self.path).path)}"


@dataclass(frozen=True)
class Trouble:
    """What happens to one call. `forwarded`: the service gets it, whatever becomes of the answer."""

    forwarded: bool = True
    delay: float = 0  # seconds before the answer
    status: int | None = None  # answered in the service's place
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False  # half of the answer, and the connection ends
    dropped: bool = False  # no answer, and the connection ends
    rewritten: Callable[[bytes], bytes] = bytes  # the service's own answer


SLOW = Trouble(delay=1)
REFUSED_AT_ONCE = Trouble(forwarded=False, dropped=True)
ANSWER_LOST = Trouble(dropped=True)
HALF_AN_ANSWER = Trouble(cut=True)
TOKEN_ENDED = Trouble(forwarded=False, status=401, headers={"WWW-Authenticate": "Keystone uri='x'"})
BUSY = Trouble(forwarded=False, status=503, headers={"Retry-After": "1"}, body=b"<html>Maintenance</html>")
BAD_GATEWAY = Trouble(status=502, headers={"Content-Type": "text/html"}, body=b"<html>Bad gateway</html>")
LIMITED = Trouble(forwarded=False, status=429, headers={"Retry-After": "1"})
ANOTHERS_PAGE = Trouble(
    forwarded=False,
    status=200,
    headers={"Content-Type": "text/html"},
    body=b"<html>Log in to the campus network</html>",
)

Fault = Callable[[Call], Trouble | None]


def none(_: Call) -> None:
    """A cloud in good health."""


def always(trouble: Trouble, *services: str) -> Fault:
    return lambda call: trouble if not services or call.service in services else None


def first_of_each_kind(trouble: Trouble, *services: str) -> Fault:
    """Whatever is asked fails the first time, and only then."""
    return lambda call: trouble if call.number == 1 and (not services or call.service in services) else None


def in_turn(*troubles: Trouble) -> Fault:
    """Whatever is asked meets one trouble after the other, and is answered then."""
    return lambda call: troubles[call.number - 1] if call.number <= len(troubles) else None


class Proxy:
    """`addresses`: where the proxy serves each service, by its name; `calls`: those since `fault` was set."""

    def __init__(self, services: Mapping[str, str], servers: Mapping[str, ThreadingHTTPServer]) -> None:
        self.services = {name: urlsplit(address) for name, address in services.items()}
        self.addresses = {name: f"http://127.0.0.1:{server.server_port}" for name, server in servers.items()}
        self._lock = threading.Lock()
        self.set(none)

    def set(self, fault: Fault) -> None:
        with self._lock:
            self.fault, self.calls = fault, list[Call]()

    def note(self, service: str, method: str, path: str, headers: Any) -> Trouble:
        with self._lock:
            first = Call(service, method, path, 1, time.monotonic(), headers.get("X-OpenStack-Manila-API-Version", ""))
            call = replace(first, number=1 + sum(earlier.kind == first.kind for earlier in self.calls))
            self.calls.append(call)
            return self.fault(call) or Trouble()

    def forward(self, service: str, method: str, path: str, headers: Any, body: bytes) -> tuple[int, list[Any], bytes]:
        """The service's own answer, with the proxy's addresses in it."""
        address = self.services[service]
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in OF_ONE_CONNECTION}
            connection.request(method, path, body, {**kept, "Host": address.netloc})
            answer = connection.getresponse()
            found = [pair for pair in answer.getheaders() if pair[0].lower() not in OF_ONE_CONNECTION]
            content = self._moved(answer.read().decode("latin-1")).encode("latin-1")
            return answer.status, [(name, self._moved(value)) for name, value in found], content
        finally:
            connection.close()

    def _moved(self, text: str) -> str:
        for name, address in self.services.items():
            text = text.replace(f"http://{address.netloc}", self.addresses[name])
        return text


@contextlib.contextmanager
def proxy(services: Mapping[str, str]) -> Iterator[Proxy]:
    """`services` maps names to addresses, such as {"heat": "http://127.0.0.1:18004"}."""
    handlers = {name: type("Relay", (Relay,), {"service": name}) for name in services}
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), handler) for name, handler in handlers.items()}
    made = Proxy(services, servers)
    for name, server in servers.items():
        server.daemon_threads = True
        handlers[name].proxy = made
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in servers.values()]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


class Relay(BaseHTTPRequestHandler):
    """Of one service."""

    proxy: Proxy
    service: str
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble = self.proxy.note(self.service, self.command, self.path, self.headers)
        status, headers, content = 200, list[Any](), b""
        if trouble.forwarded:
            status, headers, content = self.proxy.forward(self.service, self.command, self.path, self.headers, body)
            content = trouble.rewritten(content)
        if trouble.status:
            status, headers, content = trouble.status, list(trouble.headers.items()), trouble.body
        time.sleep(trouble.delay)
        if not trouble.dropped:
            self._answer(status, headers, content, len(content) // 2 if trouble.cut else len(content))
        if trouble.dropped or trouble.cut:
            self._hang_up()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    def _answer(self, status: int, headers: list[Any], content: bytes, until: int) -> None:
        self.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[:until])

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        pass
