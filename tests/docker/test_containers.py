"""A node that is a container: what it is given, what it may, and who comes back after whose end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from minicloud.registry import wake_compute
from minicloud.shares import Rule, Shares
from tests.docker.nodes import Node, left_of, nodes
from tests.e2e.minicloud_harness import until

SHARE = "11111111-2222-4333-8444-555555555555"
# Of each orphan nobody but the first process waits for its end.
ORPHANS = """\
import os
for number in range(1000):
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execvp("true", ["true"])
    os.waitpid(child, 0)
"""
CAPACITY = """\
import sys
sys.path.insert(0, sys.argv[1])
from slipway_node import capacity
print(capacity.memory_mb(), capacity.vcpus())
"""
HOG = "hog = bytearray(64 << 20)\nwhile True: hog += bytearray(64 << 20)\n"
# Slow enough for the agent to see the end of the memory come.
SLOW_HOG = "import time\nhog = []\nwhile not time.sleep(0.02): hog.append(bytearray(b'x') * (4 << 20))\n"


@pytest.fixture(scope="module")
def cluster(house: Embedded, person: Callable[[str], Client]) -> Iterator[dict[str, Any]]:
    student = person("student")
    (course,) = student.courses()
    made = student.create_cluster(course["id"], "containers", 1, "small", 2)
    try:
        ready = student.wait_for_cluster(made["id"], 300)
        assert ready["status"] == "ready", ready["failure"]
        yield ready
    finally:
        student.delete_cluster(made["id"])
        student.wait_for_cluster(made["id"], 120, ends=("deleted",))


@pytest.fixture
def worker(house: Embedded, engine: str, cluster: dict[str, Any]) -> Node:
    return nodes(house, engine)["worker-01"]


def test_real_cloud_init_has_carried_out_the_user_data_of_the_template(worker: Node) -> None:
    result = json.loads(worker.says("cat", "/run/cloud-init/result.json"))["v1"]
    assert result["errors"] == []
    assert "DataSourceNoCloud" in result["datasource"]
    assert worker.says("cat", "/var/lib/cloud/instance/user-data.txt") == worker.record["user_data"].strip()
    assert json.loads(worker.says("cat", "/etc/slipway/facts.json"))["node"]["name"] == "worker-01"


def test_a_node_has_its_ports_address_and_its_flavors_bounds(worker: Node) -> None:
    (port,), flavor = worker.record["ports"], worker.record["flavor"]
    assert worker.says("hostname", "-I") == port["address"]
    bounds = worker.inspect()["HostConfig"]
    assert bounds["Memory"] == bounds["MemorySwap"] == flavor["memory_mb"] << 20
    assert bounds["NanoCpus"] == flavor["vcpus"] * 10**9
    assert bounds["PidsLimit"] > 0
    # What bounds it is what the node program takes for the machine's.
    found = worker.says("python3", "-c", CAPACITY, "/opt/slipway/slipway-node.pyz").split()
    assert found == [str(flavor["memory_mb"]), str(flavor["vcpus"])]


def test_its_data_lie_on_a_volume_of_its_own_and_in_no_layer_of_the_image(worker: Node) -> None:
    (data,) = [each for each in worker.inspect()["Mounts"] if each["Destination"] == "/var/lib/slipway"]
    assert (data["Type"], data["RW"]) == ("volume", True)
    blocks = worker.says("find", "/var/lib/slipway", "-name", "VERSION", "-path", "*current*").splitlines()
    assert blocks
    kinds = set(worker.says("stat", "--file-system", "--format=%T", *blocks).splitlines())
    assert kinds.isdisjoint({"overlayfs", "aufs"})
    assert worker.says("stat", "--file-system", "--format=%T", "/opt/slipway") == "overlayfs"


def test_its_programs_are_not_root_and_can_become_nothing_more(worker: Node) -> None:
    users = set(worker.says("ps", "-C", "java,python", "-o", "user=").split())
    assert users == {"slipway"}
    first = dict(line.split(":\t") for line in worker.says("cat", "/proc/1/status").splitlines() if ":\t" in line)
    assert first["NoNewPrivs"] == "1"
    # CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID
    assert int(first["CapBnd"], 16) == 0b11101011
    assert first["Seccomp"] == "2"
    assert worker.run("mount", "-t", "tmpfs", "none", "/mnt").returncode != 0
    assert worker.run("test", "-e", "/var/run/docker.sock").returncode == 1


def test_no_zombie_is_left_of_a_thousand_short_jobs_that_fork_twice(worker: Node) -> None:
    assert worker.run("python3", "-c", ORPHANS, user="slipway").returncode == 0
    until("the first process to reap", lambda: "Z" not in worker.says("ps", "-eo", "stat="), 10)
    assert len(worker.says("ps", "-eo", "pid=").split()) < 50


def test_who_takes_all_memory_dies_of_it_and_the_server_lives(worker: Node) -> None:
    done = worker.run("python3", "-c", HOG, user="slipway")
    assert done.returncode == 137
    assert worker.inspect()["State"]["Running"]


def test_the_agent_ends_who_takes_the_last_memory_and_no_service(worker: Node) -> None:
    def services() -> list[str]:
        return [line.split()[0] for line in worker.says("ps", "-eo", "pid=,args=").splitlines() if "/java" in line]

    def ended() -> int:
        return worker.says("cat", "/var/log/slipway/agent.log").count("MB of memory were left: ended python3 (")

    before, ended_before = services(), ended()
    done = worker.run("python3", "-c", SLOW_HOG, user="slipway")
    assert before
    assert (done.returncode, services()) == (137, before)
    assert ended() == ended_before + 1


def test_a_share_is_mounted_by_its_rules_and_gone_with_them(house: Embedded, worker: Node) -> None:
    minicloud = house.home / "minicloud"
    settings = json.loads((minicloud / "settings.json").read_text())
    shares = Shares(minicloud, settings["uid_base"] if os.geteuid() == 0 else None)
    address = worker.record["ports"][0]["address"]
    export = f"{settings['containers']['prefix']}.4:/shares/share-{SHARE}"

    def allow(*rules: Rule) -> None:
        shares.set_rules(SHARE, rules)
        wake_compute(Path(settings["run"]) / "compute.sock")

    def mounted() -> str:
        rows = [line for line in worker.says("cat", "/proc/self/mountinfo").splitlines() if " /data/x " in line]
        return rows[0].split()[5].split(",")[0] if rows else ""

    shares.create(SHARE, f"/shares/share-{SHARE}", 1)
    try:
        worker.says("mkdir", "-p", "/data/x")
        refused = worker.run("mount", "-t", "nfs", export, "/data/x")
        assert "access denied by server" in refused.stderr
        allow(Rule(address, "rw"))
        worker.says("mount", "-t", "nfs", export, "/data/x")
        worker.says("touch", "/data/x/mine", user="slipway")
        assert (shares.data(SHARE) / "mine").exists()
        allow(Rule(address, "ro"))
        until("the mount to be read-only", lambda: mounted() == "ro", 10)
        assert worker.run("touch", "/data/x/more", user="slipway").returncode != 0
        allow()
        until("the mount to go", lambda: mounted() == "", 10)
        assert worker.says("ls", "/data/x") == ""
    finally:
        shares.delete(SHARE)


def test_a_killed_compute_leaves_servers_running_and_the_next_one_takes_them_over(
    house: Embedded, worker: Node
) -> None:
    before = worker.inspect()["State"]
    running = house.home / "running" / "compute.json"
    pid = json.loads(running.read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    log = house.home / "log" / "compute.log"
    until("the next compute", lambda: f"server {worker.server} runs on" in log.read_text(), 60)
    assert worker.inspect()["State"]["Pid"] == before["Pid"] == worker.state["pid"]
    assert worker.state["state"] == "ACTIVE"


def test_down_stops_the_containers_and_up_starts_them_with_what_they_had(
    house: Embedded, engine: str, worker: Node, person: Callable[[str], Client]
) -> None:
    worker.says("touch", "/var/lib/slipway/kept")
    before = left_of(house.home, engine)
    said = worker.console.count("told at an earlier boot")
    house.slipway("down")
    assert worker.inspect()["State"]["Running"] is False
    # It ended by itself, and was not killed.
    assert worker.inspect()["State"]["ExitCode"] == 0
    house.slipway("up")
    assert left_of(house.home, engine) == before
    until("the node to be booted again", lambda: worker.console.count("told at an earlier boot") > said, 120)
    worker.says("test", "-e", "/var/lib/slipway/kept")


def test_a_container_that_dies_is_a_server_in_error(house: Embedded, engine: str, worker: Node) -> None:
    os.kill(worker.state["pid"], signal.SIGKILL)
    until("compute to see it", lambda: worker.state["state"] == "ERROR", 30)
    assert "its first process died" in worker.state["reason"]
    assert "cloud-init" in worker.state["reason"]
