"""The images of compose.yaml, built as docs/docker.md says, from a Debian that this machine makes where no registry
gives one."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from launcher.console import Console
from launcher.engine import Engine
from launcher.image import layers
from launcher.paths import TOP, resolve
from tests.docker_engine import docker

# What this machine trusts beside Debian's own authorities: it may stand before the package index.
AUTHORITIES = Path("/usr/local/share/ca-certificates")
BASE = "slipway-debian:of-this-machine"
BUILD_SECONDS = 1200


@dataclass(frozen=True)
class Images:
    """The variables that name them to compose, and what each took and measures."""

    names: dict[str, str]
    seconds: dict[str, float]
    megabytes: dict[str, int]


def build(engine: str, folder: Path) -> Images:
    base = _base(engine, folder)
    seconds = {}
    names = {
        "SLIPWAY_IMAGE": "slipway-portal:tested",
        "SLIPWAY_POSTGRES_IMAGE": "slipway-postgres:tested",
        "SLIPWAY_REDIS_IMAGE": "slipway-redis:tested",
    }
    stores = str(TOP / "docker" / "stores")
    contexts = {
        "SLIPWAY_IMAGE": ["--file", str(TOP / "docker/portal/Dockerfile"), str(TOP)],
        "SLIPWAY_POSTGRES_IMAGE": ["--target=postgres", stores],
        "SLIPWAY_REDIS_IMAGE": ["--target=redis", stores],
    }
    for variable, context in contexts.items():
        began = time.monotonic()
        _build(engine, names[variable], base, context)
        seconds[names[variable]] = round(time.monotonic() - began, 1)
    sizes = {name: docker(engine, "image", "inspect", "--format={{.Size}}", name).stdout for name in names.values()}
    return Images(names, seconds, {name: int(size) // 10**6 for name, size in sizes.items()})


def _build(engine: str, name: str, base: str, context: list[str]) -> None:
    # The machine's own network, as the engine of a test gives containers no way out.
    words = ["build", "--network=host", f"--build-arg=BASE={base}", f"--tag={name}", *context]
    done = subprocess.run(
        ["docker", *words],
        check=False,
        env={**os.environ, "DOCKER_HOST": engine, "DOCKER_BUILDKIT": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def _base(engine: str, folder: Path) -> str:
    """Debian with this machine's authorities."""
    paths = resolve(os.environ, os.geteuid())
    with Console().step("base of the images") as step:
        debian = layers.base(Engine(engine), paths.cache, step)
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(f"FROM {debian}\nCOPY authorities {AUTHORITIES}\n")
    entries = [("Dockerfile", dockerfile), ("authorities", AUTHORITIES)]
    Engine(engine).build(BASE, {}, partial(layers.write_context, entries, {}))
    return BASE
