"""What happens to real systems, made to happen: services killed, a machine switched off, servers spoilt."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from launcher import paths
from launcher.supervisor import Supervisor
from launcher.testing import Embedded
from minicloud.registry import Registry
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
# What a server of the embedded cloud runs in place of the node program: it tells Heat "ready" and ends.
SIGNAL_AT_ONCE = """\
#!/usr/bin/python3 -I
import json, os, pathlib, urllib.request
facts = json.loads(pathlib.Path(os.environ["SLIPWAY_NODE_ROOT"], "etc/slipway/facts.json").read_text())
body = json.dumps({"status": "SUCCESS", "reason": "at once", "data": None, "id": facts["node"]["name"]}).encode()
headers = {"Content-Type": "application/json", "X-Auth-Token": facts["signal"]["token"]}
urllib.request.urlopen(urllib.request.Request(facts["signal"]["endpoint"], body, headers), timeout=30).close()
"""


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


def shell(house: Embedded, code: str) -> Any:
    """Run code in the portal's own shell; the value, as JSON, that it prints."""
    return json.loads(house.slipway("manage", "shell", "-v0", "-c", code).stdout)


def supervisor(house: Embedded) -> Supervisor:
    """The supervisord of the house: stops and starts its services by their names."""
    return Supervisor(paths.resolve({**os.environ, "SLIPWAY_HOME": str(house.home)}, os.geteuid()))


@contextlib.contextmanager
def without(house: Embedded, service: str) -> Iterator[None]:
    """The service is stopped meanwhile."""
    supervisor(house).stop(service)
    try:
        yield
    finally:
        supervisor(house).start(service)


def with_changed_servers(
    house: Embedded, count: int, change: Callable[[dict[str, Any]], dict[str, Any]], act: Callable[[], Any]
) -> Any:
    """Let `act` ask for clusters while compute is held; change the records of the `count` servers that come of it, as
    they come and before compute sees them; then let compute go on. Gives what `act` returned."""
    registry = Registry(house.home / "minicloud")
    before = set(registry.list_servers())
    seen: set[str] = set()

    def look() -> bool:
        for identifier, record in registry.list_servers().items():
            if identifier not in before | seen:
                registry.put_server(identifier, change(record))
                seen.add(identifier)
        return len(seen) == count

    compute = house.status()["services"]["compute"]["pid"]
    os.kill(compute, signal.SIGSTOP)
    try:
        result = act()
        end = time.monotonic() + 300
        # With next to no pause: what a server is promised of the memory keeps others out until its record is changed.
        while not look():
            time.sleep(0.02)
            assert time.monotonic() < end, f"{len(seen)} of {count} servers were asked for"
    finally:
        os.kill(compute, signal.SIGCONT)
    return result


def address_block(house: Embedded) -> str:
    """The first three numbers of the house's addresses, such as 127.88.3."""
    prefix: str = json.loads((house.home / "minicloud" / "block.json").read_text())["prefix"]
    return prefix


@contextlib.contextmanager
def light_bundle() -> Iterator[Path]:
    """A bundle whose node program tells Heat "ready" at once."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-light-"))
    try:
        folder.chmod(0o755)
        program = folder / "bin" / "slipway-node"
        program.parent.mkdir(mode=0o755)
        program.write_text(SIGNAL_AT_ONCE)
        program.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)
