"""A worker is a member when the master and the namenode say so of that very worker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudinit.frameworks.spark.membership import (
    datanode_gap,
    departure_gap,
    idle_seconds,
    known_troubles,
    listing_gap,
    refusal,
    storage_of,
    worker_gap,
)

HOST, ADDRESS = "worker-01.c1.slipway.internal", "127.88.3.11"


def test_it_takes_a_worker_that_is_alive() -> None:
    assert worker_gap({"workers": [{"host": HOST, "state": "ALIVE"}]}, HOST) == ""


def test_it_takes_a_worker_that_came_back() -> None:
    workers = [{"host": HOST, "state": "ALIVE"}, {"host": HOST, "state": "DEAD"}]
    assert worker_gap({"workers": workers}, HOST) == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({}, "does not know"),
        ({"workers": [{"host": "worker-02", "state": "ALIVE"}]}, "does not know"),
        ({"workers": [{"host": HOST, "state": "DEAD"}]}, "is DEAD"),
    ],
)
def test_it_says_what_the_master_says_of_a_worker_that_is_no_member(status: dict[str, object], words: str) -> None:
    assert words in worker_gap(status, HOST)


def test_it_takes_a_datanode_that_is_live_and_no_other() -> None:
    live = {"LiveNodes": json.dumps({"x:9866": {"xferaddr": f"{ADDRESS}:9866"}})}
    assert datanode_gap(live, ADDRESS) == ""
    assert "no live datanode at 127.88.3.12" in datanode_gap(live, "127.88.3.12")
    assert "no live datanode" in datanode_gap({}, ADDRESS)
    assert "no live datanode" in datanode_gap({"LiveNodes": "{}", "DeadNodes": live["LiveNodes"]}, ADDRESS)


CUT_OFF = "26/11/21 11:51:43 ERROR TransportClientFactory: Exception while bootstrapping client after 6 ms\n"


def test_a_worker_that_is_cut_off_again_and_again_has_another_secret() -> None:
    assert refusal(f"INFO Worker: Started daemon with process name: 1@vm\n{CUT_OFF * 2}") == ""
    assert "secret" in refusal(f"INFO Worker: Started daemon with process name: 1@vm\n{CUT_OFF * 3}")


def test_what_a_worker_met_before_its_last_start_says_nothing_of_now() -> None:
    assert refusal(f"{CUT_OFF * 5}INFO Worker: Started daemon with process name: 2@vm\n{CUT_OFF}") == ""


NODES = {
    "master": ("master.c1", "127.88.3.10"),
    "worker-01": (HOST, ADDRESS),
    "worker-02": ("worker-02.c1", "127.88.3.12"),
}


def told(last_contact: int = 0, safe_mode: str = "") -> dict[str, object]:
    live = {"a": {"xferaddr": f"{ADDRESS}:9866", "lastContact": last_contact}, "b": {"xferaddr": "127.88.3.12:9866"}}
    return {"LiveNodes": json.dumps(live), "Safemode": safe_mode}


def alive(*hosts: str) -> dict[str, object]:
    return {"workers": [{"host": host, "state": "ALIVE"} for host in hosts]}


def test_a_cluster_in_which_all_live_has_no_troubles() -> None:
    assert known_troubles(alive(HOST, "worker-02.c1"), told(), NODES, "master") == {}


def test_each_node_in_trouble_is_named_with_all_that_is_wrong() -> None:
    troubles = known_troubles(alive("worker-02.c1"), told(last_contact=16), NODES, "master")
    assert list(troubles) == ["worker-01"]
    assert "Spark's master does not know" in troubles["worker-01"]
    assert "for 16 s" in troubles["worker-01"]


def test_a_file_system_in_safe_mode_is_the_masters_trouble() -> None:
    troubles = known_troubles(alive(HOST, "worker-02.c1"), told(safe_mode="Safe mode is ON."), NODES, "master")
    assert list(troubles) == ["master"]


WORKERS = {name: place for name, place in NODES.items() if name != "master"}


def listed(kind: str, **more: object) -> dict[str, object]:
    return {kind: json.dumps({"a": {"xferaddr": f"{ADDRESS}:9866", **more}})}


def test_the_storage_of_each_datanode_stands_under_its_nodes_name() -> None:
    live = listed("LiveNodes", capacity=10, usedSpace=3, remaining=5, numBlocks=7)
    assert storage_of(live, WORKERS) == {"worker-01": {"capacity": 10, "used": 3, "remaining": 5, "blocks": 7}}


NO_MORE_WORK = {"workers": [{"host": HOST, "state": "DECOMMISSIONED"}]}


@pytest.mark.parametrize(
    ("spark", "hdfs", "words"),
    [
        (alive(HOST), listed("LiveNodes", adminState="Decommissioned"), "still gives work"),
        (NO_MORE_WORK, listed("LiveNodes", adminState="In Service"), "has not begun"),
        (
            NO_MORE_WORK,
            listed("LiveNodes", adminState="Decommission In Progress") | listed("DecomNodes", underReplicatedBlocks=12),
            "still to copy 12 of its blocks",
        ),
        (NO_MORE_WORK, listed("LiveNodes", adminState="Decommissioned"), ""),
        ({}, listed("DeadNodes", decommissioned=True), ""),
        ({}, listed("DeadNodes", decommissioned=False), "has not begun"),
    ],
)
def test_a_node_may_leave_when_it_gets_no_work_and_all_its_blocks_are_elsewhere(
    spark: dict[str, object], hdfs: dict[str, object], words: str
) -> None:
    gap = departure_gap(spark, hdfs, {}, NODES["worker-01"])
    assert words in gap
    assert bool(gap) == bool(words)


def test_a_node_stays_while_a_file_is_being_written_as_hdfs_counts_whole_blocks_only() -> None:
    hdfs = listed("LiveNodes", adminState="Decommissioned")
    assert "still being written (2 are open)" in departure_gap(
        NO_MORE_WORK, hdfs, {"NumFilesUnderConstruction": 2}, NODES["worker-01"]
    )
    assert departure_gap(NO_MORE_WORK, hdfs, {"NumFilesUnderConstruction": 0}, NODES["worker-01"]) == ""


@pytest.mark.parametrize(
    ("more", "figures", "words"),
    [
        ({"NumberOfMissingBlocks": 3}, {}, "3 blocks are on no node that lives"),
        ({"HighestPriorityLowRedundancyReplicatedBlocks": 2}, {"PendingReconstructionBlocks": 1}, "copy 3 blocks"),
        ({"NumberOfMissingBlocks": 0}, {"PendingReconstructionBlocks": 0, "NumFilesUnderConstruction": 5}, ""),
    ],
)
def test_a_dead_datanode_may_leave_only_when_all_its_blocks_are_on_others(
    more: dict[str, object], figures: dict[str, object], words: str
) -> None:
    gap = departure_gap({}, listed("DeadNodes", decommissioned=True) | more, figures, NODES["worker-01"])
    assert words in gap
    assert bool(gap) == bool(words)


def test_the_namenode_goes_by_the_lists_when_it_knows_who_is_in_and_who_leaves() -> None:
    one = {"worker-01": NODES["worker-01"]}
    assert listing_gap(listed("LiveNodes", adminState="In Service"), one, frozenset()) == ""
    assert listing_gap(listed("DeadNodes"), one, frozenset()) == ""
    assert "does not admit worker-02" in listing_gap(listed("LiveNodes", adminState="In Service"), WORKERS, frozenset())
    assert "leaves" in listing_gap(listed("LiveNodes", adminState="In Service"), one, frozenset({"worker-01"}))
    assert "stays" in listing_gap(listed("LiveNodes", adminState="Decommissioned"), one, frozenset())
    assert listing_gap(listed("LiveNodes", adminState="Decommissioned"), one, frozenset({"worker-01"})) == ""


@pytest.mark.parametrize(
    ("spark", "seconds"),
    [
        ({}, None),
        ({"activeapps": [{"id": "a"}], "completedapps": [{"starttime": 1000, "duration": 1000}]}, 0),
        ({"completedapps": [{"starttime": 1000, "duration": 5000}, {"starttime": 2000, "duration": 1000}]}, 94),
        ({"completedapps": [{"starttime": 200_000, "duration": 0}]}, 0),
    ],
)
def test_for_how_long_no_application_has_run(spark: dict[str, Any], seconds: int | None) -> None:
    assert idle_seconds(spark, 100.0) == seconds
