"""The signal to Heat: what is sent, what is tried again, and what is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cloudinit.slipway_node.facts import Signal
from cloudinit.slipway_node.wait_condition import LONGEST_REASON, SignalError, failure_reason, send


class Heat(ThreadingHTTPServer):
    """Answers with the statuses that it was given, in their order."""

    statuses: list[int]
    seen: list[tuple[str, str | None, Any]]


class Handler(BaseHTTPRequestHandler):
    server: Heat

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers["X-Auth-Token"], body))
        self.send_response(self.server.statuses.pop(0))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def heat() -> Iterator[Heat]:
    server = Heat(("127.0.0.1", 0), Handler)
    server.statuses, server.seen = [], []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def signal(heat: Heat) -> Signal:
    return Signal(f"http://127.0.0.1:{heat.server_address[1]}/v1/signal?a=b%2F", "token")


def test_it_sends_the_message_with_the_handles_token(heat: Heat) -> None:
    heat.statuses = [200]
    send(signal(heat), {"status": "SUCCESS", "id": "master"}, "127.0.0.1")
    assert heat.seen == [("/v1/signal?a=b%2F", "token", {"status": "SUCCESS", "id": "master"})]


def test_it_tries_again_while_heat_is_in_trouble(heat: Heat) -> None:
    heat.statuses = [500, 503, 409, 204]
    pauses: list[float] = []
    send(signal(heat), {}, "", pauses.append)
    assert len(heat.seen) == 4
    assert len(pauses) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_it_gives_up_where_no_other_try_can_help(heat: Heat, status: int) -> None:
    heat.statuses = [status]
    with pytest.raises(SignalError, match=str(status)):
        send(signal(heat), {}, "")
    assert len(heat.seen) == 1


def test_it_gives_up_at_an_endpoint_that_is_no_url() -> None:
    with pytest.raises(SignalError, match="no URL"):
        send(Signal("file:///etc", ""), {}, "")


def test_it_fits_a_long_log_and_a_long_cause_into_the_reason() -> None:
    for cause, log in (("c", ""), ("c", "x" * 9000), ("c" * 9000, "x" * 9000), ("c" * 9000, "")):
        reason = failure_reason("prove", cause, log)
        assert reason.startswith("prove: c")
        assert len(reason) <= LONGEST_REASON
    assert failure_reason("prove", "why", "a" * 9000 + "THE END").endswith("THE END")
