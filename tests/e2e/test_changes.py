"""A cluster grows, shrinks under a running job, loses a worker and gets it back; the portal dies in the middle of each.

The tests stand in the order of a cluster's life and share the one cluster, as its boots are what takes the time.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import ApiError, Client
from launcher.testing import Embedded
from minicloud.registry import Registry
from tests.e2e import faults
from tests.e2e.minicloud_harness import until

Json = dict[str, Any]
WRITE = """
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().range(0, 200_000, 1, 8).write.parquet("/kept")
"""
SLOW_SUM = """
import time
from pyspark.sql import SparkSession

def slowly(numbers):
    time.sleep(2)
    return [sum(numbers)]

context = SparkSession.builder.getOrCreate().sparkContext
print("begun", flush=True)
total = context.parallelize(range(1_000_000), 12).map(lambda n: (n % 3, n)).groupByKey(6).mapPartitions(
    lambda groups: slowly(n for _, numbers in groups for n in numbers)
).sum()
print("the sum is", total)
"""
COUNT = """
from pyspark.sql import SparkSession
print("kept", SparkSession.builder.getOrCreate().read.parquet("/kept").count())
"""
SECONDS = 180
# What was measured with the intervals that small nodes have, and half as much again.
DECOMMISSION_SECONDS = 1.5 * 4.6


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def cluster_id(student: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of two workers with data in it."""
    (course,) = student.courses()
    made: str = student.create_cluster(course["id"], "changing", 2, "small", 2)["id"]
    try:
        assert student.wait_for_cluster(made, SECONDS)["status"] == "ready"
        faults.run(student, made, tmp_path_factory.mktemp("job") / "write.py", WRITE)
        yield made
    finally:
        student.delete_cluster(made)
        student.wait_for_cluster(made, SECONDS, ends=("deleted",))


def servers(house: Embedded, cluster_id: str) -> dict[str, tuple[str, int]]:
    """Of each node: its server's id, and when its first process started."""
    registry, found = Registry(house.home / "minicloud"), {}
    for identifier, record in registry.list_servers().items():
        if cluster_id in record["stack"]:
            found[record["resource"]] = (identifier, (registry.server_state(identifier) or {})["started"])
    return found


def blocks(student: Client, cluster_id: str) -> set[str]:
    """The blocks of the data, which must all be there in as many copies as they should."""
    master = student.cluster(cluster_id)["nodes"][0]["address"]
    connection = http.client.HTTPConnection(master, 9870, timeout=30, source_address=(master, 0))
    connection.request("GET", "/fsck?ugi=slipway&path=%2Fkept&files=1&blocks=1")
    report = connection.getresponse().read().decode()
    connection.close()
    assert "is HEALTHY" in report, report
    assert re.search(r"Under-replicated blocks:\s+0\b", report), report
    return set(re.findall(r"blk_\d+", report))


def ready_again(student: Client, cluster_id: str) -> Json:
    now = student.wait_for_cluster(cluster_id, SECONDS)
    assert (now["status"], now["change_failure"]) == ("ready", None), now
    return now


def kill_the_portals_worker(house: Embedded, student: Client, cluster_id: str, so_far: Callable[[Json], Any]) -> None:
    until("the middle of the change", lambda: so_far(student.cluster(cluster_id)))
    faults.kill(house, "worker")


def names(cluster: Json) -> list[str]:
    return [node["name"] for node in cluster["nodes"]]


def test_it_grows_and_what_was_there_is_not_touched(house: Embedded, student: Client, cluster_id: str) -> None:
    before, data = servers(house, cluster_id), blocks(student, cluster_id)
    assert data
    assert student.resize_cluster(cluster_id, 3)["status"] == "updating"
    assert student.resize_cluster(cluster_id, 3)["status"] == "updating"  # the same wish again
    with pytest.raises(ApiError, match="being changed"):
        student.resize_cluster(cluster_id, 5)
    kill_the_portals_worker(house, student, cluster_id, lambda now: now["progress"]["done"] > 0)
    now = ready_again(student, cluster_id)
    assert names(now) == ["master", "worker-01", "worker-02", "worker-03"]
    assert {node["state"] for node in now["nodes"]} == {"ready"}
    after = servers(house, cluster_id)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"worker-03"}
    assert blocks(student, cluster_id) == data


def test_it_shrinks_under_a_running_job_which_ends_with_the_right_answer(
    house: Embedded, student: Client, cluster_id: str, tmp_path: Path
) -> None:
    data = blocks(student, cluster_id)
    (tmp_path / "slow.py").write_text(SLOW_SUM)
    job = student.submit_job(cluster_id, tmp_path / "slow.py")["id"]
    until("the job to compute", lambda: "begun" in student.log(job))
    student.resize_cluster(cluster_id, remove=["worker-01"])
    kill_the_portals_worker(house, student, cluster_id, lambda now: now["status"] == "updating")
    now = ready_again(student, cluster_id)
    assert names(now) == ["master", "worker-02", "worker-03"]
    assert set(servers(house, cluster_id)) == {"master", "worker-02", "worker-03"}
    ended = student.wait_for_job(job, SECONDS)
    assert ended["status"] == "succeeded", student.log(job)[-4000:]
    assert "the sum is 499999500000" in student.log(job)
    assert blocks(student, cluster_id) == data


def test_it_does_not_shrink_below_the_copies_of_its_data(student: Client, cluster_id: str) -> None:
    with pytest.raises(ApiError, match="kept 2 times, and 1 workers would be left"):
        student.resize_cluster(cluster_id, 1)
    assert student.cluster(cluster_id)["status"] == "ready"


def test_a_lost_worker_is_seen_and_made_anew_in_its_place(
    house: Embedded, student: Client, cluster_id: str, tmp_path: Path
) -> None:
    before, data = servers(house, cluster_id), blocks(student, cluster_id)
    address = student.cluster(cluster_id)["nodes"][1]["address"]
    os.kill(init_of(house, before["worker-02"][0]), signal.SIGKILL)
    began = time.monotonic()
    until("the trouble to be shown", lambda: student.cluster(cluster_id)["nodes"][1]["state"] == "trouble", 30)
    print(f"\na lost worker was shown after {time.monotonic() - began:.1f} s")
    assert student.repair_cluster(cluster_id)["status"] == "updating"
    kill_the_portals_worker(house, student, cluster_id, lambda now: now["progress"]["done"] > 0)
    now = ready_again(student, cluster_id)
    after = servers(house, cluster_id)
    assert after["worker-02"][0] != before["worker-02"][0]
    assert {name: after[name] for name in ("master", "worker-03")} == {
        name: before[name] for name in ("master", "worker-03")
    }
    assert now["nodes"][1]["address"] == address
    until("all to be well", lambda: student.cluster(cluster_id)["health"]["state"] == "good", 30)
    assert "kept 200000" in faults.run(student, cluster_id, tmp_path / "count.py", COUNT)
    until("the copies to be complete", lambda: blocks(student, cluster_id) == data)


def test_a_master_is_not_made_anew(student: Client, cluster_id: str) -> None:
    with pytest.raises(ApiError, match="names of all files"):
        student.repair_cluster(cluster_id, ["master"])


def init_of(house: Embedded, server: str) -> int:
    state = Registry(house.home / "minicloud").server_state(server)
    assert state is not None
    return int(state["pid"])
