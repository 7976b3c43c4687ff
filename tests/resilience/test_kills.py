"""kill -9 of each service in the middle of a create, of a job and of a delete: it all ends well, without a click.

"In the middle" is seen, not slept for: a create that has some of its steps, a job that runs, a stack that Heat deletes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cli.slipway_client import Client
from launcher import paths, redis
from launcher.testing import Embedded
from tests.e2e import faults
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import heat, stacks_of, strays


def flush(house: Embedded) -> None:
    assert redis.ask(paths.runtime_folder(house.home) / "redis.sock", "FLUSHALL") == "OK"


FAULTS: dict[str, Callable[[Embedded], None]] = {
    **{
        name: lambda house, name=name: faults.kill(house, name)  # type: ignore[misc]
        for name in ("web", "worker", "heat", "keystone", "compute", "redis", "postgres")
    },
    "redis, emptied": flush,
}


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def lived() -> list[faults.Json]:
    """The clusters of all cases, as they were at their end."""
    return []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cluster_lives_its_life_while_a_service_dies(
    fault: str, house: Embedded, student: Client, lived: list[faults.Json], tmp_path: Path
) -> None:
    strike = FAULTS[fault]
    cluster_id = faults.make_cluster(student, fault)
    strike(house)
    ready = student.wait_for_cluster(cluster_id, 180)
    assert ready["status"] == "ready", ready["failure"]

    program = tmp_path / "sum.py"
    program.write_text(faults.SUM)
    job_id = student.submit_job(cluster_id, program)["id"]
    until("the job to run", lambda: student.job(job_id)["status"] == "running")
    strike(house)
    job = student.wait_for_job(job_id, 180)
    assert job["status"] == "succeeded", job
    assert faults.SUM_SHOWN in student.log(job_id)

    student.delete_cluster(cluster_id)
    stacks = heat(house, "demo").stacks
    until("the stack's delete", lambda: [one for one in stacks.list() if one.stack_status == "DELETE_IN_PROGRESS"])
    strike(house)
    gone = student.wait_for_cluster(cluster_id, 180, ends=("deleted",))
    lived.append(gone)
    until("every service to answer", lambda: house.status()["state"] == "up")
    assert stacks_of(house) == []
    assert list((house.home / "minicloud" / "servers").iterdir()) == []
    assert strays(house.home) == []


def test_every_hour_of_these_clusters_is_recorded_once(house: Embedded, lived: list[faults.Json]) -> None:
    code = (
        "import json; from portal.clusters.accounting.metering import meter; from billing.models import Usage; "
        "meter(); "
        "print(json.dumps(sorted({(str(each.subject), each.hour.isoformat()) for each in Usage.objects.all()})))"
    )
    recorded = [tuple(row) for row in json.loads(house.slipway("manage", "shell", "-v0", "-c", code).stdout)]
    ids = {cluster["id"] for cluster in lived}
    expected = [(cluster["id"], hour) for cluster in lived for hour in hours_of(cluster)]
    assert len(ids) == len(FAULTS)
    assert sorted(row for row in recorded if row[0] in ids) == sorted(expected)


def hours_of(cluster: faults.Json) -> list[str]:
    """The hours of the clock that the cluster's ready time touches."""
    begin, end = (datetime.fromisoformat(cluster[name]) for name in ("ready_at", "ended_at"))
    hour = begin.replace(minute=0, second=0, microsecond=0)
    return [moment.isoformat() for number in range(3) if (moment := hour + timedelta(hours=number)) <= end]
