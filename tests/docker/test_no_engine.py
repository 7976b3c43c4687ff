"""Without an engine nodes cannot be containers: that is said before anything is made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from launcher.paths import TOP


def test_up_says_so_and_makes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    nowhere = f"unix://{tmp_path / 'docker.sock'}"
    wish = {"SLIPWAY_HOME": str(home), "SLIPWAY_MINICLOUD_DRIVER": "docker", "DOCKER_HOST": nowhere}
    done = subprocess.run(
        [TOP / "slipway", "up"],
        check=False,
        env={**os.environ, **wish},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "no Docker engine answers" in done.stderr
    assert nowhere in done.stderr
    assert "unset SLIPWAY_MINICLOUD_DRIVER" in done.stderr
    assert not home.exists()
