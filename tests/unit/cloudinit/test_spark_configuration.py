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
from cloudinit.slipway_node.facts import Packages
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


def test_it_adds_the_settings_of_the_clusters_owner_to_the_file_that_they_belong_into(master: Node) -> None:
    wishes = {
        "spark": {"spark.sql.shuffle.partitions": "8", "spark.driver.memory": "700m", "spark.x.path": "a\\b"},
        "hadoop": {"dfs.replication": "1", "fs.trash.interval": "60"},
    }
    node = replace(master, settings=wishes)
    found = defaults(node)
    assert (found["spark.sql.shuffle.partitions"], found["spark.driver.memory"]) == ("8", "700m")
    assert found["spark.x.path"] == "a\\\\b"
    assert found["spark.authenticate"] == "true"
    assert properties(node, "hdfs-site.xml")["dfs.replication"] == "1"
    assert properties(node, "core-site.xml")["fs.trash.interval"] == "60"
    assert "fs.trash.interval" not in properties(node, "hdfs-site.xml")


@pytest.mark.parametrize(
    ("wanted", "heap"), [("700m", "700m"), ("2g", "2g"), ("2GB", "2g"), ("900", "900m"), ("much", "512m")]
)
def test_a_jobs_driver_has_the_memory_that_the_settings_ask_for(master: Node, wanted: str, heap: str) -> None:
    node = replace(master, settings={"spark": {"spark.driver.memory": wanted}})
    command, _ = spark.job_command(node, Path("a.py"), [], "hdfs:///")
    assert [word for word in command if word.startswith("-Xmx")] == [f"-Xmx{heap}"]


def test_hdfs_lies_on_each_volume_and_its_names_on_the_first(master: Node, worker: Node) -> None:
    disks = [worker.path(f"/var/lib/slipway/disks/{number}") for number in (1, 2)]
    holder = replace(worker, storage="volumes", volumes=("a", "b"))
    assert properties(holder, "hdfs-site.xml")["dfs.datanode.data.dir"] == f"{disks[0]}/data,{disks[1]}/data"
    assert spark.directories(holder)[:2] == [disks[0] / "data", disks[1] / "data"]
    names = replace(master, storage="volumes", volumes=("c", "d"))
    assert properties(names, "hdfs-site.xml")["dfs.namenode.name.dir"] == f"{disks[0]}/name"
    assert disks[1] / "name" not in spark.directories(names)
    assert properties(worker, "hdfs-site.xml")["dfs.datanode.data.dir"] == f"{worker.root}/var/lib/slipway/data"


def test_spark_sees_gpus_only_where_there_are_some(worker: Node) -> None:
    assert not [name for name in defaults(worker) if "gpu" in name]
    equipped = replace(worker, gpus=2)
    found = defaults(equipped)
    script = file(equipped, "gpus.sh")
    assert (found["spark.worker.resource.gpu.amount"], found["spark.executor.resource.gpu.amount"]) == ("2", "2")
    assert found["spark.worker.resource.gpu.discoveryScript"] == str(script.path)
    assert script.mode == 0o755
    alone = replace(equipped, settings={"spark": {"spark.task.resource.gpu.amount": "1"}})
    assert (found["spark.task.resource.gpu.amount"], defaults(alone)["spark.task.resource.gpu.amount"]) == ("0.01", "1")


def test_the_clusters_own_packages_stand_after_sparks_on_pythons_path(worker: Node) -> None:
    node = replace(worker, packages=Packages("", ("polars",)))
    for service in spark.services(node)[:2]:
        places = service.program.environment["PYTHONPATH"].split(":")
        assert places[0] == str(node.bundle / "spark")
        assert places[-1] == str(node.packages_folder)
    assert "None" not in spark.services(worker)[0].program.environment["PYTHONPATH"]


@pytest.mark.parametrize("role", ["master", "worker"])
def test_it_runs_the_services_that_the_manifest_names(role: str, master: Node, worker: Node) -> None:
    node = master if role == "master" else worker
    names = tuple(service.name for service in spark.services(node))
    assert names == manifest("spark").role(role).services


def test_it_holds_what_depends_on_the_master_back_until_the_master_has_started(master: Node, worker: Node) -> None:
    datanode, daemon, _ = (service.program.command for service in spark.services(worker))
    assert "-Dslipway.wait=http://master.c1.slipway.internal:8080/json/" in daemon
    assert "slipway.Launch" in daemon
    assert any(word.startswith("-Dslipway.wait=http://master.c1.slipway.internal:9870/") for word in datanode)
    assert not [word for service in spark.services(master) for word in service.program.command if "wait" in word]


def test_it_hurries_on_small_nodes_only(master: Node) -> None:
    large = replace(master, memory_mb=8192)
    hurried, unhurried = properties(master, "hdfs-site.xml"), properties(large, "hdfs-site.xml")
    assert hurried["dfs.namenode.safemode.extension"] == "0"
    assert set(hurried) - set(unhurried) == {
        "dfs.namenode.safemode.extension",
        "dfs.namenode.startup.delay.block.deletion.sec",
        "dfs.heartbeat.interval",
    }
    small_java, large_java = (spark.services(node)[0].program.command for node in (master, large))
    assert "-XX:TieredStopAtLevel=1" in small_java
    assert "-XX:TieredStopAtLevel=1" not in large_java


@pytest.mark.parametrize("memory_mb", [1536, 65536])
def test_hdfs_looks_each_second_how_far_a_leaving_node_is_on_nodes_of_any_size(master: Node, memory_mb: int) -> None:
    found = properties(replace(master, memory_mb=memory_mb), "hdfs-site.xml")
    assert found["dfs.namenode.decommission.interval"] == "1"
    assert found["dfs.namenode.redundancy.interval.seconds"] == "1s"


def test_it_starts_from_an_archive_of_classes_where_the_bundle_has_one(master: Node) -> None:
    def archives(node: Node) -> list[str]:
        words = [word for service in spark.services(node) for word in service.program.command]
        return [word.rpartition("/")[2] for word in words if word.startswith("-XX:SharedArchiveFile=")]

    assert archives(master) == []
    (master.bundle / "archives").mkdir(parents=True)
    for name in ("hadoop.jsa", "spark.jsa"):
        (master.bundle / "archives" / name).touch()
    assert archives(master) == ["hadoop.jsa", "spark.jsa"]


def test_it_names_our_jars_by_the_place_that_they_name_others_from(master: Node, tmp_path: Path) -> None:
    part = tmp_path / "parts" / "java-0123"
    part.mkdir(parents=True)
    master.bundle.mkdir()
    (master.bundle / "java").symlink_to(part)
    command = spark.services(master)[1].program.command
    assert command[command.index("-cp") + 1] == str(part / "spark-path.jar")


def test_it_resolves_names_by_a_file_of_its_own_only_where_nodes_share_a_machine(worker: Node) -> None:
    def resolves(node: Node) -> bool:
        return any("jdk.net.hosts.file" in part for part in spark.services(node)[0].program.command)

    assert resolves(worker)
    assert not resolves(replace(worker, embedded=False))


def test_it_gives_a_job_its_folder_its_application_and_its_arguments(master: Node) -> None:
    command, environment = spark.job_command(master, Path("/x/a b.py"), ["--name", "y z"], "hdfs://m:8020/jobs/1")
    assert command[-4:] == ["org.apache.spark.deploy.SparkSubmit", "/x/a b.py", "--name", "y z"]
    assert environment["SLIPWAY_JOB_DIR"] == "hdfs://m:8020/jobs/1"
    assert spark.job_directory_uri(master, "1") == "hdfs://master.c1.slipway.internal:8020/jobs/1"


@pytest.mark.parametrize("memory_mb", [1024, 1536, 2048, 3072, 4096, 8192, 65536])
def test_it_leaves_memory_for_the_daemons_beside_the_jobs(memory_mb: int) -> None:
    found = sizes(memory_mb)
    assert found.executor <= found.offered
    assert found.executor >= 512
    assert found.executor + DAEMONS_MB <= max(memory_mb, 512 + DAEMONS_MB)
    assert found.small == (memory_mb <= 2048)
