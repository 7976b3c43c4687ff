"""What a node says when it cannot become a member of its cluster: the step, the cause, the log's last lines."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node_harness import Cluster, built_bundle, make_cluster
from tests.e2e.package_index import add_wheel, serve


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = make_cluster(built_bundle(), workers=1)
    try:
        yield made
    finally:
        made.close()


def failure(cluster: Cluster, name: str, boot: Callable[[], int] | None = None) -> str:
    """Boot the node, which must fail; the reason that Heat was told."""
    assert (boot or cluster.servers[name].boot)() == 1
    (signal,) = cluster.cloud.signals[name]
    assert (signal["status"], signal["id"]) == ("FAILURE", name)
    assert len(signal["reason"]) <= 1500
    assert cluster.cloud.events[name][-1]["state"] == "failed"
    reason: str = signal["reason"]
    assert reason.startswith(cluster.cloud.events[name][-1]["step"] + ": ")
    return reason


def spoilt(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    return {**cluster.facts("master"), **changes}


def wish(cluster: Cluster, name: str, **wishes: Any) -> None:
    facts = dataclasses.replace(cluster, wishes=wishes).facts(name)
    cluster.servers[name].write_facts(facts)


def test_it_names_the_package_that_cannot_be_installed_and_what_pip_said(cluster: Cluster, tmp_path: Path) -> None:
    add_wheel(tmp_path, "harbour", "1.0", "", needs="pandas")
    with serve(tmp_path) as index:
        wish(cluster, "master", packages={"index": index, "names": ["harbour", "nosuch==9"]})
        reason = failure(cluster, "master")
    assert reason.startswith("packages: the Python package nosuch==9 could not be installed: No matching distribution")


def test_it_names_the_folder_that_cannot_be_mounted_and_what_mount_said(cluster: Cluster) -> None:
    mounts = [{"path": "/data/course", "protocol": "NFS", "export": "127.0.0.1:/nothing", "access": "rw"}]
    wish(cluster, "master", mounts=mounts, boot_seconds=2)
    reason = failure(cluster, "master")
    assert reason.startswith("mounts: ")
    assert "/data/course" in reason
    assert "mount" in reason.partition("/data/course")[2]


def test_it_tells_how_many_gpus_there_are_where_there_should_be_more(cluster: Cluster) -> None:
    wish(cluster, "worker-01", gpus=2)
    cluster.servers["worker-01"].add_program("nvidia-smi", "#!/bin/sh\necho 0\n")
    assert "is to have 2 GPUs, but nvidia-smi shows 1" in failure(cluster, "worker-01")


def test_it_refuses_a_setting_that_would_open_the_cluster(cluster: Cluster) -> None:
    wish(cluster, "master", settings={"spark": {"spark.acls.enable": "false"}})
    assert "'spark.acls.enable' belongs to the cluster's security" in failure(cluster, "master")


def test_it_names_a_port_that_is_taken_and_who_holds_it(cluster: Cluster) -> None:
    with socket.create_server((cluster.hosts["master"], 9870)):
        reason = failure(cluster, "master")
    assert f"port 9870 on {cluster.hosts['master']} is taken" in reason


def test_it_refuses_facts_of_a_version_that_it_does_not_know(cluster: Cluster) -> None:
    cluster.servers["master"].write_facts(spoilt(cluster, version=3))
    reason = failure(cluster, "master")
    assert "version 3" in reason
    assert "knows version 2" in reason


def test_it_refuses_to_run_where_the_portal_expects_another_bundle(cluster: Cluster) -> None:
    cluster.servers["master"].write_facts(spoilt(cluster, bundle="1-000000000000"))
    reason = failure(cluster, "master")
    assert "1-000000000000" in reason
    assert cluster.bundle.name in reason


def test_it_carries_the_cause_when_the_storage_cannot_be_formatted(cluster: Cluster) -> None:
    server = cluster.servers["master"]
    with socket.create_server((cluster.hosts["master"], 9870)):
        failure(cluster, "master")  # leaves a formatted folder
    cluster.cloud.signals.clear()
    name = server.root / "var/lib/slipway/name"
    for file in sorted(name.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    name.chmod(0o500)
    reason = failure(cluster, "master")
    assert reason.startswith("format: ")
    assert "could not be prepared" in reason
    assert "Permission denied" in reason


def test_it_never_formats_twice_and_tells_why_the_namenode_dies(cluster: Cluster) -> None:
    with socket.create_server((cluster.hosts["master"], 9870)):
        failure(cluster, "master")
    cluster.cloud.signals.clear()
    current = cluster.servers["master"].root / "var/lib/slipway/name/current"
    version = (current / "VERSION").read_text()
    for image in current.glob("fsimage*"):
        image.unlink()
    reason = failure(cluster, "master")
    assert "the service namenode ends again and again" in reason
    assert "NameNode" in reason
    assert (current / "VERSION").read_text() == version


def test_it_says_that_the_disk_is_full(cluster: Cluster) -> None:
    master = cluster.servers["master"]
    reason = failure(cluster, "master", lambda: master.boot_on_a_small_disk(512))
    assert "No space left on device" in reason


def test_it_says_that_the_master_refuses_its_secret(cluster: Cluster) -> None:
    cluster.servers["worker-01"].write_facts({**cluster.facts("worker-01"), "secret": "0" * 32})
    assert cluster.servers["master"].boot() == 0
    assert "Spark's master refuses this node's secret" in failure(cluster, "worker-01")
