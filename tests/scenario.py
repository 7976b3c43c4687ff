"""A student's whole way, by the portal's API alone. Played on the embedded cloud and on a real OpenStack.

A module that plays it has the fixture `stage`, imports `folder` and `cluster`, and has a class that inherits the steps,
which stand in their order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cli.slipway_client import Client
from examples.flights_pandas import tables

EXAMPLES = Path(__file__).parents[1] / "examples"
KEPT_JOB = Path(__file__).with_name("kept_job.py")
FOLDER = "/data/scenario"
DELETE_SECONDS = 300


@dataclass(frozen=True)
class Stage:
    """Where the scenario is played, and as whom. `remains` asks the cloud itself, by service."""

    student: Client
    flavor: str
    remains: Callable[[], dict[str, list[str]]]
    ready_seconds: float
    job_seconds: float
    took: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, began: float) -> None:
        self.took[what] = round(time.monotonic() - began, 1)

    def more_than(self, before: dict[str, list[str]]) -> dict[str, list[str]]:
        """What the cloud has and had not before, by service. What others had may have gone meanwhile."""
        added = {service: sorted(set(found) - set(before[service])) for service, found in self.remains().items()}
        return {service: found for service, found in added.items() if found}

    def run(self, cluster: dict[str, Any], application: Path, arguments: list[str], files: list[Path]) -> str:
        """Submit a job, wait for its end; the job's id."""
        job = self.student.submit_job(cluster["id"], application, arguments, files)
        ended = self.student.wait_for_job(job["id"], self.job_seconds)
        assert ended["status"] == "succeeded", self.student.log(job["id"])[-4000:]
        return str(job["id"])

    def resized(self, cluster: dict[str, Any], workers: int) -> list[str]:
        """Ask for so many workers, wait for them; the names of the nodes."""
        self.student.resize_cluster(cluster["id"], workers)
        changed = self.student.wait_for_cluster(cluster["id"], self.ready_seconds)
        assert (changed["status"], changed["change_failure"]) == ("ready", None)
        return [node["name"] for node in changed["nodes"] if node["state"] == "ready"]

    def kept(self, cluster: dict[str, Any], verb: str) -> dict[str, Any]:
        """What tests/kept_job.py finds in HDFS and in the folder."""
        log = self.student.log(self.run(cluster, KEPT_JOB, [verb, FOLDER], []))
        (line,) = [line for line in log.splitlines() if line.startswith('{"rows"')]
        answer: dict[str, Any] = json.loads(line)
        return answer


@pytest.fixture(scope="module")
def folder(stage: Stage) -> Iterator[dict[str, Any]]:
    """A folder of the course; what the cloud had before stands in `before`."""
    before = stage.remains()
    (course,) = stage.student.courses()
    made = stage.student.create_folder(course["id"], "scenario", 1)
    try:
        yield {**stage.student.wait_for_folder(made["id"]), "before": before}
    finally:
        stage.student.delete_folder(made["id"])
        stage.student.wait_for_folder(made["id"], ends=("deleted",))


@pytest.fixture(scope="module")
def cluster(stage: Stage, folder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A cluster with two workers that mounts the folder."""
    began = time.monotonic()
    (course,) = stage.student.courses()
    use = {"folder": folder["id"], "path": FOLDER}
    made = stage.student.create_cluster(course["id"], "the scenario", 2, stage.flavor, 2, folders=[use])
    try:
        ready = stage.student.wait_for_cluster(made["id"], stage.ready_seconds)
        stage.note("ready", began)
        yield ready
    finally:
        stage.student.delete_cluster(made["id"])
        stage.student.wait_for_cluster(made["id"], DELETE_SECONDS, ends=("deleted",))


class Scenario:
    def test_a_cluster_with_two_workers_becomes_ready(self, cluster: dict[str, Any]) -> None:
        assert cluster["status"] == "ready", cluster["failure"]
        names = [node["name"] for node in cluster["nodes"] if node["state"] == "ready"]
        assert names == ["master", "worker-01", "worker-02"]

    def test_the_flights_job_gives_the_same_answer_as_pandas(
        self, stage: Stage, cluster: dict[str, Any], flights: Path, tmp_path: Path
    ) -> None:
        began = time.monotonic()
        job = stage.run(cluster, EXAMPLES / "flights.py", [flights.name], [flights])
        stage.note("job", began)
        expected = tables(flights)
        for name in ("carriers", "routes"):
            stage.student.download(job, f"{name}.csv", tmp_path / name)
            pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), expected[name], rtol=1e-9, check_dtype=False)

    def test_it_grows_to_three_workers_and_shrinks_to_two_without_losing_a_block(
        self, stage: Stage, cluster: dict[str, Any]
    ) -> None:
        written = stage.kept(cluster, "write")
        assert (written["rows"], written["seen by executors"]) == (200_000, ["written on the master\n"])
        began = time.monotonic()
        assert stage.resized(cluster, 3) == ["master", "worker-01", "worker-02", "worker-03"]
        stage.note("grown", began)
        assert stage.kept(cluster, "read") == written
        began = time.monotonic()
        assert len(stage.resized(cluster, 2)) == 3
        stage.note("shrunk", began)
        assert stage.kept(cluster, "read") == written

    def test_after_the_delete_nothing_is_left_in_the_cloud(
        self, stage: Stage, folder: dict[str, Any], cluster: dict[str, Any]
    ) -> None:
        assert stage.more_than(folder["before"])
        began = time.monotonic()
        stage.student.delete_cluster(cluster["id"])
        gone = stage.student.wait_for_cluster(cluster["id"], DELETE_SECONDS, ends=("deleted",))
        stage.note("deleted", began)
        assert gone["status"] == "deleted"
        stage.student.delete_folder(folder["id"])
        stage.student.wait_for_folder(folder["id"], ends=("deleted",))
        assert stage.more_than(folder["before"]) == {}
