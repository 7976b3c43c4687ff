"""A student's whole way, by the portal's API alone. Played on the embedded cloud and on a real OpenStack.

A module that plays it has the fixture `stage`, and a class that inherits the steps; they stand in their order.
"""

from __future__ import annotations

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
DELETE_SECONDS = 300


@dataclass(frozen=True)
class Stage:
    """Where the scenario is played. `remains` asks the cloud itself what there is, by service."""

    student: Client
    flavor: str
    remains: Callable[[], dict[str, list[str]]]
    ready_seconds: float
    job_seconds: float
    took: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, began: float) -> None:
        self.took[what] = round(time.monotonic() - began, 1)


class Scenario:
    @pytest.fixture(scope="class")
    def cluster(self, stage: Stage) -> Iterator[dict[str, Any]]:
        """A cluster with two workers; what the cloud had before stands in `before`."""
        before = stage.remains()
        began = time.monotonic()
        (course,) = stage.student.courses()
        made = stage.student.create_cluster(course["id"], "the scenario", 2, stage.flavor, 2)
        try:
            ready = stage.student.wait_for_cluster(made["id"], stage.ready_seconds)
            stage.note("ready", began)
            yield {**ready, "before": before}
        finally:
            stage.student.delete_cluster(made["id"])
            stage.student.wait_for_cluster(made["id"], DELETE_SECONDS, ends=("deleted",))

    def test_a_cluster_with_two_workers_becomes_ready(self, cluster: dict[str, Any]) -> None:
        assert cluster["status"] == "ready", cluster["failure"]
        names = [node["name"] for node in cluster["nodes"] if node["state"] == "ready"]
        assert names == ["master", "worker-01", "worker-02"]

    def test_the_flights_job_gives_the_same_answer_as_pandas(
        self, stage: Stage, cluster: dict[str, Any], flights: Path, tmp_path: Path
    ) -> None:
        began = time.monotonic()
        job = stage.student.submit_job(cluster["id"], EXAMPLES / "flights.py", [flights.name], [flights])
        ended = stage.student.wait_for_job(job["id"], stage.job_seconds)
        stage.note("job", began)
        assert ended["status"] == "succeeded", stage.student.log(job["id"])[-4000:]
        expected = tables(flights)
        for name in ("carriers", "routes"):
            stage.student.download(job["id"], f"{name}.csv", tmp_path / name)
            pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), expected[name], rtol=1e-9, check_dtype=False)

    def test_after_the_delete_nothing_is_left_in_the_cloud(self, stage: Stage, cluster: dict[str, Any]) -> None:
        during = stage.remains()
        assert {name for name, found in during.items() if set(found) - set(cluster["before"][name])}, during
        began = time.monotonic()
        stage.student.delete_cluster(cluster["id"])
        gone = stage.student.wait_for_cluster(cluster["id"], DELETE_SECONDS, ends=("deleted",))
        stage.note("deleted", began)
        assert gone["status"] == "deleted"
        assert stage.remains() == cluster["before"]
