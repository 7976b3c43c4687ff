"""The small server that calls the portal back: its program, its template, and what is made of what comes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, repeat
from threading import Thread
from typing import Any

import pytest
import yaml

from portal.cloud import probe
from portal.cloud.findings import Probe
from portal.cloud.sessions import CloudUnavailable
from tests.recorded_cloud import recorded_cloud

NOBODY = "http://127.0.0.1:9/"


@pytest.fixture
def heat() -> Iterator[tuple[str, list[Any]]]:
    """Where signals go, and those that came; to GET it says 404, as a portal may."""
    told: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append((self.headers["X-Auth-Token"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/signal", told
        server.shutdown()
        thread.join()


def run_program(url: str, endpoint: str) -> None:
    done = subprocess.run([sys.executable, "-c", probe.PROGRAM, url, endpoint, "t"], check=False, timeout=60)
    assert done.returncode == 0


def test_the_server_tells_heat_that_it_reached_the_portal_whatever_that_answered(heat: tuple[str, list[Any]]) -> None:
    endpoint, told = heat
    run_program(endpoint, endpoint)
    assert told == [("t", {"status": "SUCCESS", "reason": "", "id": "probe", "data": ""})]


def test_the_server_tells_heat_why_it_does_not_reach_the_portal(heat: tuple[str, list[Any]]) -> None:
    endpoint, told = heat
    run_program(NOBODY, endpoint)
    ((_, word),) = told
    assert word["status"] == "FAILURE"
    assert word["reason"].startswith(f"the server does not reach {NOBODY}")
    assert "refused" in word["reason"]


def test_the_template_hands_the_program_on_whole() -> None:
    template = json.loads(probe.template("campus", "tiny", "debian", NOBODY))
    user_data = template["resources"]["server"]["properties"]["user_data"]["str_replace"]
    first, document = user_data["template"].split("\n", 1)
    ((*_, program, url, endpoint, token),) = yaml.safe_load(document)["runcmd"]
    assert (first, program, url) == ("#cloud-config", probe.PROGRAM, NOBODY)
    assert {endpoint, token} == set(user_data["params"])


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "WaitConditionFailure: resources.told: the server does not reach x: refused",
            "the server does not reach x: refused",
        ),
        ("WaitConditionTimeout: resources.told: 0 of 1 received", "no word came within 300 s"),
        ("ResourceInError: resources.server: No valid host was found", "No valid host was found"),
    ],
)
def test_heats_reasons_become_plain_words(reason: str, words: str, settings: Any, monkeypatch: Any) -> None:
    """And the stack is deleted, whatever came of it."""
    monkeypatch.setattr(probe, "PAUSE", 0.01)
    monkeypatch.setattr(probe.secrets, "token_hex", lambda _: "1")
    row = {
        "id": "s",
        "stack_name": "slipway-probe-1",
        "stack_status": "CREATE_FAILED",
        "stack_status_reason": "",
        "tags": [],
    }
    lists = iter([[row], [row], []])
    failed = {"resource_status_reason": reason, "updated_time": "1", "links": []}
    answers = {
        "orchestration /stacks": (201, {"stack": {"id": "s", "links": []}}),
        "orchestration /stacks?tags=slipway": lambda _: (200, {"stacks": next(lists)}),
        "orchestration /stacks/s/resources?status=FAILED": (200, {"resources": [failed]}),
        "orchestration /stacks/s": (204, {}),
    }
    with recorded_cloud(answers) as cloud:
        settings.CLOUD = cloud.connection
        found = probe.probe(cloud.project, "campus", "tiny", "debian", NOBODY)
    assert isinstance(found, Probe)
    assert words in found.trouble
    assert "DELETE /orchestration/v1/stacks/s" in cloud.changed


@pytest.mark.parametrize("comes", [True, False])
def test_a_stack_that_turns_up_after_its_answer_was_lost_is_deleted_too(
    comes: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "PAUSE", 0.01)
    monkeypatch.setattr(probe, "LATEST_START", 0.3)
    monkeypatch.setattr(probe.secrets, "token_hex", lambda _: "1")
    row = {"id": "s", "stack_name": "slipway-probe-1", "stack_status": "CREATE_IN_PROGRESS", "tags": []}
    row["stack_status_reason"] = ""
    lists = chain([[], [], [row], [row]] if comes else [], repeat([]))
    answers = {
        "orchestration /stacks": (504, {}),
        "orchestration /stacks?tags=slipway": lambda _: (200, {"stacks": next(lists)}),
        "orchestration /stacks/s": (204, {}),
    }
    with recorded_cloud(answers) as cloud:
        settings.CLOUD = cloud.connection
        with pytest.raises(CloudUnavailable):
            probe.probe(cloud.project, "campus", "tiny", "debian", NOBODY)
    assert cloud.changed.count("DELETE /orchestration/v1/stacks/s") == comes
