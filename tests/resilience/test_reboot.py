"""The machine is switched off and on again: `up` brings all back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.e2e import faults
from tests.e2e.remains import processes_below, stacks_of

SESSION = "from pyspark.sql import SparkSession; import os; spark = SparkSession.builder.getOrCreate()\n"
PLACE = 'place = os.environ["SLIPWAY_JOB_DIR"].rpartition("/jobs/")[0] + "/kept"\n'


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


def test_a_cluster_survives_two_reboots_one_of_them_in_its_create(
    house: Embedded, student: Client, tmp_path: Path
) -> None:
    cluster_id = faults.make_cluster(student, "rebooted")
    faults.switch_off(house)
    house.slipway("up")
    made = student.wait_for_cluster(cluster_id, 240)
    assert made["status"] == "ready", made["failure"]
    faults.run(student, cluster_id, tmp_path / "keep.py", SESSION + PLACE + "spark.range(11).write.parquet(place)")

    faults.switch_off(house)
    house.slipway("up")
    assert student.cluster(cluster_id)["status"] == "ready"
    count = "print('rows', spark.read.parquet(place).count())"
    assert "rows 11" in faults.run(student, cluster_id, tmp_path / "count.py", SESSION + PLACE + count)

    student.delete_cluster(cluster_id)
    student.wait_for_cluster(cluster_id, 120, ends=("deleted",))
    assert stacks_of(house) == []
    assert list((house.home / "minicloud" / "servers").iterdir()) == []
    assert [process.command for process in processes_below(house.home) if "java" in process.command] == []
