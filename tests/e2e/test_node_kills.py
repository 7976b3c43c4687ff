"""kill -9 of a service of a node that is ready: its supervisor brings it back, and a job runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.e2e import faults
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import processes_below

# Service -> what stands on its command line.
SERVICES = {
    "namenode": "namenode.NameNode",
    "datanode": "datanode.DataNode",
    "master": "deploy.master.Master",
    "worker": "deploy.worker.Worker",
    "agent": "slipway-node.pyz agent",
}


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def cluster_id(student: Client) -> Iterator[str]:
    found = faults.make_cluster(student, "killed within")
    assert student.wait_for_cluster(found, 180)["status"] == "ready"
    yield found
    student.delete_cluster(found)
    student.wait_for_cluster(found, 120, ends=("deleted",))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_comes_back_and_a_job_runs(
    service: str, house: Embedded, student: Client, cluster_id: str, tmp_path: Path
) -> None:
    before = pids(house, SERVICES[service])
    assert len(before) == (2 if service == "agent" else 1)  # both nodes have one
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert faults.SUM_SHOWN in faults.run(student, cluster_id, tmp_path / "sum.py", faults.SUM)
    until(f"another {service}", lambda: len(pids(house, SERVICES[service]) - before) == len(before))


def pids(house: Embedded, words: str) -> set[int]:
    return {process.pid for process in processes_below(house.home) if words in process.command}
