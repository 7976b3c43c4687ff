"""What a node's container runs: cloud-init's stages where it has user-data, else the boot by the facts it was given."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "docker" / "node" / "tree" / "usr" / "local" / "sbin" / "slipway-server"
# Processes and folders of its own, as in a container: the script ends all processes that it sees.
APART = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = 'mount -t tmpfs none /opt && mkdir -p /opt/slipway/bin && cp "$1" /opt/slipway/bin/ && exec "$2"'

pytestmark = pytest.mark.skipif(
    subprocess.run([*APART, "true"], capture_output=True, check=False).returncode != 0,
    reason="this machine allows no namespaces",
)


def program(place: Path, text: str) -> Path:
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


def lived(folder: Path, last: str, environment: Mapping[str, str]) -> list[str]:
    """What it says, where it is told to end once it has said the last that it does by itself."""
    program(folder / "cloud-init", 'echo "stage $*"')
    node = program(folder / "slipway-node", 'echo "node $* by $SLIPWAY_FACTS"')
    server = subprocess.Popen(
        [*APART, "sh", "-c", INSIDE, "sh", str(node), str(SCRIPT)],
        env={"PATH": f"{folder}:{os.environ['PATH']}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line.partition("server: ")[2].strip() or line.strip())
            if said[-1] == last:
                first = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0]
                os.kill(int(first), signal.SIGTERM)
    assert server.returncode == 0
    return said


def test_a_container_with_user_data_goes_through_cloud_inits_stages(tmp_path: Path) -> None:
    said = lived(tmp_path, "cloud-init modules --mode=final ended with 0", {})
    assert [line for line in said if line.startswith("stage")] == [
        "stage init --local", "stage init", "stage modules --mode=config", "stage modules --mode=final"
    ]  # fmt: skip
    assert not any(line.startswith("node") for line in said)
    assert said[-2:] == ["ending", "ended"]


def test_a_container_with_facts_in_its_environment_boots_by_them_alone(tmp_path: Path) -> None:
    assert lived(tmp_path, "the boot ended with 0", {"SLIPWAY_FACTS": '{"version": 2}'}) == [
        'node boot by {"version": 2}', "the boot ended with 0", "ending", "ended"
    ]  # fmt: skip
