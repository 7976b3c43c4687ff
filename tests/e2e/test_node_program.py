"""A cluster of three nodes made by the node program alone: real HDFS, real Spark, and what strangers meet."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from cloudinit.frameworks import manifest
from cloudinit.frameworks.node import half
from cloudinit.slipway_node.facts import parse_facts, read_machine
from cloudinit.slipway_node.node import Node, make_node
from tests.e2e.node_harness import Cluster, Server, boot_all, built_bundle, make_cluster
from tests.e2e.package_index import add_wheel, serve

JOB_SECONDS = 240
SPARK = half("spark")
COUNT_WORDS = """
import os
import sys

import pandas
from pyspark import TaskContext
from pyspark.sql import SparkSession


def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])


def java_has_its_archive(pid):
    return "/jobs.jsa" in open(f"/proc/{pid}/maps").read()


def what_it_has(_):
    import harbour
    return harbour.pier(), TaskContext.get().resources()["gpu"].addresses


session = SparkSession.builder.appName("words").getOrCreate()
folder = os.environ["SLIPWAY_JOB_DIR"]
frame = session.createDataFrame([(number % 7, number) for number in range(70000)], ["key", "value"])
frame.repartition(4).write.parquet(folder + "/in")
sums = session.read.parquet(folder + "/in").groupBy("key").sum("value").orderBy("key")
sums.write.csv(folder + "/output")
rows = [line.value for line in session.read.text(folder + "/output").collect()]
print("ARGUMENTS", sys.argv[1:])
print("ROWS", sorted(rows))
places = session.sparkContext.parallelize(range(8), 8).map(lambda _: os.environ["SPARK_LOCAL_IP"])
print("HOSTS", sorted(set(places.collect())))
print("DRIVER'S ARCHIVE", java_has_its_archive(os.getppid()))
archives = session.sparkContext.parallelize(range(8), 8).map(lambda _: java_has_its_archive(parent(os.getppid())))
print("EXECUTORS' ARCHIVES", set(archives.collect()))
print("PACKAGES AND GPUS", session.sparkContext.parallelize(range(8), 8).map(what_it_has).collect() == [(4, ["0"])] * 8)
print("PARTITIONS", session.conf.get("spark.sql.shuffle.partitions"))
print("FRAME", type(sums.toPandas()) is pandas.DataFrame)
print("CIPHER", session.conf.get("spark.network.crypto.cipher"), session.conf.get("spark.authenticate"))
session.stop()
sys.exit(int(sys.argv[2]))
"""


HARBOUR = """
import pandas


def pier():
    return int(pandas.Series([1, 3]).sum())
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """It has no pandas: that is in the bundle."""
    folder = tmp_path_factory.mktemp("index")
    add_wheel(folder, "harbour", "1.0", HARBOUR, needs="pandas")
    with serve(folder) as address:
        yield address


@pytest.fixture(scope="module")
def cluster(index: str) -> Iterator[Cluster]:
    wishes = {
        "gpus": 1,
        "settings": {"spark": {"spark.sql.shuffle.partitions": "3"}, "hadoop": {"dfs.blocksize": "1048576"}},
        "packages": {"index": index, "names": ["harbour==1.0"]},
    }
    made = make_cluster(built_bundle(), workers=2, wishes=wishes)
    for server in made.servers.values():
        server.add_program("nvidia-smi", "#!/bin/sh\necho 0\n")
    try:
        codes = boot_all(made.servers.values())
        consoles = "\n".join(server.console.read_text() for server in made.servers.values())
        assert set(codes.values()) == {0}, consoles
        yield made
    finally:
        made.close()


def node_of(cluster: Cluster, name: str) -> Node:
    server = cluster.servers[name]
    facts = parse_facts(cluster.facts(name), cluster.bundle.name)
    return make_node(facts, read_machine(server.environment), cluster.bundle, "master")


def run(server: Server, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    process = server.popen(command, environment, stdout=subprocess.PIPE)
    output, _ = process.communicate(timeout=JOB_SECONDS)
    return process.returncode, output.decode(errors="replace")


def submit(cluster: Cluster, name: str, text: str, arguments: list[str]) -> tuple[int, str]:
    node, server = node_of(cluster, "master"), cluster.servers["master"]
    application = server.root / f"{name}.py"
    application.write_text(text)
    command, environment = SPARK.job_command(node, application, arguments, SPARK.job_directory_uri(node, name))
    return run(server, command, environment)


def copy_from_hdfs(cluster: Cluster, address: str, conf: str = "") -> tuple[int, str]:
    """List the root of HDFS with the node's own tool, as if from another address."""
    node, server = node_of(cluster, "master"), cluster.servers["master"]
    target = server.root / "var/lib/slipway/work" / f"copy-{address}"
    command, environment = SPARK.job_folder_command(node, "get", SPARK.job_directory_uri(node, ""), str(target), "0")
    command = [part.replace(f"slipway.address={node.address}", f"slipway.address={address}") for part in command]
    return run(server, command, environment)


def status(source: str, host: str, port: int, path: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=10, source_address=(source, 0))
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def ask(source: str, host: str, port: int, path: str) -> Any:
    connection = http.client.HTTPConnection(host, port, timeout=10, source_address=(source, 0))
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    finally:
        connection.close()


def test_it_signals_success_with_facts_from_each_node(cluster: Cluster) -> None:
    for name, address in cluster.hosts.items():
        (signal,) = cluster.cloud.signals[name]
        assert (signal["status"], signal["id"]) == ("SUCCESS", name)
        assert signal["data"]["address"] == address
        assert signal["data"]["bundle"] == cluster.bundle.name
        assert signal["data"]["memory_mb"] == 1536


def test_it_posts_each_step_of_the_manifest_once_and_in_order(cluster: Cluster) -> None:
    for name in cluster.hosts:
        role = manifest("spark").role(name.partition("-")[0])
        events = cluster.cloud.events[name]
        assert [event["step"] for event in events] == list(role.steps)
        assert {event["state"] for event in events} == {"done"}
        assert all(event["seconds"] >= 0 for event in events)


def test_each_daemon_has_its_classes_from_the_bundles_archives(cluster: Cluster) -> None:
    archives = (cluster.bundle / "archives").resolve()
    mapped = [
        name
        for pid in cluster.processes()
        for name in ("hadoop.jsa", "spark.jsa")
        if str(archives / name) in Path(f"/proc/{pid}/maps").read_text()
    ]
    assert sorted(mapped) == ["hadoop.jsa"] * 3 + ["spark.jsa"] * 3


def test_it_runs_a_job_that_reads_and_writes_hdfs_on_all_workers(cluster: Cluster) -> None:
    code, log = submit(cluster, "words", COUNT_WORDS, ["a b ü", "3"])
    assert code == 3, log
    assert "ARGUMENTS ['a b ü', '3']" in log
    assert str([f"{key},{sum(range(key, 70000, 7))}" for key in range(7)]) in log
    workers = sorted(address for name, address in cluster.hosts.items() if name != "master")
    assert f"HOSTS {workers}" in log
    assert "DRIVER'S ARCHIVE True" in log
    assert "EXECUTORS' ARCHIVES {True}" in log
    assert "PACKAGES AND GPUS True" in log
    assert "PARTITIONS 3" in log
    assert "FRAME True" in log
    assert "CIPHER AES/GCM/NoPadding true" in log


def test_its_master_knows_the_gpus_of_each_worker(cluster: Cluster) -> None:
    master = cluster.hosts["master"]
    workers = ask(master, master, 8080, "/json/")["workers"]
    assert [worker["resources"]["gpu"]["addresses"] for worker in workers] == [["0"], ["0"]]


def test_hdfs_goes_by_the_settings_of_the_clusters_owner(cluster: Cluster) -> None:
    master = cluster.hosts["master"]
    listing = ask(master, master, 9870, "/webhdfs/v1/jobs/words/output?op=LISTSTATUS")["FileStatuses"]["FileStatus"]
    assert {file["blockSize"] for file in listing} == {1048576}


def test_it_runs_no_job_that_has_not_the_clusters_secret(cluster: Cluster) -> None:
    node, server = node_of(cluster, "master"), cluster.servers["master"]
    application = server.root / "stranger.py"
    application.write_text("from pyspark import SparkContext\nprint('SUM', SparkContext().range(9).sum())\n")
    conf = server.root / "stranger-conf"
    with mock.patch("cloudinit.frameworks.spark.node._spark_conf", return_value=conf):
        command, environment = SPARK.job_command(replace(node, secret="f" * 32), application, [], "hdfs:///")
        for file in SPARK.configuration(replace(node, secret="f" * 32)):
            if file.path.parent == conf:
                conf.mkdir(exist_ok=True)
                file.path.write_text(file.text)
    process = server.popen(command, environment, stdout=subprocess.PIPE)
    try:
        output, _ = process.communicate(timeout=25)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    assert b"SUM" not in output
    assert application_names(cluster).count("stranger.py") == 0


def application_names(cluster: Cluster) -> list[str]:
    master = cluster.hosts["master"]
    state = ask(master, master, 8080, "/json/")
    return [application["name"] for application in [*state["activeapps"], *state["completedapps"]]]


def test_it_refuses_a_stranger_at_the_namenode(cluster: Cluster) -> None:
    code, output = copy_from_hdfs(cluster, cluster.hosts["worker-01"])
    assert code == 0, output
    code, output = copy_from_hdfs(cluster, cluster.stranger)
    assert code == 1
    assert "not authorized" in output


def test_it_closes_the_web_servers_of_hdfs_to_strangers(cluster: Cluster) -> None:
    master, worker = cluster.hosts["master"], cluster.hosts["worker-01"]
    gateway = cluster.facts("master")["cluster"]["gateway"]
    listing = "/webhdfs/v1/?op=LISTSTATUS"
    assert status(worker, master, 9870, listing) == 200
    assert status(gateway, master, 9870, "/jmx") == 200
    for path in (listing, "/jmx", "/dfshealth.html", "/imagetransfer?getimage=1&txid=latest"):
        assert status(cluster.stranger, master, 9870, path) == 403


def test_it_hands_out_no_file_at_a_datanode(cluster: Cluster) -> None:
    master, worker = cluster.hosts["master"], cluster.hosts["worker-01"]
    domain = cluster.facts("master")["cluster"]["domain"]
    files = ask(worker, master, 9870, "/webhdfs/v1/jobs/words/output?op=LISTSTATUS")["FileStatuses"]["FileStatus"]
    path = next(f"/jobs/words/output/{file['pathSuffix']}" for file in files if file["length"])
    query = f"op=OPEN&user.name=slipway&namenoderpcaddress=master.{domain}:8020&offset=0"
    for source in (cluster.stranger, master):
        assert status(source, worker, 9864, f"/webhdfs/v1{path}?{query}") == 403


def test_it_does_not_open_sparks_rest_server(cluster: Cluster) -> None:
    with pytest.raises(ConnectionRefusedError):
        status(cluster.hosts["master"], cluster.hosts["master"], 6066, "/v1/submissions/status/x")


def test_it_kills_no_worker_through_the_masters_pages(cluster: Cluster) -> None:
    connection = http.client.HTTPConnection(cluster.hosts["master"], 8080, timeout=10)
    connection.request("POST", f"/workers/kill/?host=worker-01.{cluster.facts('master')['cluster']['domain']}")
    assert connection.getresponse().status in (403, 405)


def test_it_keeps_the_secret_off_command_lines_logs_and_other_users_eyes(cluster: Cluster) -> None:
    lines = cluster.command_lines()
    assert sum(b"java" in line for line in lines) >= 6
    assert not [line for line in lines if cluster.secret.encode() in line]
    for server in cluster.servers.values():
        logs = [*Path(server.root / "var/log").rglob("*.log*"), server.console]
        assert len(logs) >= 4
        assert not [log for log in logs if cluster.secret in log.read_text(errors="replace")]
        holders = [
            file for file in (server.root / "etc").rglob("*") if file.is_file() and cluster.secret in file.read_text()
        ]
        assert sorted(file.name for file in holders) == ["facts.json", "spark-defaults.conf"]
        assert {file.stat().st_mode & 0o777 for file in holders} == {0o600}


def test_it_boots_again_without_harm_while_all_runs(cluster: Cluster) -> None:
    before = set(cluster.processes())
    assert set(boot_all(cluster.servers.values()).values()) == {0}
    assert before <= set(cluster.processes())
    assert all(len(signals) == 1 for signals in cluster.cloud.signals.values())


def test_it_keeps_the_data_over_a_restart_of_the_machine(cluster: Cluster) -> None:
    code, log = submit(
        cluster,
        "kept",
        "from pyspark.sql import SparkSession\nimport os\n"
        "SparkSession.builder.getOrCreate().range(11).write.parquet(os.environ['SLIPWAY_JOB_DIR'] + '/t')\n",
        [],
    )
    assert code == 0, log
    cluster.kill()
    assert set(boot_all(cluster.servers.values()).values()) == {0}
    code, log = submit(
        cluster,
        "read",
        "from pyspark.sql import SparkSession\nimport os\n"
        "print('ROWS', SparkSession.builder.getOrCreate().read.parquet("
        "os.environ['SLIPWAY_JOB_DIR'].replace('read', 'kept') + '/t').count())\n",
        [],
    )
    assert code == 0, log
    assert "ROWS 11" in log
