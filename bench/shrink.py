"""How long a worker of a small cluster takes to be emptied and to be gone.

    ./slipway tool python -m bench.shrink

On an embedded house of its own a cluster of three workers keeps four files of 40 MB twice. One worker leaves: (a) from
the request until the master says that it may go, as its blocks are copied and Spark gives it no work; (b) until the
cluster is ready without it. Afterwards every block must be there twice.

It fails where (a) takes more than 1.5 times the 4.6 s that HDFS alone was measured to take for it with the intervals
that small nodes have (49 s with Hadoop's own).
"""

from __future__ import annotations

import http.client
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from launcher.testing import embedded

HDFS_ALONE, MOST = 4.6, 1.5
SECONDS = 300.0
WRITE = """
import os
from pyspark.sql import SparkSession

session = SparkSession.builder.getOrCreate()
hadoop = session.sparkContext._jvm.org.apache.hadoop
configuration = session.sparkContext._jsc.hadoopConfiguration()
for number in range(4):
    path = hadoop.fs.Path(f"/kept/{number}")
    stream = path.getFileSystem(configuration).create(path)
    for _ in range(40):
        stream.write(bytearray(os.urandom(1024 * 1024)))
    stream.close()
"""


def main() -> int:
    with embedded() as house, tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        client = Client(house.url)
        client.log_in("student", house.logins["student"])
        (course,) = client.courses()
        cluster = client.create_cluster(course["id"], "bench", 3, "small", 2)["id"]
        settled(client.wait_for_cluster(cluster, SECONDS))
        program = Path(folder) / "write.py"
        program.write_text(WRITE)
        job = client.wait_for_job(client.submit_job(cluster, program)["id"], SECONDS)
        if job["status"] != "succeeded":
            raise SystemExit(client.log(job["id"])[-3000:])
        before = blocks(client, cluster)
        began = time.monotonic()
        client.resize_cluster(cluster, remove=["worker-01"])
        emptied = wait_until_emptied(client, cluster) - began
        settled(client.wait_for_cluster(cluster, SECONDS))
        gone = time.monotonic() - began
        if blocks(client, cluster) != before:
            raise SystemExit("wrong: other blocks than before")
        client.delete_cluster(cluster)
        client.wait_for_cluster(cluster, SECONDS, ends=("deleted",))
    print(f"emptied after {emptied:.1f} s, ready without it after {gone:.1f} s; load {os.getloadavg()[0]:.1f}")
    print(f"against HDFS alone: {emptied / HDFS_ALONE:.2f} (at most {MOST})")
    return 0 if emptied <= MOST * HDFS_ALONE else 1


def settled(cluster: dict[str, Any]) -> None:
    if cluster["status"] != "ready" or cluster["change_failure"]:
        raise SystemExit(f"the cluster is {cluster['status']}: {cluster['failure'] or cluster['change_failure']}")


def wait_until_emptied(client: Client, cluster: str) -> float:
    """When the master has said that the worker may go, or it has gone already."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        leaving = [node for node in client.cluster(cluster)["nodes"] if node["state"] == "leaving"]
        if all(node["kept_by"] == "" for node in leaving):
            return time.monotonic()
        time.sleep(0.1)
    raise SystemExit(f"not emptied within {SECONDS:.0f} s: {leaving}")


def blocks(client: Client, cluster: str) -> set[str]:
    """All blocks of the files, each of which must be there in all of its copies."""
    master = client.cluster(cluster)["nodes"][0]["address"]
    connection = http.client.HTTPConnection(master, 9870, timeout=30, source_address=(master, 0))
    connection.request("GET", "/fsck?ugi=slipway&path=%2Fkept&files=1&blocks=1")
    report = connection.getresponse().read().decode()
    connection.close()
    if "is HEALTHY" not in report or not re.search(r"Under-replicated blocks:\s+0\b", report):
        raise SystemExit(report)
    return set(re.findall(r"blk_\d+", report))


if __name__ == "__main__":
    sys.exit(main())
