"""What comes in between - a portal that dies, two of it, many at once, an end in the middle - changes no outcome."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from minicloud.registry import Registry
from tests.e2e.faults import light_bundle, shell, with_changed_servers, without
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import assert_nothing_is_left, processes_below, stacks_of


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def course(student: Client) -> str:
    return str(student.courses()[0]["id"])


@pytest.fixture(autouse=True)
def clean(house: Embedded, student: Client) -> Iterator[None]:
    """Each test begins and ends without clusters."""
    yield
    for cluster in student.clusters():
        if cluster["status"] != "deleted":
            student.delete_cluster(cluster["id"])
    for cluster in student.clusters():
        student.wait_for_cluster(cluster["id"], 180, ends=("deleted",))
    assert_nothing_is_left(house)


def test_a_portal_that_dies_after_the_stack_is_made_and_before_it_knows_adopts_it(
    house: Embedded, student: Client, course: str
) -> None:
    with without(house, "worker"):
        made = student.create_cluster(course, "adopted", 1, "small", 1)
        dies = (
            "import os; from portal.clusters.life import reconciler; from portal.courses.models import Course; "
            "reconciler._save = lambda *_, **__: os.kill(os.getpid(), 9); "
            "reconciler.reconcile(Course.objects.get(name='demo'))"
        )
        assert house.slipway("manage", "shell", "-v0", "-c", dies, check=False).returncode != 0
        assert stacks_of(house) == [f"slipway-{made['id']}"]
        known = (
            f"from portal.clusters.models import *; print(int(bool(Cluster.objects.get(pk='{made['id']}').stack_id)))"
        )
        assert shell(house, known) == 0
    assert student.wait_for_cluster(made["id"], 240)["status"] == "ready"
    assert stacks_of(house) == [f"slipway-{made['id']}"]


def test_two_workers_and_two_beats_at_once_do_nothing_twice(house: Embedded, student: Client, course: str) -> None:
    service = json.loads((house.home / "services.json").read_text())["worker"]
    command = [word.replace("beat-schedule", "second-schedule") for word in service["command"]]
    log = (house.home / "log" / "second-worker.log").open("wb")
    with (
        log,
        subprocess.Popen(command, env=service["environment"], cwd=service["folder"], stdout=log, stderr=log) as second,
    ):
        try:
            made = student.create_cluster(course, "twice", 1, "small", 1)
            assert student.wait_for_cluster(made["id"], 240)["status"] == "ready"
            assert stacks_of(house) == [f"slipway-{made['id']}"]
            metered = shell(
                house,
                "import json; from billing.models import Meter; from portal.clusters.accounting.metering import meter; "
                f"meter(); meters = Meter.objects.filter(subject='{made['id']}'); "
                "print(json.dumps([meter.resource.split('/')[1] for meter in meters]))",
            )
            assert sorted(metered) == ["master", "worker-01"]
            student.delete_cluster(made["id"])
            student.wait_for_cluster(made["id"], 120, ends=("deleted",))
            assert second.poll() is None
        finally:
            second.terminate()
            second.wait(60)


def test_twenty_creates_in_the_same_second(house: Embedded, student: Client, course: str) -> None:
    """Three of them real, the others of servers that signal at once: the machine has not the memory for twenty."""
    limit = (
        "from portal.courses.models import Limit; of_demo = Limit.objects.filter(course__name='demo', user=None); "
        "print(of_demo.filter(scope='student', name='clusters').update(value={}))"
    )
    names = [f"real {n}" if n < 3 else f"light {n}" for n in range(20)]

    def create(name: str) -> dict[str, Any]:
        return student.create_cluster(course, name, 1, "small", 1, idempotency_key=name)

    def create_all() -> list[dict[str, Any]]:
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(create, names))

    shell(house, limit.format(20))
    try:
        with light_bundle() as bundle:

            def lighten(record: dict[str, Any]) -> dict[str, Any]:
                if record["name"].startswith("real"):
                    return record
                flavor = {**record["flavor"], "memory_mb": 1}
                return record | {"bundle": str(bundle), "flavor": flavor}

            made = with_changed_servers(house, 2 * len(names), lighten, create_all)
            assert len({cluster["id"] for cluster in made}) == len(names)
            ends = [student.wait_for_cluster(cluster["id"], 300) for cluster in made]
        assert {cluster["name"]: cluster["status"] for cluster in ends} == dict.fromkeys(names, "ready")
        assert sorted(stacks_of(house)) == sorted(f"slipway-{cluster['id']}" for cluster in made)
        assert all(create(name)["id"] == cluster["id"] for name, cluster in zip(names, made, strict=True))
    finally:
        shell(house, limit.format(4))


def test_a_cluster_that_is_deleted_while_it_is_created_goes_whole(
    house: Embedded, student: Client, course: str
) -> None:
    for moment in (0, 3):
        made = student.create_cluster(course, f"never {moment}", 1, "small", 1)
        until("the boot to begin", lambda made=made, n=moment: student.cluster(made["id"])["progress"]["done"] >= n)
        student.delete_cluster(made["id"])
        assert student.wait_for_cluster(made["id"], 120, ends=("deleted",))["ready_at"] is None
        assert_nothing_is_left(house)


def test_a_create_while_heat_is_down_is_accepted_and_made_when_heat_is_back(
    house: Embedded, student: Client, course: str
) -> None:
    with without(house, "heat"):
        made = student.create_cluster(course, "patient", 1, "small", 1)
        assert made["status"] == "creating"
        until("the page to say so", lambda: "does not answer" in student.cluster(made["id"])["waiting_for"])
    ready = student.wait_for_cluster(made["id"], 240)
    assert ready["status"] == "ready"
    assert ready["waiting_for"] == ""


def test_a_cluster_that_expires_ends_and_its_job_with_it(
    house: Embedded, student: Client, course: str, tmp_path: Path
) -> None:
    apart = {"own_network": {"external": "campus", "cidr": "10.20.0.0/24"}}  # its network goes with it
    made = student.create_cluster(course, "short", 1, "small", 1, more=apart)
    assert student.wait_for_cluster(made["id"], 240)["status"] == "ready"
    program = tmp_path / "long.py"
    program.write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    job = student.submit_job(made["id"], program)
    until("the job to run", lambda: "begun" in student.log(job["id"]), 120)
    expire = (
        "from portal.clusters.models import *; from django.utils.timezone import now; "
        f"print(Cluster.objects.filter(pk='{made['id']}').update(expires_at=now()))"
    )
    assert shell(house, expire) == 1
    assert student.wait_for_cluster(made["id"], 120, ends=("deleted",))["ended_at"]
    ended = student.wait_for_job(job["id"], 60)
    assert ended["status"] == "cancelled"
    assert "The cluster ended" in ended["reason"]
    assert "begun" in student.log(job["id"])


def test_a_worker_that_is_lost_is_missed_within_half_a_minute(house: Embedded, student: Client, course: str) -> None:
    made = student.create_cluster(course, "maimed", 2, "small", 1)
    assert student.wait_for_cluster(made["id"], 240)["status"] == "ready"
    until("the master's word", lambda: student.cluster(made["id"])["health"]["state"] == "good")
    servers = Registry(house.home / "minicloud").list_servers()
    (lost,) = (identifier for identifier, record in servers.items() if record["resource"] == "worker-02")
    victims = [process.pid for process in processes_below(house.home) if lost in environment_of(process.pid)]
    assert len(victims) >= 4  # the server's first process, its supervisor, a datanode, a worker
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    until("health to say so", lambda: student.cluster(made["id"])["health"]["state"] == "trouble", 30)
    print(f"missed after {time.monotonic() - began:.1f} s")
    cluster = student.cluster(made["id"])
    assert "worker-02" in cluster["health"]["text"]
    assert {node["name"]: node["state"] for node in cluster["nodes"]} == {
        "master": "ready", "worker-01": "ready", "worker-02": "trouble"
    }  # fmt: skip


def environment_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
