"""A portal that keeps to the contract "The node and the portal"; a cluster's file system that is a folder."""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cloudinit.slipway_node.folder_tool import FolderTool
from cloudinit.slipway_node.jobs import JobTools
from cloudinit.slipway_node.portal import Backoff, PortalClient

CREDENTIAL = "9b0c.master.f00d"

# The calls and answers of the Java tool JobFolder, for a file system that is a plain folder.
FOLDER_TOOL = """
import json, os, shutil, sys
from pathlib import Path

def call(verb, source, target, limit=sys.maxsize):
    if (Path(__file__).parent / "broken").exists():
        return "ConnectException: Connection refused"
    if (Path(__file__).parent / "deadly").exists():
        os._exit(7)
    rest = int(limit)
    source, target = Path(source), Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")) if source.exists() else []:
        if path.is_file():
            name, size = str(path.relative_to(source)), path.stat().st_size
            fits = size <= rest
            if fits:
                rest -= size
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / name)
            print(json.dumps({"path": name, "size": size, "copied": fits}))
    return ""

for line in sys.stdin:
    print(json.dumps({"failed": call(*line.rstrip().split("\\t"))}), flush=True)
"""


class Portal:
    """The node's half of a portal, in memory. Its attributes are what the tests look at."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.offered: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.health: list[dict[str, Any]] = []
        self.hosts: dict[str, Any] = {}
        self.known: list[str] = []
        self.sources: dict[str, list[bytes]] = {}
        self.logs: dict[str, bytes] = {}
        self.outputs: dict[tuple[str, str], bytes] = {}
        self.results: list[tuple[str, dict[str, Any]]] = []
        self.renewed: list[str] = []
        self.unwanted: set[str] = set()
        self.calls: list[str] = []
        self.callers: set[str] = set()
        self.faults: dict[str, list[int]] = {}
        self.keys: dict[str, dict[str, str]] = {}
        self.url = ""

    def submit(self, text: str, arguments: list[str] | None = None, **more: Any) -> dict[str, Any]:
        """A job with this program. `more`: files (name -> bytes), application, output_limit."""
        files: dict[str, bytes] = more.pop("files", {})
        job = {
            "id": str(uuid.uuid4()),
            "application": "job.py",
            "arguments": arguments or [],
            "files": list(files),
            "log_limit": 1_000_000,
            "output_limit": 1_000_000,
            **more,
        }
        command = {"id": str(uuid.uuid4()), "kind": "run-job", "job": job}
        self.sources[job["id"]] = [text.encode(), *files.values()]
        self.offer(command)
        return command

    def offer(self, command: dict[str, Any]) -> None:
        with self.changed:
            self.offered.append(command)
            self.changed.notify_all()

    def say_hosts(self, digest: str, hosts: dict[str, str], leaving: list[str]) -> None:
        with self.changed:
            self.hosts = {"digest": digest, "hosts": hosts, "leaving": leaving}
            self.changed.notify_all()

    def wait_for(self, what: Callable[[], Any], seconds: float = 20.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: bool(what()), seconds), f"not within {seconds} s"

    def result(self, command: dict[str, Any]) -> dict[str, Any]:
        self.wait_for(lambda: any(each == command["id"] for each, _ in self.results))
        return next(body for each, body in self.results if each == command["id"])

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/node/v1/"), parse_qs(parts.query)
        last = path.rsplit("/", 1)[-1]
        with self.changed:
            self.calls.append(f"{method} {path}")
            self.changed.notify_all()
            if self.faults.get(last):
                return self.faults[last].pop(0), {"title": "Out of order"}
            if path == "commands":
                self.changed.wait_for(lambda: self.offered, float(query["wait"][0]))
                return 200, {"commands": [self.offered.pop(0)] if self.offered else []}
            if path == "hosts":
                self.known.append(query.get("known", [""])[0])
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.hosts.get("digest", "") not in ("", self.known[-1]), 0.2)
                news = self.hosts.get("digest", "") not in ("", self.known[-1])
                return (200, self.hosts) if news else (204, None)
            if path == "health":
                self.health.append(json.loads(body))
                return 204, None
            if path == "events":
                self.events.append(json.loads(body))
                return 204, None
            if path in self.keys:
                return 200, self.keys[path]
            return self._answer_on(path.split("/"), query, body)

    def _answer_on(self, words: list[str], query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        match words:
            case ["commands", each, "lease"]:
                self.renewed.append(each)
                return (410 if each in self.unwanted else 204), None
            case ["commands", each, "result"]:
                self.results.append((each, json.loads(body)))
                return 204, None
            case ["jobs", job, "application"]:
                return 200, self.sources[job][0]
            case ["jobs", job, "files", number]:
                return 200, self.sources[job][1 + int(number)]
            case ["jobs", job, "log"]:
                have, offset = self.logs.get(job, b""), int(query["offset"][0])
                if offset > len(have):
                    return 409, {"title": "A gap", "size": len(have)}
                self.logs[job] = have + body[len(have) - offset :]
                return 200, {"size": len(self.logs[job])}
            case ["jobs", job, "output"]:
                self.outputs[job, query["path"][0]] = body
                return 204, None
        return 404, {"title": "No such path"}


def _handler(portal: Portal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            portal.callers.add(self.client_address[0])
            if self.headers["Authorization"] != f"Bearer {CREDENTIAL}":
                return self._reply(401, {"title": "Credential unknown", "detail": "The cluster is gone."})
            if portal.faults.get("unread"):
                # As a server does that looks at the length alone: an answer, and the body stays unread.
                return self._reply(portal.faults["unread"].pop(0), {"title": "Too large"})
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._reply(*portal.answer(self.command, self.path, body))
            return None

        do_GET = do_POST = do_PUT = _serve

        def _reply(self, status: int, answer: Any) -> None:
            data = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        pass  # a node that was killed has hung up


@pytest.fixture
def portal() -> Iterator[Portal]:
    state = Portal()
    server = _Server(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(portal: Portal) -> PortalClient:
    return PortalClient(portal.url, CREDENTIAL)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses after trouble take as long as an impatient test likes."""
    monkeypatch.setattr(Backoff.__init__, "__defaults__", (0.02, 0.05))


@pytest.fixture
def folder_tool(tmp_path: Path) -> Path:
    path = tmp_path / "tool" / "folder_tool.py"
    path.parent.mkdir()
    path.write_text(FOLDER_TOOL)
    return path


@pytest.fixture
def tools(tmp_path: Path, folder_tool: Path) -> Iterator[JobTools]:
    """Jobs are Python programs; the cluster's file system is the folder `cluster`."""
    tool = FolderTool([sys.executable, "-S", str(folder_tool)], {})
    yield JobTools(
        job_command=lambda application, arguments, _uri: (
            [sys.executable, "-S", "-u", str(application), *arguments],
            {"FRAMEWORK": "a test's"},
        ),
        folder_tool=tool,
        directory_uri=lambda job_id: str(tmp_path / "cluster" / job_id),
    )
    tool.close()


@pytest.fixture
def wait_until() -> Callable[..., None]:
    def wait(what: Callable[[], Any], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.02)

    return wait
