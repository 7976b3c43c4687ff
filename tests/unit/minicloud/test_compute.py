"""What compute does about trouble: it is one server's, and compute lives on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from minicloud import addresses, processes, server
from minicloud.compute import Compute
from minicloud.driver import Started
from minicloud.errors import AwayError
from minicloud.process_driver import ProcessDriver
from minicloud.settings import load
from tests.unit.minicloud.test_settings import good

RECORD: dict[str, Any] = {
    "name": "master",
    "desired": "running",
    "flavor": {"name": "small", "vcpus": 1, "memory_mb": 1536},
    "bundle": "/usr",
    "user_data": "#cloud-config\n{}",
    "ports": [],
}


@pytest.fixture
def compute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compute:
    monkeypatch.setattr(addresses, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(server, "TURN_SECONDS", 0.1)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(good() | {"home": str(tmp_path), "run": str(tmp_path)}))
    found = Compute(load(file))
    found.registry.prepare()
    return found


def test_a_server_waits_for_its_turn_among_the_homes_of_the_machine(compute: Compute) -> None:
    compute.registry.put_server("a", RECORD)
    with addresses.host_lock():
        assert compute.look()  # again soon
        assert (compute.registry.server_state("a") or {})["state"] == "BUILD"


def test_an_error_that_nobody_foresaw_is_one_servers_failure(
    compute: Compute, caplog: pytest.LogCaptureFixture
) -> None:
    # Whole JSON, and yet no record.
    compute.registry.put_server("a", {"desired": "running", "name": "odd", "ports": []})
    compute.registry.put_server("b", {})
    compute.look()
    for name in ("a", "b"):
        noted = compute.registry.server_state(name) or {}
        assert noted["state"] == "ERROR"
        assert "KeyError" in noted["reason"]
    assert "Traceback" in caplog.text


def test_an_error_in_a_servers_failure_is_not_the_next_ones(compute: Compute, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a", "b"):
        compute.registry.put_server(name, {})
    # Nobody can tell what it has that is to be ended.
    compute.registry.put_server_state("a", {})
    compute.look()
    assert (compute.registry.server_state("b") or {})["state"] == "ERROR"
    assert "server a: an error that nobody foresaw" in caplog.text


def test_a_server_with_a_damaged_record_goes_to_error_once_and_the_next_is_looked_at(compute: Compute) -> None:
    for name in ("a", "b"):
        compute.registry.put_server(name, RECORD)
    (compute.registry.server_folder("a") / "server.json").write_text("{")
    with addresses.host_lock():
        compute.look()
        noted = compute.registry.server_state("a") or {}
        assert noted["state"] == "ERROR"
        assert "server.json is damaged" in noted["reason"]
        compute.look()
    assert compute.registry.server_state("a") == noted
    assert (compute.registry.server_state("b") or {})["state"] == "BUILD"


class EngineThatIsAway(ProcessDriver):
    """An engine that ended, and its containers with it."""

    away = True

    def kill(self, identifier: str, state: dict[str, Any] | None) -> bool:
        if self.away:
            raise AwayError("the engine does not answer")
        return False


def test_a_server_whose_engine_is_away_is_left_as_it_is_until_the_engine_is_back(compute: Compute) -> None:
    driver = compute.driver = EngineThatIsAway(compute.settings, compute.registry, compute.mounts)
    compute.registry.put_server("a", RECORD)
    compute.settings.run.joinpath("s/a").mkdir(parents=True)
    first = subprocess.Popen(["sleep", "60"])
    began = processes.start_time(first.pid)
    assert began is not None
    compute._note("a", "ACTIVE", Started(first.pid, began), "")
    assert not compute.look()
    first.kill()
    first.wait()
    assert compute.selector.select(5)
    for _ in range(2):
        assert not compute.look()
        assert (compute.registry.server_state("a") or {})["state"] == "ACTIVE"
        # Else compute would turn without rest.
        assert compute.selector.select(0) == []
    driver.away = False
    compute.look()
    assert (compute.registry.server_state("a") or {})["state"] == "ERROR"
