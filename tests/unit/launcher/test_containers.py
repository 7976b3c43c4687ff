"""A home whose nodes are containers: its choice is kept, its addresses are its own, and it says what is missing."""

from __future__ import annotations

import dataclasses
import ipaddress
from pathlib import Path

import pytest

from launcher import containers, engine, site
from launcher.files import write_json
from launcher.paths import Paths
from launcher.problem import Problem

DOCKER = {containers.VARIABLE: "docker"}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path, tmp_path / "home", tmp_path / "cache", tmp_path / "slipway-1a2b3c4d")


def keep(paths: Paths) -> containers.Containers:
    found = containers.Containers("unix:///nowhere/docker.sock", "slipway-1a2b3c4d", "198.18.7")
    paths.home.mkdir()
    write_json(paths.containers, dataclasses.asdict(found), 0o600)
    return found


def test_nodes_are_processes_where_nothing_is_said(paths: Paths) -> None:
    assert containers.settle(paths, {}) is None
    assert containers.settle(paths, {containers.VARIABLE: "process"}) is None


def test_another_driver_is_refused_with_those_there_are(paths: Paths) -> None:
    with pytest.raises(Problem, match="podman") as refused:
        containers.settle(paths, {containers.VARIABLE: "podman"})
    assert "process and docker" in str(refused.value)


def test_without_a_program_it_says_what_to_install_and_makes_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Problem, match="there is no Docker here") as refused:
        containers.settle(paths, DOCKER)
    assert "apt-get install docker.io" in refused.value.next_step
    assert not paths.home.exists()


def test_an_engine_of_another_machine_is_refused(paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    with pytest.raises(Problem, match="not of this machine"):
        containers.settle(paths, DOCKER)


def test_a_home_keeps_to_what_its_nodes_are(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(paths)
    paths.minicloud.mkdir()
    paths.settings.write_text("{}")
    with pytest.raises(Problem, match="nodes are containers"):
        containers.settle(paths, {containers.VARIABLE: "process"})
    paths.containers.unlink()
    with pytest.raises(Problem, match="nodes are processes"):
        containers.settle(paths, DOCKER)


def test_the_pages_are_where_the_nodes_reach_this_machine(paths: Paths) -> None:
    assert site.bind_address(paths) == "127.0.0.1"
    keep(paths)
    assert site.bind_address(paths) == "198.18.7.1"


def test_a_home_tries_networks_of_its_own_order_that_nobody_routes() -> None:
    one, same, other = (list(containers.candidates(Path(name))) for name in ("/a", "/a", "/b"))
    assert one == same != other
    assert len(set(one)) == containers.TRIES
    benchmarks = ipaddress.ip_network("198.18.0.0/15")
    assert all(ipaddress.ip_address(f"{prefix}.1") in benchmarks for prefix in one)


def test_an_engine_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\necho "Cannot connect to the Docker daemon at $DOCKER_HOST" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Problem, match="no Docker engine answers") as refused:
        engine.require(engine.Engine("unix:///nowhere/docker.sock"))
    assert "Cannot connect to the Docker daemon at unix:///nowhere/docker.sock" in refused.value.why
