"""What Spark and HDFS are told on each node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cloudinit.frameworks import manifest
from cloudinit.frameworks.node import ConfigurationFile
from cloudinit.frameworks.spark import node as spark
from cloudinit.frameworks.spark.sizes import DAEMONS_MB, sizes
from cloudinit.slipway_node.node import Node


def file(node: Node, name: str) -> ConfigurationFile:
    return next(file for file in spark.configuration(node) if file.path.name == name)


def properties(node: Node, name: str) -> dict[str, str]:
    root = ElementTree.fromstring(file(node, name).text)  # noqa: S314
    return {entry.findtext("name", ""): entry.findtext("value", "") for entry in root}


def defaults(node: Node) -> dict[str, str]:
    lines = file(node, "spark-defaults.conf").text.splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_it_turns_on_sparks_authentication_and_encryption_and_off_what_asks_for_no_secret(master: Node) -> None:
    found = defaults(master)
    assert found["spark.authenticate"] == "true"
    assert found["spark.authenticate.secret"] == master.secret
    assert found["spark.network.crypto.enabled"] == "true"
    assert found["spark.network.crypto.authEngineVersion"] == "2"
    assert found["spark.network.crypto.cipher"] == "AES/GCM/NoPadding"
    assert found["spark.master.rest.enabled"] == "false"
    assert found["spark.ui.killEnabled"] == "false"
    assert found["spark.master.ui.decommission.allow.mode"] == "DENY"


def test_it_keeps_the_secret_in_one_file_for_the_owner_only_and_on_no_command_line(master: Node, worker: Node) -> None:
    for node in (master, worker):
        holders = [found for found in spark.configuration(node) if node.secret in found.text]
        assert [(found.path.name, found.mode) for found in holders] == [("spark-defaults.conf", 0o600)]
        assert all(node.secret not in str(service.program) for service in spark.services(node))
        assert node.secret not in str(spark.job_command(node, Path("a.py"), [], "hdfs:///"))


def test_it_opens_hdfs_to_the_cluster_and_the_gateway_only(master: Node) -> None:
    friends = "127.88.3.10,127.88.3.11,127.88.3.12,127.88.3.2"
    assert properties(master, "core-site.xml")["slipway.http.hosts"] == friends
    assert set(properties(master, "hadoop-policy.xml").values()) == {friends}
    assert properties(master, "core-site.xml")["hadoop.security.authorization"] == "true"
    assert file(master, "datanodes.include").text == "127.88.3.11\n127.88.3.12\n"


def test_it_never_asks_for_more_copies_than_there_are_datanodes(master: Node) -> None:
    assert properties(master, "hdfs-site.xml")["dfs.replication"] == "2"
    alone = replace(master, hosts={"master": "127.88.3.10", "worker-01": "127.88.3.11"})
    assert properties(alone, "hdfs-site.xml")["dfs.replication"] == "1"


def test_it_keeps_values_from_breaking_out_of_xml(worker: Node) -> None:
    odd = replace(worker, root=Path("/srv/a & <b>"))
    assert properties(odd, "core-site.xml")["hadoop.tmp.dir"] == "/srv/a & <b>/var/lib/slipway/tmp"


@pytest.mark.parametrize("role", ["master", "worker"])
def test_it_runs_the_services_that_the_manifest_names(role: str, master: Node, worker: Node) -> None:
    node = master if role == "master" else worker
    names = tuple(service.name for service in spark.services(node))
    assert names == manifest("spark").role(role).services


def test_it_formats_on_the_master_only_and_only_once(master: Node, worker: Node) -> None:
    program = spark.format_program(master)
    assert program is not None
    assert program.command[-4:] == ("-format", "-nonInteractive", "-clusterid", "CID-5b6c")
    assert spark.format_program(worker) is None
    version = master.path("/var/lib/slipway/name/current/VERSION")
    version.parent.mkdir(parents=True)
    version.touch()
    assert spark.format_program(master) is None


def test_it_starts_a_worker_when_the_master_answers(worker: Node) -> None:
    command = spark.services(worker)[1].program.command
    assert "-Dslipway.wait=master.c1.slipway.internal:7077" in command
    assert "slipway.Launch" in command


def test_it_resolves_names_by_a_file_of_its_own_only_where_nodes_share_a_machine(worker: Node) -> None:
    def resolves(node: Node) -> bool:
        return any("jdk.net.hosts.file" in part for part in spark.services(node)[0].program.command)

    assert resolves(worker)
    assert not resolves(replace(worker, embedded=False))


def test_it_gives_a_job_its_folder_its_application_and_its_arguments(master: Node) -> None:
    command, environment = spark.job_command(master, Path("/x/a b.py"), ["--name", "y z"], "hdfs://m:8020/jobs/1")
    assert command[-3:] == ["/x/a b.py", "--name", "y z"]
    assert environment["SLIPWAY_JOB_DIR"] == "hdfs://m:8020/jobs/1"
    assert spark.job_directory_uri(master, "1") == "hdfs://master.c1.slipway.internal:8020/jobs/1"


@pytest.mark.parametrize("memory_mb", [1024, 1536, 2048, 3072, 4096, 8192, 65536])
def test_it_leaves_memory_for_the_daemons_beside_the_jobs(memory_mb: int) -> None:
    found = sizes(memory_mb)
    assert found.executor <= found.offered
    assert found.executor >= 512
    assert found.executor + DAEMONS_MB <= max(memory_mb, 512 + DAEMONS_MB)
    assert found.small == (memory_mb <= 2048)
