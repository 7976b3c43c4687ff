"""A boot that fails is told at once, with the step, the cause and what to do; it costs nothing and leaves nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.e2e.faults import address_block, shell, with_changed_servers
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import assert_nothing_is_left, processes_below

LONGEST_SILENCE = 5.0  # seconds from the node's word to the person's page


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


def create(student: Client) -> dict[str, Any]:
    (course,) = student.courses()
    return student.create_cluster(course["id"], "doomed", 1, "small", 1)


def failed(house: Embedded, student: Client, cluster_id: str) -> dict[str, Any]:
    """The cluster after its failure, which came in time and cost nothing; it is deleted, and nothing is left of it."""
    cluster = student.wait_for_cluster(cluster_id, 240)
    assert cluster["status"] == "failed", cluster
    told, charged = shell(
        house,
        "import json; from billing.models import Meter; from portal.clusters.models import *; "
        f"from portal.clusters.accounting.metering import meter; meter(); c = Cluster.objects.get(pk='{cluster_id}'); "
        "e = c.events.filter(state='failed').earliest('at'); "
        "print(json.dumps([(c.ended_at - e.at).total_seconds(), Meter.objects.filter(subject=c.pk).count()]))",
    )
    assert told <= LONGEST_SILENCE
    assert charged == 0
    student.delete_cluster(cluster_id)
    student.wait_for_cluster(cluster_id, 120, ends=("deleted",))
    assert_nothing_is_left(house)
    return dict(cluster["failure"])


@contextlib.contextmanager
def listeners(house: Embedded, port: int) -> Iterator[None]:
    """Somebody else holds the port on every address that the next servers may get."""
    with contextlib.ExitStack() as held:
        for last in range(10, 20):
            held.enter_context(socket.create_server((f"{address_block(house)}.{last}", port)))
        yield


def test_a_port_that_is_taken(house: Embedded, student: Client) -> None:
    with listeners(house, 9864):
        failure = failed(house, student, create(student)["id"])
    assert failure["what"] == "The node worker-01 could not start."
    assert failure["why"].startswith("Starting the services: port 9864 on 127.")
    assert "is taken" in failure["why"].splitlines()[0]
    assert "Traceback" not in failure["why"]
    assert "have it ended" in failure["next"]


def test_a_service_that_dies_again_and_again(house: Embedded, student: Client) -> None:
    cluster_id = create(student)["id"]
    killed: set[int] = set()

    def kill_namenodes() -> bool:
        for process in processes_below(house.home):
            if (
                process.pid not in killed
                and "namenode.NameNode" in process.command
                and "-format" not in process.command
            ):
                killed.add(process.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        return student.cluster(cluster_id)["status"] == "failed"

    until("the failure", kill_namenodes, 120)
    failure = failed(house, student, cluster_id)
    assert failure["what"] == "The node master could not start."
    assert "the service namenode ends again and again" in failure["why"]
    assert failure["next"]


def test_a_node_with_another_secret(house: Embedded, student: Client) -> None:
    def spoil(record: dict[str, Any]) -> dict[str, Any]:
        if record["resource"] != "worker-01":
            return record
        line = next(line for line in record["user_data"].splitlines() if line.strip().startswith('{"'))
        secret = json.loads(line)["secret"]
        return record | {"user_data": record["user_data"].replace(secret, "0" * len(secret))}

    made = with_changed_servers(house, 2, spoil, lambda: create(student))
    failure = failed(house, student, made["id"])
    assert failure["what"] == "The node worker-01 could not start."
    assert "Checking that the node has joined the cluster: Spark's master refuses this node's secret" in failure["why"]
    assert "create it again" in failure["next"]
