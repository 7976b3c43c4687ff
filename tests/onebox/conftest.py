"""A real OpenStack on this machine, the image in its Glance, and a portal that is connected by configuration alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.files import fingerprint, tree_fingerprint
from launcher.paths import TOP
from launcher.testing import Embedded, embedded
from tests.e2e.conftest import flights
from tests.onebox.cloud import PROGRAM, Cloud, overlay

__all__ = ["flights"]


@pytest.fixture(scope="session")
def cloud() -> Cloud:
    """Brought up where it is not; it stays up."""
    assert PROGRAM.exists(), f"there is no {PROGRAM}, which brings the OpenStack up that these tests are about"
    done = subprocess.run([PROGRAM], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return Cloud.found()


@pytest.fixture(scope="session")
def house(cloud: Cloud, image: str) -> Iterator[Embedded]:
    """A portal whose cloud is the real one: people and projects are Keystone's, flavors and images come from it."""
    with embedded(environment=cloud.environment()) as running:
        cloud.introduce(running)
        yield running


@pytest.fixture(scope="session")
def image(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of this checkout's image in Glance: made, unless one of the same sources is there."""
    own = overlay(cloud, tmp_path_factory.mktemp("overlay"))
    mark = fingerprint(tree_fingerprint(TOP, ("launcher/image", "cloudinit")), tree_fingerprint(own, (".",)))
    if found := cloud.image_made_from(mark):
        return found
    file = tmp_path_factory.mktemp("image") / "node.raw"
    words = ["image", "--for", "container", "--format", "raw", "--output", str(file), "--overlay", str(own)]
    for package in ("sshfs", "fuse3"):
        words += ["--package", package]
    done = subprocess.run(
        [TOP / "slipway", *words], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    described = json.loads(Path(f"{file}.json").read_text())
    name = cloud.upload(file, described, mark)
    file.unlink()
    return name
