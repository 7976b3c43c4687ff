"""Two homes on one machine at once, one of them with a path that is too long for any socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded, embedded
from tests.e2e import faults

LONG_NAME = "a home whose name is so long that no socket could be made below it " * 3 + "and with spaces in it"


@pytest.fixture
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


def test_two_homes_live_side_by_side_and_the_end_of_one_is_nothing_to_the_other(
    house: Embedded, student: Client, tmp_path: Path
) -> None:
    ours = faults.make_cluster(student, "beside another")
    with embedded(LONG_NAME) as other:
        neighbour = Client(other.url)
        neighbour.log_in("student", other.logins["student"])
        theirs = faults.make_cluster(neighbour, "beside another")
        assert student.wait_for_cluster(ours, 180)["status"] == "ready"
        assert neighbour.wait_for_cluster(theirs, 180)["status"] == "ready"
        assert addresses(student, ours).isdisjoint(addresses(neighbour, theirs))
        assert faults.SUM_SHOWN in faults.run(neighbour, theirs, tmp_path / "sum.py", faults.SUM)
    assert not other.home.exists()
    assert house.status()["state"] == "up"
    assert faults.SUM_SHOWN in faults.run(student, ours, tmp_path / "sum.py", faults.SUM)
    student.delete_cluster(ours)
    student.wait_for_cluster(ours, 120, ends=("deleted",))


def addresses(client: Client, cluster_id: str) -> set[str]:
    return {node["address"] for node in client.cluster(cluster_id)["nodes"]}
