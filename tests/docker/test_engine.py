"""The engine of a run's own ends with all that it had."""

from __future__ import annotations

import tarfile
from pathlib import Path

from tests.docker_engine import docker, docker_engine


def test_nothing_is_left_of_it_when_a_container_had_the_machines_network(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w") as root:
        root.add("/bin/true", "true")
    with docker_engine() as address:
        folder = Path(address.removeprefix("unix://")).parent
        docker(address, "import", str(tmp_path / "root.tar"), "small:1")
        docker(address, "create", "--network=host", "--name=one", "small:1", "/true")
        # Whether it can start matters not: it was given its network before.
        docker(address, "start", "one", check=False)
        assert str(folder) in Path("/proc/self/mountinfo").read_text()
    assert not folder.exists()
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
