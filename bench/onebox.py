"""On a real OpenStack: from the click to Ready, against a hand-written stack of the same size, in one run.

    ./slipway tool python -m bench.onebox [--runs 2] [--workers 0]

Needs what `./slipway test onebox` needs, and its image in Glance. In turns: (a) a cluster of one master and two workers
through the API, from the request to `ready_at`; (b) `openstack stack create --wait` of the hand-written
../shared/cloud/hot/spark-hdfs.yaml, less the time of the job in it. It fails where the median of (a) is more than 0.8
times that of (b). With --workers N a cluster of so many workers is made as well, and its time told.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cli.slipway_client import Client
from launcher.testing import Embedded, embedded
from tests.onebox.cloud import FLAVOR, PROGRAM, Cloud

MOST = 0.8
READY_SECONDS = 900.0
TEMPLATE = PROGRAM.parent / "hot" / "spark-hdfs.yaml"
STACK = "by-hand"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2, help="of each kind")
    parser.add_argument("--workers", type=int, default=0, help="of one more, larger cluster")
    arguments = parser.parse_args()
    cloud = Cloud.found()
    clicks, hands = [], []
    with connected(cloud) as house:
        student = Client(house.url)
        student.log_in("student", cloud.password("student"))
        for number in range(1, arguments.runs + 1):
            clicks.append(click_to_ready(student, f"run {number}", 2))
            hands.append(by_hand(cloud))
            print(f"run {number}: {clicks[-1]:.1f} s through the portal, {hands[-1]:.1f} s by hand", flush=True)
        if arguments.workers:
            seconds = click_to_ready(student, "many", arguments.workers)
            print(f"{arguments.workers} workers: ready in {seconds:.1f} s", flush=True)
    ratio = statistics.median(clicks) / statistics.median(hands)
    print(f"ratio {ratio:.2f} (at most {MOST})")
    return 0 if ratio <= MOST else 1


@contextmanager
def connected(cloud: Cloud) -> Iterator[Embedded]:
    with embedded(environment=cloud.environment()) as house:
        cloud.introduce(house)
        yield house


def click_to_ready(student: Client, name: str, workers: int) -> float:
    (course,) = student.courses()
    made = student.create_cluster(course["id"], name, workers, FLAVOR, 1)
    try:
        ready = student.wait_for_cluster(made["id"], READY_SECONDS)
        if ready["status"] != "ready":
            raise SystemExit(f"the cluster is {ready['status']}: {ready['failure']}")
        began, ended = (datetime.fromisoformat(ready[name]) for name in ("created_at", "ready_at"))
        return (ended - began).total_seconds()
    finally:
        student.delete_cluster(made["id"])
        student.wait_for_cluster(made["id"], READY_SECONDS, ends=("deleted",))


def by_hand(cloud: Cloud) -> float:
    """Its own seconds without those of its job."""
    began = time.monotonic()
    try:
        openstack(cloud, "stack", "create", "--wait", "-t", str(TEMPLATE), STACK)
        took = time.monotonic() - began
        shown = openstack(cloud, "stack", "output", "show", "-f", "value", "-c", "output_value", STACK, "result")
        (told,) = json.loads(shown).values()
        return took - float(json.loads(told)["job_s"])
    finally:
        openstack(cloud, "stack", "delete", "--yes", "--wait", STACK)


def openstack(cloud: Cloud, *words: str) -> str:
    command = ["openstack", "--os-cloud", "student", *words]
    environment = {"OS_CLIENT_CONFIG_FILE": str(cloud.clouds), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


if __name__ == "__main__":
    sys.exit(main())
