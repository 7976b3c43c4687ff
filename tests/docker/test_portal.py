"""The portal of compose.yaml: the scenario against the embedded cloud of this machine, and what its containers may."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import Client
from launcher import configuration
from launcher.testing import Embedded
from tests.docker.composed import (
    LASTING,
    PRODUCTION,
    Composed,
    composed,
    write_environment,
    write_secrets,
)
from tests.docker.portal_images import Images
from tests.e2e.minicloud_harness import free_port
from tests.e2e.remains import stacks_of
from tests.scenario import Scenario, Stage, cluster, folder

__all__ = ["cluster", "folder"]
WITHOUT_PASSWORD = """\
import psycopg, redis
try:
    psycopg.connect("host=postgres dbname=portal user=portal password=guessed")
except psycopg.OperationalError as error:
    print(error)
try:
    redis.Redis("redis").ping()
except redis.AuthenticationError as error:
    print("redis:", type(error).__name__)
"""


@pytest.fixture(scope="module")
def secrets(campus: Embedded, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    place = tmp_path_factory.mktemp("portal") / "secrets"
    return place, write_secrets(place, _cloud(campus))


@pytest.fixture(scope="module")
def portal(campus: Embedded, images: Images, engine: str, secrets: tuple[Path, dict[str, str]]) -> Iterator[Composed]:
    cloud, port, file = _cloud(campus), free_port(), secrets[0].with_name("portal.env")
    made = {
        "SLIPWAY_URL": f"http://127.0.0.1:{port}",
        "SLIPWAY_NODE_URL": f"http://127.0.0.1:{port}",
        "OS_CLOUD": "campus",
        "SLIPWAY_PROVISIONER_CLOUD": "provisioner",
        "SLIPWAY_NETWORK": cloud["network"],
        "SLIPWAY_GATEWAY_ADDRESS": cloud["gateway_address"],
        "SLIPWAY_BUNDLE_VERSION": cloud["images"][0]["bundle_version"],
    }
    write_environment(file, made)
    places = {"SLIPWAY_SECRETS": str(secrets[0]), "SLIPWAY_PORTAL_ENV": str(file), "SLIPWAY_PORT": str(port)}
    with composed(engine, PRODUCTION, {**images.names, **places}) as running:
        for document in (configuration.catalogue, configuration.courses, configuration.rates):
            running.manage(f"import_{document.__name__}", "-", given=document(cloud))
        yield running
    print(f"\nseconds until well: {running.took}; to build: {images.seconds}; MB: {images.megabytes}")


def _cloud(campus: Embedded) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((campus.home / "minicloud" / "cloud.json").read_text())
    return found


def _student(portal: Composed, campus: Embedded) -> Client:
    client = Client(portal.url)
    client.log_in("student", campus.logins["student"])
    return client


@pytest.fixture(scope="module")
def stage(campus: Embedded, portal: Composed) -> Stage:
    def remains() -> dict[str, list[str]]:
        parts = {name: (campus.home / "minicloud" / name).iterdir() for name in ("servers", "shares")}
        return {"stacks": stacks_of(campus), **{name: sorted(path.name for path in at) for name, at in parts.items()}}

    return Stage(_student(portal, campus), "small", remains, ready_seconds=300, job_seconds=300)


class TestInTheContainersOfAUniversity(Scenario):
    pass


@pytest.mark.parametrize("service", LASTING)
def test_a_container_may_nothing_that_it_need_not(portal: Composed, service: str) -> None:
    said = portal.inside(service, "cat", "/proc/1/status").stdout.splitlines()
    status = dict(line.split(":\t", 1) for line in said if ":\t" in line)
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert [int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")] == [0, 0, 0]
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    for place in ("/etc", "/usr/bin", "/opt", "/"):
        done = portal.inside(service, "touch", f"{place}/mine")
        assert done.returncode != 0
        assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr
    bounds = portal.inspect(service)["HostConfig"]
    assert bounds["ReadonlyRootfs"]
    assert bounds["Memory"] > 0
    assert bounds["PidsLimit"] > 0
    assert bounds["NanoCpus"] > 0


def test_only_the_web_has_a_port_and_only_on_loopback(portal: Composed) -> None:
    ports = {service: portal.inspect(service)["HostConfig"]["PortBindings"] or {} for service in LASTING}
    assert ports.pop("web") == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": portal.variables["SLIPWAY_PORT"]}]}
    assert not any(ports.values())


def test_no_secret_stands_in_what_the_engine_tells_of_a_container(
    portal: Composed, secrets: tuple[Path, dict[str, str]], campus: Embedded
) -> None:
    told = json.dumps([portal.inspect(service) for service in (*LASTING, "migrate")])
    assert not [name for name, value in secrets[1].items() if value in told]
    assert _cloud(campus)["password"] not in told


def test_the_stores_let_nobody_in_without_the_password(portal: Composed) -> None:
    done = portal.inside("worker", "python", "-c", WITHOUT_PASSWORD)
    assert 'password authentication failed for user "portal"' in done.stdout, done.stderr
    assert "redis: AuthenticationError" in done.stdout, done.stdout


def test_the_migration_has_run_to_its_end_before_the_web_began(portal: Composed) -> None:
    migrate, web = portal.inspect("migrate")["State"], portal.inspect("web")["State"]
    assert (migrate["Running"], migrate["ExitCode"]) == (False, 0)
    assert migrate["FinishedAt"] < web["StartedAt"]


def test_static_files_are_served_by_the_web_for_ever(portal: Composed) -> None:
    with urllib.request.urlopen(f"{portal.url}/log-in", timeout=10) as page:
        (style, *_) = re.findall(r'href="(/static/[^"]+\.css)"', page.read().decode())
    with urllib.request.urlopen(portal.url + style, timeout=10) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("service", ["web", "worker", "redis", "postgres"])
def test_what_is_killed_comes_back_and_is_well(portal: Composed, service: str, campus: Embedded) -> None:
    before = portal.inspect(service)["State"]
    os.kill(before["Pid"], signal.SIGKILL)
    portal.wait_for(service, lambda state: state["Pid"] not in (0, before["Pid"]))
    for each in LASTING:
        portal.wait(each)
    assert _student(portal, campus).courses()


def test_what_is_in_the_volumes_outlives_the_containers(portal: Composed, campus: Embedded) -> None:
    student = _student(portal, campus)
    courses = student.courses()
    portal.run("down", "--timeout", "10")
    portal.up()
    # The token of before, too.
    assert student.courses() == courses
