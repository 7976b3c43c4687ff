"""A web server that answers as the test says and keeps what it was sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import session
from cli.slipway_client.calls import base
from cli.slipway_client.main import main


@dataclass
class Call:
    """`path` is without the size of a list's pages, which each list asks for."""

    method: str
    asked: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return re.sub(r"[?&]page_size=[0-9]+$", "", self.asked)


@dataclass
class Server:
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)

    def will_answer(self, status: int, answer: Any = None, **headers: str) -> None:
        """The answer to the next call: JSON, or bytes as they are."""
        self.answers.append((status, answer, headers))


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.calls.append(Call(self.command, self.path, dict(self.headers.items()), body))
            status, answer, headers = state.answers.pop(0)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{web.server_address[1]}"
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield state
    web.shutdown()
    web.server_close()


@dataclass
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def home(server: Server, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home, with the server as the portal and a token in the environment; nothing is waited for long."""
    folder = tmp_path_factory.mktemp("home")
    for name, value in {"HOME": str(folder), "SLIPWAY_URL": server.url, "SLIPWAY_TOKEN": "t-1", "TZ": "UTC"}.items():
        monkeypatch.setenv(name, value)
    for name in ("XDG_CONFIG_HOME", "SLIPWAY_URL_HERE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(base, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 0.0)
    return folder


@pytest.fixture
def slipway(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run the command in this process."""

    def run(*arguments: str) -> Done:
        code = main(arguments)
        return Done(code, *capsys.readouterr())

    return run
