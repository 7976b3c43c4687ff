"""What happens to real systems, made to happen: services that are killed, a machine that is switched off."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from launcher import paths
from launcher.testing import Embedded
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import processes_below

Json = dict[str, Any]
ANOTHER_BOOT = "another boot"
SUM = """
from pyspark.sql import SparkSession
total = SparkSession.builder.getOrCreate().range(0, 1_000_000, 1, 4).selectExpr("sum(id) AS total").first().total
print("the sum is", total)
"""
SUM_SHOWN = "the sum is 499999500000"


def kill(house: Embedded, name: str) -> None:
    """End a service as the kernel does, at once, and see that another one has taken its place."""
    note = house.home / "running" / f"{name}.json"
    pid = json.loads(note.read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    until(f"another {name}", lambda: json.loads(note.read_text())["pid"] != pid)


def switch_off(house: Embedded) -> None:
    """End every process of the home at once, and forget what a reboot forgets: what is in /tmp, who had which pid."""
    until("the end of all processes", lambda: not _kill_all(house.home), 30)
    shutil.rmtree(paths.runtime_folder(house.home))
    notes = [*house.home.glob("running/*.json"), *house.home.glob("minicloud/servers/*/state.json")]
    for note in notes:
        note.write_text(json.dumps({**json.loads(note.read_text()), "boot": ANOTHER_BOOT}))


def _kill_all(home: Path) -> bool:
    """Whether there were any."""
    found = processes_below(home)
    for process in found:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return bool(found)


def make_cluster(student: Client, name: str) -> str:
    """The id of a new cluster of one worker, in the middle of its create: some of its steps are done."""
    (course,) = student.courses()
    cluster_id: str = student.create_cluster(course["id"], name, 1, "small", 2)["id"]
    until("the first steps of the create", lambda: _first_steps(student.cluster(cluster_id)))
    return cluster_id


def _first_steps(cluster: Json) -> bool:
    assert cluster["status"] == "creating", cluster
    return bool(cluster["progress"]["done"] > 0)


def run(student: Client, cluster_id: str, program: Path, code: str) -> str:
    """The log of a job, which must succeed."""
    program.write_text(code)
    job = student.wait_for_job(student.submit_job(cluster_id, program)["id"], 180)
    assert job["status"] == "succeeded", (job, student.log(job["id"])[-3000:])
    return student.log(job["id"])
