"""What services of OpenStack have answered, said again on loopback: for what the embedded cloud does not have."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from portal.cloud.connection import Connection

Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
# Kinds of services as catalogues call them, with the versions that they say they have.
KINDS = {
    "compute": "v2.1",
    "image": "v2",
    "network": "v2.0",
    "orchestration": "v1",
    "sharev2": "v2",
    "share": "v1",
    "volumev3": "v3",
}


class RecordedCloud:
    """`answers` maps "kind path?query" to (status, body) or (status, body, headers), or to a function of the request's
    headers that gives that."""

    def __init__(self, address: str, answers: dict[str, Any], kinds: tuple[str, ...]) -> None:
        self.address, self.answers, self.kinds = address, answers, kinds
        # A session is kept for each project: another project is another cloud's.
        self.project = uuid.uuid4().hex
        self.asked: list[str] = []
        self.changed: list[str] = []

    @property
    def connection(self) -> Connection:
        return Connection(f"{self.address}/v3", "slipway", "secret", {"user_domain_name": "Default"})

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        self.asked.append(path)
        if path == "/v3/auth/projects":
            return 200, {"projects": [{"id": self.project, "name": "course-a", "enabled": True}]}
        _, kind, _version, *rest = path.split("/", 3)
        if not rest:
            own = {"id": KINDS[kind], "status": "CURRENT", "links": [{"rel": "self", "href": self.url(kind)}]}
            return 200, {"version": own}
        found = self.answers.get(f"{kind} /{rest[0]}", (404, {"error": "not recorded"}))
        given: Answer = found(headers) if callable(found) else found
        return given

    def url(self, kind: str) -> str:
        return f"{self.address}/{kind}/{KINDS[kind]}"

    def token(self) -> Any:
        catalogue = [
            {"type": kind, "name": kind, "endpoints": [
                {"id": kind, "interface": "public", "region_id": "RegionOne", "region": "RegionOne",
                 "url": self.url(kind)}
            ]}
            for kind in self.kinds
        ]  # fmt: skip
        now, domain = datetime.now(UTC), {"id": "default", "name": "Default"}
        return {"token": {
            "methods": ["password"], "user": {"id": "u", "name": "slipway", "domain": domain},
            "issued_at": now.isoformat(), "expires_at": (now + timedelta(hours=4)).isoformat(),
            "project": {"id": self.project, "name": "course-a", "domain": domain},
            "roles": [{"id": "1", "name": "member"}, {"id": "2", "name": "heat_stack_owner"}], "catalog": catalogue,
        }}  # fmt: skip


class Answering(BaseHTTPRequestHandler):
    cloud: RecordedCloud

    def do_GET(self) -> None:
        self._send(*self.cloud.answer(self.path, self.headers))  # type: ignore[arg-type]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/auth/tokens"):
            scope = json.loads(body)["auth"].get("scope", {})
            # A token tells its project, so that answers may differ from one project to the other.
            project = scope["project"]["id"] if "project" in scope else "t"
            self._send(201, self.cloud.token(), {"X-Subject-Token": project})
        else:
            self.do_DELETE()

    do_PUT = do_POST

    def do_DELETE(self) -> None:
        self.cloud.changed.append(f"{self.command} {self.path}")
        self.do_GET()

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def recorded_cloud(answers: dict[str, Any], kinds: tuple[str, ...] = tuple(KINDS)) -> Iterator[RecordedCloud]:
    handler = type("Answering", (Answering,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.cloud = cloud = RecordedCloud(f"http://127.0.0.1:{server.server_port}", answers, kinds)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
