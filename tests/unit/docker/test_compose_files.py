"""What holds for every container of the two compose files, read as they stand: no engine is asked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

TOP = Path(__file__).parents[3]
DOCKER = TOP / "docker"
PRODUCTION, DEVELOPMENT = "compose.yaml", "compose.development.yaml"
ONCE = "migrate"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text())
    return found


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(name)["services"]
    return found


EACH = [
    pytest.param(each, id=f"{name.partition('.yaml')[0]}-{service}")
    for name in (PRODUCTION, DEVELOPMENT)
    for service, each in services(name).items()
]
LASTING = [
    pytest.param(each, id=f"{name.partition('.yaml')[0]}-{service}")
    for name in (PRODUCTION, DEVELOPMENT)
    for service, each in services(name).items()
    if service != ONCE
]
PORTALS = [(name, service) for name in (PRODUCTION, DEVELOPMENT) for service in ("migrate", "web", "worker")]


def image_of(service: dict[str, Any]) -> str:
    """The image that is taken where nobody names another."""
    found = re.fullmatch(r"\$\{SLIPWAY_\w*IMAGE:-(.+)\}", service["image"])
    assert found, service["image"]
    return found[1]


@pytest.mark.parametrize("service", EACH)
def test_a_container_may_nothing_that_it_need_not(service: dict[str, Any]) -> None:
    number, _, group = service["user"].partition(":")
    assert int(number) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", EACH)
def test_a_container_is_bounded(service: dict[str, Any]) -> None:
    assert service["mem_limit"]
    assert service["pids_limit"] <= 512
    assert all("size=" in each for each in service["tmpfs"])


@pytest.mark.parametrize("service", EACH)
def test_an_image_is_pinned_by_a_version(service: dict[str, Any]) -> None:
    name, _, tag = image_of(service).partition(":")
    assert re.match(r"\d+\.\d+\.?\d*", tag), (name, tag)


@pytest.mark.parametrize("service", LASTING)
def test_it_is_known_whether_a_container_is_well(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["healthcheck"]["interval"]


@pytest.mark.parametrize("service", EACH)
def test_the_engine_is_in_no_container(service: dict[str, Any]) -> None:
    assert not [volume for volume in service["volumes"] if "docker.sock" in volume] if "volumes" in service else True
    assert "pid" not in service
    assert "ipc" not in service


def test_a_university_has_no_port_but_the_webs_on_loopback() -> None:
    ports = {name: each["ports"] for name, each in services(PRODUCTION).items() if "ports" in each}
    assert ports == {"web": ["${SLIPWAY_BIND:-127.0.0.1}:${SLIPWAY_PORT:-8000}:8000"]}
    assert "network_mode" not in {key for each in services(PRODUCTION).values() for key in each}


def test_only_the_portal_leaves_the_network_of_the_stores() -> None:
    assert read(PRODUCTION)["networks"]["stores"] == {"internal": True}
    networks = {name: each["networks"] for name, each in services(PRODUCTION).items()}
    assert networks["postgres"] == networks["redis"] == ["stores"]


def test_secrets_are_files_and_no_value_is_one() -> None:
    secrets = read(PRODUCTION)["secrets"]
    assert all(set(each) == {"file"} for each in secrets.values())
    for service in services(PRODUCTION).values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", name):
                assert name.endswith("_FILE"), name
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_what_lasts_is_started_again_and_the_migration_is_not() -> None:
    restarts = {name: each["restart"] for name, each in services(PRODUCTION).items()}
    assert restarts.pop(ONCE) == "no"
    assert set(restarts.values()) == {"unless-stopped"}


@pytest.mark.parametrize("name", [PRODUCTION, DEVELOPMENT])
def test_web_and_worker_wait_for_the_migration_and_for_stores_that_are_well(name: str) -> None:
    every = services(name)
    assert every[ONCE]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for service in ("web", "worker"):
        needs = {needed: how["condition"] for needed, how in every[service]["depends_on"].items()}
        assert needs[ONCE] == "service_completed_successfully"
        assert needs["redis"] == "service_healthy"


@pytest.mark.parametrize(("name", "service"), PORTALS)
def test_all_parts_of_the_portal_are_one_image_of_this_version(name: str, service: str) -> None:
    version = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
    assert image_of(services(name)[service]) == f"slipway-portal:{version}"


def test_the_image_runs_as_the_user_whom_the_compose_files_name() -> None:
    lines = (DOCKER / "portal" / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER slipway"]
    assert any("--uid=10001" in line for line in lines)
    assert {services(PRODUCTION)[name]["user"] for name in ("migrate", "web", "worker")} == {"10001:10001"}


def test_nothing_but_what_the_portal_is_made_from_goes_into_its_image() -> None:
    ignored = (TOP / ".dockerignore").read_text().splitlines()
    wanted = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored
    copied = {
        source.rstrip("/")
        for line in (DOCKER / "portal" / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert copied == wanted
