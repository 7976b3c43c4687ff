"""Answers of Keystone and Manila as recorded, over real HTTP: for what no storage of ours can be brought to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = {
    "token": {
        "methods": ["password"],
        "expires_at": "2099-01-01T00:00:00.000000Z",
        "issued_at": "2026-11-21T12:00:00.000000Z",
        "user": {"id": "u", "name": "slipway", "domain": {"id": "default", "name": "Default"}},
        "project": {"id": "p1", "name": "course-demo", "domain": {"id": "default", "name": "Default"}},
        "roles": [{"id": "r", "name": "member"}],
    }
}


class Recorded:
    """`answers` maps "METHOD /path" to (status, body); the last one given stays. `calls` are what came, with bodies."""

    def __init__(self, url: str, newest: str) -> None:
        self.url = url
        self.newest = newest
        self.calls: list[tuple[str, Any]] = []
        self.versions: set[str] = set()
        self.answers: dict[str, tuple[int, Any]] = {"GET /v2/shares/detail": (200, {"shares": []})}

    def answer(self, call: str) -> tuple[int, Any]:
        if call == "POST /v3/auth/tokens":
            endpoint = {"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "id": "e"}
            services = [
                {"type": "sharev2", "id": "s", "name": "manila", "endpoints": [{**endpoint, "url": f"{self.url}/v2"}]}
            ]
            return 201, {"token": {**TOKEN["token"], "catalog": services}}
        if call in ("GET /v3", "GET /v3/"):
            version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": f"{self.url}/v3/"}]}
            return 200, {"version": version}
        if call in ("GET /", "GET /v2", "GET /v2/"):
            known = {"id": "v2.0", "status": "CURRENT", "version": self.newest, "min_version": "2.0"}
            return 200, {"versions": [{**known, "links": [{"rel": "self", "href": f"{self.url}/v2/"}]}]}
        return self.answers.get(call, (404, {"itemNotFound": {"code": 404, "message": f"recorded nothing for {call}"}}))


@contextmanager
def recorded(newest: str) -> Iterator[Recorded]:
    """A Manila whose newest microversion this is."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            call = f"{self.command} {self.path.partition('?')[0]}"
            cloud.calls.append((call, body))
            cloud.versions.add(self.headers.get("X-Openstack-Manila-Api-Version", ""))
            status, answer = cloud.answer(call)
            is_text = isinstance(answer, str)  # as of a balancer in front
            data = answer.encode() if is_text else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if is_text else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-Subject-Token", "token")
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cloud = Recorded(f"http://127.0.0.1:{server.server_port}", newest)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
