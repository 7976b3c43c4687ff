"""A university's billing, as far as the portal's calls reach: a real HTTP server on loopback that answers as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from billing.outside import Service

TOKEN = "what-billing-knows-us-by"
Answer = Callable[["Call"], None]


@dataclass
class Call:
    verb: str
    body: Any
    headers: dict[str, str]
    handler: BaseHTTPRequestHandler = field(repr=False)
    over: threading.Event = field(repr=False)

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)


def says(status: int, body: bytes | dict[str, Any] = b"", **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda call: call.send(status, data, **headers)


yes = says(204)
no = says(403, {"message": "the chair of physics has spent its money"})


def nothing(call: Call) -> None:
    """The connection stays, and no word comes."""
    call.over.wait(30)


def drops(call: Call) -> None:
    """One header after the other, each sooner than any time-out of a single read."""
    call.handler.wfile.write(b"HTTP/1.1 204 No Content\r\n")
    for number in range(600):
        call.handler.wfile.write(f"X-{number}: x\r\n".encode())
        if call.over.wait(0.05):
            return


@dataclass
class University:
    service: Service
    answer: Answer = yes
    heard: list[Call] = field(default_factory=list)

    @property
    def verbs(self) -> list[str]:
        return [call.verb for call in self.heard]


@contextmanager
def university() -> Iterator[University]:
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            verb = self.path.removeprefix("/charge/")
            call = Call(verb, json.loads(body), dict(self.headers), self, over)
            there.heard.append(call)
            there.answer(call)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # whoever asked has gone
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = University(Service(f"http://127.0.0.1:{server.server_port}/charge", TOKEN))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield there
    finally:
        over.set()
        server.shutdown()
        server.server_close()
