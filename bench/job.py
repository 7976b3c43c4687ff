"""A job through the API against the same spark-submit by hand, on the same cluster.

    ./slipway tool python -m bench.job [--runs 5]

In turns, on one embedded house of its own: (a) the program through the API, from the request to `ended_at`, with its
log and its output at the portal; (b) the command that the node program makes for a job, started on the master by hand
as the node's user, with the same program and the same data from HDFS; its output stays in HDFS.

It fails where the median of (a) is more than 1.4 times that of (b), or an answer is wrong. The goal is 1.1.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from cloudinit.frameworks.node import Half, half
from cloudinit.slipway_node.facts import PATH, parse_facts, read_document, read_machine
from cloudinit.slipway_node.folder_tool import LOCALE
from cloudinit.slipway_node.jobs import DIRECTORY_VARIABLE
from cloudinit.slipway_node.node import Node, make_node
from launcher.testing import embedded

MOST, GOAL = 1.4, 1.1
FRAMEWORK, WORKERS, FLAVOR, HOURS = "spark", 2, "small", 2
READY_SECONDS = 300.0
JOB_SECONDS = 300.0
ROWS = 1_000_000
MAKE_DATA = """
import sys
from pyspark.sql import SparkSession

session = SparkSession.builder.getOrCreate()
rows = session.range(int(sys.argv[2]), numPartitions=4).selectExpr("id", "id % 10 AS key")
rows.write.option("header", True).csv(sys.argv[1])
"""
SUM = """
import os
import sys
from pyspark.sql import SparkSession

session = SparkSession.builder.appName("sums").getOrCreate()
rows = session.read.csv(sys.argv[1], header=True, schema="id BIGINT, key INT")
sums = rows.groupBy("key").sum("id").orderBy("key").toPandas()
sums.columns = ["key", "sum"]
session.createDataFrame(sums).coalesce(1).write.csv(os.environ["SLIPWAY_JOB_DIR"] + "/output")
print("SUMS", sums["sum"].tolist())
"""
ANSWER = f"SUMS {[sum(range(key, ROWS, 10)) for key in range(10)]}"


@dataclass(frozen=True)
class Master:
    """The cluster's master, and as whom and with which environment its programs run."""

    node: Node
    framework: Half
    environment: Mapping[str, str]
    uid: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each kind")
    runs = parser.parse_args().runs
    jobs, hands = [], []
    with (
        embedded() as house,
        tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder,
        cluster_of(Client(house.url), house.logins["student"]) as (client, cluster),
    ):
        master = master_of(house.home, cluster)
        data = make_data(client, cluster, master, Path(folder))
        application = Path(folder) / "sums.py"
        application.write_text(SUM)
        through_the_api(client, cluster, application, data)
        for number in range(1, runs + 1):
            jobs.append(through_the_api(client, cluster, application, data))
            hands.append(by_hand(master, application.read_text(), data))
            print(
                f"run {number}: {jobs[-1]:.2f} s through the API, {hands[-1]:.2f} s by hand; "
                f"load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    job, hand = statistics.median(jobs), statistics.median(hands)
    print(f"median of {runs}: {job:.2f} s through the API, {hand:.2f} s by hand")
    print(f"ratio: {job / hand:.2f} (at most {MOST}, goal {GOAL})")
    return 0 if job / hand <= MOST else 1


@contextmanager
def cluster_of(client: Client, password: str) -> Iterator[tuple[Client, dict[str, Any]]]:
    client.log_in("student", password)
    (course,) = client.courses()
    made = client.create_cluster(course["id"], "bench", WORKERS, FLAVOR, HOURS)
    cluster = client.wait_for_cluster(made["id"], READY_SECONDS)
    if cluster["status"] != "ready":
        raise SystemExit(f"the cluster is {cluster['status']}: {cluster['failure']}")
    yield client, cluster
    client.delete_cluster(cluster["id"])
    client.wait_for_cluster(cluster["id"], READY_SECONDS, ends=("deleted",))


def through_the_api(client: Client, cluster: dict[str, Any], application: Path, data: str) -> float:
    began = time.time()
    made = client.submit_job(cluster["id"], application, [data])
    job = client.wait_for_job(made["id"], JOB_SECONDS)
    log = client.log(job["id"])
    check(job["exit_code"], log)
    if not any(output["path"].endswith(".csv") for output in client.outputs(job["id"])):
        raise SystemExit("the job left no table")
    return datetime.fromisoformat(job["ended_at"]).timestamp() - began


def by_hand(master: Master, text: str, data: str) -> float:
    node = master.node
    identifier = str(uuid.uuid4())
    folder = node.path("/var/lib/slipway/work") / identifier
    folder.mkdir()
    application = folder / "sums.py"
    application.write_text(text)
    os.chown(folder, master.uid, -1)
    uri = master.framework.job_directory_uri(node, identifier)
    command, additions = master.framework.job_command(node, application, [data], uri)
    environment = {**master.environment, **LOCALE, **additions, DIRECTORY_VARIABLE: uri}
    began = time.monotonic()
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=JOB_SECONDS,
        check=False,
        **({"user": master.uid, "group": master.uid, "extra_groups": []} if os.geteuid() == 0 else {}),
    )
    seconds = time.monotonic() - began
    check(done.returncode, done.stdout)
    return seconds


def make_data(client: Client, cluster: dict[str, Any], master: Master, folder: Path) -> str:
    """Where in HDFS the rows stand that both kinds read."""
    application = folder / "make_data.py"
    application.write_text(MAKE_DATA)
    data = master.framework.job_directory_uri(master.node, "bench-data")
    job = client.wait_for_job(client.submit_job(cluster["id"], application, [data, str(ROWS)])["id"], JOB_SECONDS)
    if job["exit_code"] != 0:
        raise SystemExit(f"the data could not be made:\n{client.log(job['id'])}")
    return data


def check(exit_code: int | None, log: str) -> None:
    if exit_code != 0 or ANSWER not in log:
        raise SystemExit(f"wrong: exit code {exit_code}\n{log[-3000:]}")


def master_of(home: Path, cluster: dict[str, Any]) -> Master:
    """Found by its first program that carries the address: in its environment stands what the node is."""
    address = next(node["address"] for node in cluster["nodes"] if node["name"] == "master")
    for entry in Path("/proc").iterdir():
        environment = environment_of(entry) if entry.name.isdigit() else {}
        root = environment.get("SLIPWAY_NODE_ROOT", "")
        if environment.get("SLIPWAY_ADDRESS") == address and Path(root).is_relative_to(home):
            break
    else:
        raise SystemExit(f"no process of the master at {address} was found")
    machine = read_machine(environment)
    bundle = (Path(root) / "opt/slipway").resolve()
    facts = parse_facts(read_document(Path(root) / PATH.lstrip("/")), bundle.name)
    node = make_node(facts, machine, bundle, "master")
    return Master(node, half(FRAMEWORK), environment, entry.stat().st_uid)


def environment_of(process: Path) -> dict[str, str]:
    try:
        entries = (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


if __name__ == "__main__":
    sys.exit(main())
