"""A worker is a member when the master and the namenode say so of that very worker."""

from __future__ import annotations

import json

import pytest

from cloudinit.frameworks.spark.membership import datanode_gap, worker_gap

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
    assert "no live datanode at 127.88.3.12:9866" in datanode_gap(live, "127.88.3.12")
    assert "no live datanode" in datanode_gap({}, ADDRESS)
    assert "no live datanode" in datanode_gap({"LiveNodes": "{}", "DeadNodes": live["LiveNodes"]}, ADDRESS)
