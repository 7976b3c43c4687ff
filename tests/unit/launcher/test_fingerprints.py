"""What makes a service restart, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher import services, supervisor
from launcher.paths import Paths
from launcher.postgres import Postgres
from launcher.services import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    for name in ("minicloud", "portal"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").write_text("1")
    paths = Paths(tmp_path, tmp_path / "home", tmp_path / "cache", tmp_path / "run")
    server = Postgres(tmp_path / "bin", paths.postgres_data, paths.postgres_socket, None)
    ports = {"web": 8000, "keystone": 1, "heat": 2, "manila": 3}
    return Plan(paths, tmp_path / "env-portal", tmp_path / "env-cloud", ports, server, tmp_path / "redis-server")


def marks(plan: Plan, block: str = "127.88.3", setting: str = "s") -> dict[str, str]:
    found = {
        **services.stores(plan),
        **services.cloud(plan, {"port": 1}, block),
        **services.portal(plan, {"S": setting}),
    }
    return {name: service.fingerprint for name, service in found.items()}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert set(before) == set(after) == set(supervisor.NAMES)
    return {name for name in before if before[name] != after[name]}


def test_it_restarts_nothing_when_nothing_changed(plan: Plan) -> None:
    assert changed(marks(plan), marks(plan)) == set()


def test_it_restarts_web_and_worker_for_the_portals_code(plan: Plan) -> None:
    before = marks(plan)
    (plan.paths.top / "portal" / "code.py").write_text("2")
    assert changed(before, marks(plan)) == {"web", "worker"}


def test_it_restarts_the_clouds_services_for_minicloud_code(plan: Plan) -> None:
    before = marks(plan)
    (plan.paths.top / "minicloud" / "code.py").write_text("2")
    assert changed(before, marks(plan)) == {"keystone", "heat", "manila", "compute"}


def test_it_restarts_web_and_worker_for_another_environment(plan: Plan) -> None:
    assert changed(marks(plan), marks(plan, setting="t")) == {"web", "worker"}


def test_it_restarts_who_uses_them_for_another_block_of_addresses(plan: Plan) -> None:
    assert changed(marks(plan), marks(plan, block="127.88.4")) == {"heat", "manila", "compute"}


def test_it_does_not_restart_for_the_callers_path(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    before = marks(plan)
    monkeypatch.setenv("PATH", "/elsewhere:/usr/bin")
    assert changed(before, marks(plan)) == set()
    assert services.portal(plan, {})["web"].environment["PATH"] == "/elsewhere:/usr/bin"


def test_it_lets_no_variable_of_the_caller_into_the_services(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("SLIPWAY_SECRET_KEY", "the caller's")
    environment = services.portal(plan, {})["web"].environment
    assert "PYTHONPATH" not in environment
    assert "SLIPWAY_SECRET_KEY" not in environment
