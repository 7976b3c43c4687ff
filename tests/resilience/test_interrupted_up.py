"""Ctrl-C at ten random moments of a first `up`: the next one goes on, and all comes up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import paths
from launcher.__main__ import INTERRUPTED
from tests.e2e.node_harness import built_bundle
from tests.e2e.remains import processes_below, strays

LATEST = 6.0  # seconds; a tenth of a first `up` and more
MOMENTS = 10


class NewMachine:
    """A home and a cache with nothing in them but downloads, and the bundle's large parts."""

    def __init__(self, folder: Path) -> None:
        shared = built_bundle().parent.parent
        self.home, cache = folder / "home", folder / "cache"
        cache.mkdir()
        (cache / "parts").symlink_to(shared / "parts")
        (cache / "downloads").symlink_to(shared / "downloads")
        own = {"SLIPWAY_HOME": str(self.home), "SLIPWAY_CACHE": str(cache), "UV_CACHE_DIR": str(shared / "uv")}
        self.environment = {**os.environ, **own}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            # What a shell starts in the background ignores Ctrl-C, and hands that on: the tests may run so.
            ["env", "--default-signal=INT", str(paths.TOP / "slipway"), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def slipway(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output


@pytest.fixture
def machine() -> Iterator[NewMachine]:
    with tempfile.TemporaryDirectory(prefix="slipway-new-", dir="/var/tmp") as folder:
        # As root the nodes' users must reach it.
        Path(folder).chmod(0o711)
        found = NewMachine(Path(folder))
        try:
            yield found
        finally:
            found.slipway("reset", "--yes")
        assert processes_below(found.home) == []


def test_up_can_be_interrupted_at_any_moment(machine: NewMachine) -> None:
    seed = int(os.environ.get("SLIPWAY_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SLIPWAY_TEST_SEED={seed} repeats this")
    chosen = random.Random(seed)
    for _ in range(MOMENTS):
        interrupt(machine.start("up"), chosen.uniform(0, LATEST))
    machine.slipway("up")
    report = json.loads(machine.slipway("status", "--json"))
    assert report["state"] == "up", report
    assert strays(machine.home) == []


def interrupt(process: subprocess.Popen[str], moment: float) -> None:
    """Ctrl-C for the whole group, as a terminal sends it, so long after the first words."""
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Slipway: bringing up")
    try:
        output, _ = process.communicate(timeout=moment)
        assert process.returncode == 0, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        print(f"interrupted after {moment:.2f} s in: {output.splitlines()[-3:]}")
        assert process.returncode == INTERRUPTED, output
        assert "Interrupted. Nothing is half-done" in output
        assert "Traceback" not in output
