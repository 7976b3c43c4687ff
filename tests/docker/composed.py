"""A compose file of ours, up at an engine, with the secrets and settings that an administrator makes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from launcher.paths import TOP
from tests.docker_engine import docker

PRODUCTION, DEVELOPMENT = TOP / "docker" / "compose.yaml", TOP / "docker" / "compose.development.yaml"
LASTING = ("postgres", "redis", "web", "worker")
UP_SECONDS, HEALTHY_SECONDS = 300, 180


@dataclass(frozen=True)
class Composed:
    engine: str
    file: Path
    variables: Mapping[str, str]
    took: dict[str, float] = field(default_factory=dict)

    @property
    def project(self) -> str:
        return self.variables["COMPOSE_PROJECT_NAME"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.variables['SLIPWAY_PORT']}"

    def run(self, *words: str, given: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`docker compose WORDS` with nothing in its environment but what this file is told."""
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [*program(), "--file", str(self.file), *words],
            check=False,
            env={**own, "DOCKER_HOST": self.engine, **self.variables},
            input=given or "",
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    def up(self) -> None:
        """Returns when each service is well, and notes for how long each has kept us waiting."""
        began = time.monotonic()
        done = self.run("up", "--detach", "--no-build", check=False)
        assert done.returncode == 0, f"{done.stderr[-2000:]}\n{self.run('logs', '--tail=40', check=False).stdout}"
        for service in LASTING:
            self.wait(service)
            self.took[service] = round(time.monotonic() - began, 1)

    def wait(self, service: str) -> None:
        self.wait_for(service, lambda state: state.get("Health", {}).get("Status") == "healthy")

    def wait_for(self, service: str, good: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not good(state := self.inspect(service)["State"]):
            assert time.monotonic() < deadline, f"{service}: {json.dumps(state)}\n{self.logs(service)}"
            time.sleep(0.2)

    def container(self, service: str) -> str:
        """The id of the container of a service, running or not."""
        mine = [f"--filter=label=com.docker.compose.project={self.project}"]
        mine += [f"--filter=label=com.docker.compose.service={service}"]
        (found,) = docker(self.engine, "ps", "--all", "--quiet", *mine).stdout.split()
        return found

    def inspect(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker(self.engine, "inspect", self.container(service)).stdout)[0]
        return found

    def logs(self, service: str) -> str:
        done = docker(self.engine, "logs", "--tail=60", self.container(service))
        return done.stdout + done.stderr

    def inside(self, service: str, *words: str) -> subprocess.CompletedProcess[str]:
        return docker(self.engine, "exec", self.container(service), *words, check=False)

    def manage(self, *words: str, given: object = None) -> str:
        """manage.py in web's container, with JSON on its input."""
        text = "" if given is None else json.dumps(given)
        return self.run("exec", "-T", "web", "python", "manage.py", *words, given=text).stdout


@contextlib.contextmanager
def composed(engine: str, file: Path, variables: Mapping[str, str]) -> Iterator[Composed]:
    """Up, and at the end away with its volumes, whatever happened."""
    portal = Composed(engine, file, {"COMPOSE_PROJECT_NAME": f"slipway-{file.stem.replace('.', '-')}", **variables})
    try:
        portal.up()
        yield portal
    finally:
        portal.run("down", "--volumes", "--timeout", "10")


def program() -> list[str]:
    """Compose by whichever name this machine has it."""
    plugin = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    assert shutil.which("docker-compose"), "there is no Docker Compose: apt-get install docker-compose"
    return ["docker-compose"]


def write_secrets(folder: Path, cloud: Mapping[str, Any]) -> dict[str, str]:
    """What docs/docker.md says of the folder of secrets; the values. `cloud` is minicloud's cloud.json."""
    folder.mkdir(mode=0o700)
    values = {name: secrets.token_hex(32) for name in ("secret_key", "database_password", "redis_password")}
    at = {"auth_url": cloud["auth_url"], "user_domain_name": cloud["user_domain"]}
    entries = {"campus": cloud, "provisioner": cloud["provisioner"]}
    people = {name: {key: each[key] for key in ("username", "password")} for name, each in entries.items()}
    clouds = {name: {"auth": {**at, **who}, "region_name": cloud["region"]} for name, who in people.items()}
    for name, text in {**values, "clouds.yaml": yaml.safe_dump({"clouds": clouds})}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o444)
    return values


def write_environment(path: Path, settings: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
