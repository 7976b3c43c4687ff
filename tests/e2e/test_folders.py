"""A folder of a course outlives the clusters that mount it, and lets in their machines alone.

The tests stand in the order of a folder's life and share two clusters, of two people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from manilaclient import client as manila_client

from cli.slipway_client import ApiError, Client
from launcher.testing import Embedded
from tests.e2e import faults
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import log_in, stacks_of

JOB = Path(__file__).parent / "share_job.py"
PATH = "/data/numbers"
Json = dict[str, Any]
# What the second cluster has beside the folder.
MORE = {
    "scratch": {"size_gb": 1, "share_type": "nfs"},
    "spread": True,
    "settings": {"spark": {"spark.sql.shuffle.partitions": "7"}},
}


@pytest.fixture(scope="module")
def writer(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def reader(person: Callable[[str], Client]) -> Client:
    return person("student2")


@pytest.fixture(scope="module")
def manila(house: Embedded) -> Any:
    """Manila, asked behind the portal's back."""
    return manila_client.Client("2.65", session=log_in(house, "demo"), service_type="sharev2")


@pytest.fixture(scope="module")
def folder(house: Embedded, writer: Client) -> Json:
    """It is made although the portal's worker is killed in the middle of it."""
    made = writer.create_folder(writer.courses()[0]["id"], "numbers", 1)
    faults.kill(house, "worker")
    return writer.wait_for_folder(made["id"], 60)


@pytest.fixture(scope="module")
def clusters(writer: Client, reader: Client, folder: Json) -> Iterator[tuple[Json, Json]]:
    made = []
    for person, access, more in ((writer, "rw", {}), (reader, "ro", MORE)):
        uses = [{"folder": folder["id"], "path": PATH, "access": access}]
        made.append(
            person.create_cluster(folder["course"], f"{access} numbers", 1, "small", 1, folders=uses, more=more)
        )
    ready = [
        person.wait_for_cluster(cluster["id"], 240) for person, cluster in zip((writer, reader), made, strict=True)
    ]
    yield ready[0], ready[1]
    for person, cluster in zip((writer, reader), made, strict=True):
        person.delete_cluster(cluster["id"])
        person.wait_for_cluster(cluster["id"], 120, ends=("deleted",))


def shares_of(manila: Any, folder: Json) -> list[Any]:
    return [share for share in manila.shares.list() if folder["id"] in (share.name or "")]


def rules_of(manila: Any, folder: Json) -> set[tuple[str, str]]:
    (share,) = shares_of(manila, folder)
    return {(rule.access_to, rule.access_level) for rule in manila.share_access_rules.access_list(share)}


def run(person: Client, cluster: Json, wanted: str) -> str:
    """The log of a job, which must succeed."""
    job = person.submit_job(cluster["id"], JOB, [PATH, wanted])
    assert person.wait_for_job(job["id"], 180)["status"] == "succeeded", person.log(job["id"])[-3000:]
    return person.log(job["id"])


def test_a_folder_is_one_share_however_often_the_portal_was_killed(manila: Any, folder: Json) -> None:
    assert (folder["status"], folder["size_gb"]) == ("available", 1), folder
    (share,) = shares_of(manila, folder)
    assert (share.status, share.size) == ("available", 1)


def test_each_machine_is_let_in_and_nobody_else(manila: Any, folder: Json, clusters: tuple[Json, Json]) -> None:
    assert [cluster["status"] for cluster in clusters] == ["ready", "ready"], clusters
    writing, reading = clusters
    wanted = {(node["address"], "rw") for node in writing["nodes"]} | {
        (node["address"], "ro") for node in reading["nodes"]
    }
    assert len(wanted) == 4
    assert rules_of(manila, folder) == wanted


def test_a_scratch_share_in_the_stack_is_mounted_by_the_machines_of_its_cluster_alone(
    manila: Any, clusters: tuple[Json, Json]
) -> None:
    _, cluster = clusters
    (share,) = [share for share in manila.shares.list() if share.name == f"slipway-{cluster['id']}-scratch"]
    assert manila.shares.get(share).metadata["slipway_owner"] == "student2"
    rules = {(rule.access_to, rule.access_level) for rule in manila.share_access_rules.access_list(share)}
    assert rules == {(node["address"], "rw") for node in cluster["nodes"]}


def test_a_job_writes_to_the_folder(writer: Client, clusters: tuple[Json, Json]) -> None:
    log = run(writer, clusters[0], "write")
    assert "rows: 1000" in log
    assert "a note was written" in log


def test_a_folder_in_use_is_not_deleted(writer: Client, folder: Json, clusters: tuple[Json, Json]) -> None:
    with pytest.raises(ApiError) as refusal:
        writer.delete_folder(folder["id"])
    assert refusal.value.status == 409
    assert "rw numbers" in refusal.value.detail
    assert "1 cluster of others" in refusal.value.detail


def test_growing_keeps_the_share_and_the_quotas_no_changes_nothing(manila: Any, writer: Client, folder: Json) -> None:
    (before,) = shares_of(manila, folder)
    writer.grow_folder(folder["id"], 2)
    grown = writer.wait_for_folder(folder["id"], 60)
    assert (grown["status"], grown["size_gb"]) == ("available", 2)
    (after,) = shares_of(manila, folder)
    assert (after.id, after.size) == (before.id, 2)


def test_the_clouds_quota_is_told_in_plain_words(person: Callable[[str], Client], folder: Json) -> None:
    teacher = person("teacher")
    made = teacher.create_folder(folder["course"], "too much", 5000)
    refused = teacher.wait_for_folder(made["id"], 60)
    assert refused["status"] == "failed"
    assert "not so much room" in refused["failure"]["why"]
    small = teacher.create_folder(folder["course"], "enough", 1)
    teacher.wait_for_folder(small["id"], 60)
    teacher.grow_folder(small["id"], 6000)
    kept = teacher.wait_for_folder(small["id"], 60)
    assert (kept["status"], kept["size_gb"]) == ("available", 1)
    assert "It is as it was" in kept["failure"]["what"]
    for each in (made, small):
        teacher.delete_folder(each["id"])
        assert teacher.wait_for_folder(each["id"], 60, ends=("deleted",))["status"] == "deleted"


def test_a_cluster_that_goes_gives_its_access_back_first(
    house: Embedded, manila: Any, writer: Client, folder: Json, clusters: tuple[Json, Json]
) -> None:
    """Manila is away for a while, and the stack waits for it."""
    writing, reading = clusters
    addresses = {node["address"] for node in writing["nodes"]}
    with faults.without(house, "manila"):
        writer.delete_cluster(writing["id"])
        waiting = until("a word", lambda: writer.cluster(writing["id"])["waiting_for"], 20)
        assert "take back" in waiting
        assert f"slipway-{writing['id']}" in stacks_of(house)
    until(
        "the end of the stack",
        lambda: f"slipway-{writing['id']}" not in stacks_of(house) and not_before(addresses, rules_of(manila, folder)),
        90,
    )
    assert writer.wait_for_cluster(writing["id"], 60, ends=("deleted",))["status"] == "deleted"
    assert rules_of(manila, folder) == {(node["address"], "ro") for node in reading["nodes"]}


def not_before(addresses: set[str], rules: set[tuple[str, str]]) -> bool:
    """The stack is gone: no rule may name one of its machines any more."""
    assert not {address for address, _ in rules} & addresses
    return True


def test_what_a_cluster_wrote_outlives_it_and_is_read_by_another_that_may_only_read(
    reader: Client, clusters: tuple[Json, Json]
) -> None:
    log = run(reader, clusters[1], "read")
    assert "rows: 1000" in log
    assert "Read-only file system" in log
    assert "a note was written" not in log


def test_the_folder_goes_when_nobody_uses_it_and_nothing_is_left(
    manila: Any, writer: Client, reader: Client, folder: Json, clusters: tuple[Json, Json]
) -> None:
    reader.delete_cluster(clusters[1]["id"])
    reader.wait_for_cluster(clusters[1]["id"], 120, ends=("deleted",))
    assert rules_of(manila, folder) == set()
    writer.delete_folder(folder["id"])
    assert writer.wait_for_folder(folder["id"], 60, ends=("deleted",))["status"] == "deleted"
    assert shares_of(manila, folder) == []
    assert not [share.name for share in manila.shares.list() if clusters[1]["id"] in (share.name or "")]
