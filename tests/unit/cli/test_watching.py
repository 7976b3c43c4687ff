"""Waiting: what is shown meanwhile, and the exit status at the end."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.paths import TOP
from tests.unit.cli.shapes import CLUSTER_ID, FAILURE, FOLDER_ID, cluster, folder


def states(server: Any, *clusters: dict[str, Any]) -> None:
    for one in clusters:
        server.will_answer(200, one)


def test_watch_tells_each_change_and_ends_well_when_it_is_ready(server: Any, slipway: Any) -> None:
    creating = cluster("creating")
    states(server, creating, creating, creating, cluster())
    done = slipway("cluster", "watch", CLUSTER_ID)
    assert done.code == 0
    assert done.err.splitlines() == ["7 of 25  Starting HDFS", "7 of 25  ready"]
    assert done.out == "flights: ready\n"


def test_for_programs_each_change_is_a_line(server: Any, slipway: Any) -> None:
    creating = cluster("creating")
    states(server, creating, creating, creating, cluster())
    done = slipway("cluster", "watch", CLUSTER_ID, "--json")
    assert (done.code, done.events, done.err) == (0, [creating, cluster()], "")


def test_a_cluster_that_fails_is_status_1_with_the_reason(server: Any, slipway: Any) -> None:
    states(server, cluster("creating"), cluster("failed", failure=FAILURE))
    done = slipway("cluster", "watch", CLUSTER_ID)
    assert done.code == 1
    assert all(text in done.err for text in FAILURE.values())


def test_a_change_that_fails_is_status_1_and_an_old_one_is_not(server: Any, slipway: Any) -> None:
    server.will_answer(202, cluster("updating"))
    states(server, cluster("updating"), cluster(change_failure=FAILURE))
    assert slipway("cluster", "resize", CLUSTER_ID, "--workers", "3", "--wait").code == 1
    states(server, cluster(change_failure=FAILURE), cluster(change_failure=FAILURE))
    assert slipway("cluster", "watch", CLUSTER_ID).code == 0


def test_a_cluster_that_is_to_go_is_watched_until_it_is_gone(server: Any, slipway: Any) -> None:
    going = cluster("deleting", target="deleted")
    server.will_answer(202, going)
    states(server, {**going, "status": "failed"}, cluster("deleted", target="deleted"))
    done = slipway("cluster", "delete", CLUSTER_ID, "--yes", "--wait")
    assert (done.code, done.out) == (0, "flights: deleted\n")


def test_a_wait_that_is_too_long_is_status_7(server: Any, slipway: Any) -> None:
    states(server, *[cluster("creating")] * 3)
    done = slipway("cluster", "watch", CLUSTER_ID, "--seconds", "0")
    assert done.code == 7
    assert "Still creating" in done.err


def test_a_folder_is_waited_for(server: Any, slipway: Any) -> None:
    server.will_answer(202, folder("growing"))
    states(server, folder("growing"), folder())
    done = slipway("folder", "grow", FOLDER_ID, "4", "--wait")
    assert (done.code, done.out) == (0, "data: available\n")


def test_a_terminal_shows_a_bar(server: Any, home: Path) -> None:
    """In a process of its own, on a terminal that is real."""
    server.will_answer(200, cluster("creating"))
    states(server, cluster("creating"), cluster("creating", progress={"done": 20, "total": 25, "phase": "\x1b[2JBoo"}))
    states(server, cluster(progress={"done": 25, "total": 25, "phase": "Ready"}))
    main, terminal = pty.openpty()
    command = [sys.executable, "-P", "-m", "cli.slipway_client", "cluster", "watch", CLUSTER_ID]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "TERM": "xterm-256color", "COLUMNS": "80"}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = b""
        while piece := _read(main):
            shown += piece
    assert process.returncode == 0, shown
    text = shown.decode()
    assert "━" in text
    assert "7/25" in text
    assert "Starting HDFS" in text
    assert r"\x1b[2JBoo" in text
    assert "flights: ready" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_portal_that_restarts_ends_no_wait(server: Any, slipway: Any, status: int) -> None:
    states(server, cluster("creating"))
    server.will_answer(status, {"title": "Restart"})
    states(server, cluster())
    assert slipway("cluster", "watch", CLUSTER_ID).code == 0
