"""Real stacks in a real Heat on the embedded cloud: what a template asks for happens, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from heatclient import exc
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from tests.e2e.minicloud_harness import Cloud, processes_of, until

# Signals as a node does: the endpoint takes the body as it is, the token says who; Heat may be down for a while.
SIGNAL = """
import json, sys, time, urllib.request
facts = json.load(open(sys.argv[1]))
body = json.dumps({"status": sys.argv[2], "reason": sys.argv[3], "data": sys.argv[4], "id": "1"}).encode()
headers = {"X-Auth-Token": facts["token"], "Content-Type": "application/json"}
for attempt in range(90):
    try:
        print(urllib.request.urlopen(urllib.request.Request(facts["endpoint"], body, headers), timeout=30).status)
        break
    except OSError as error:
        print(error, flush=True)
        time.sleep(1)
"""
DOUBLE_FORK = "(setsid sh -c 'sleep 86400 & sleep 86401 &' &) ; (env -i setsid sh -c 'exec sleep 86402' &)"


def template(status: str = "SUCCESS", commands: list[Any] | None = None, flavor: str = "small") -> dict[str, Any]:
    """A node as the generator makes it: group, port, handle, server, wait condition."""
    work = [
        *(commands or []),
        ["/usr/bin/python3", "-c", SIGNAL, "etc/facts.json", status, "because", "greetings"],
    ]
    user_data = "#cloud-config\n" + json.dumps(
        {
            "write_files": [{"path": "/etc/facts.json", "content": "$FACTS", "permissions": "0600"}],
            "runcmd": work,
        }
    )
    return {
        "heat_template_version": "2021-04-16",
        "resources": {
            "group": {
                "type": "OS::Neutron::SecurityGroup",
                "properties": {"rules": [{"protocol": "tcp", "remote_mode": "remote_group_id"}]},
            },
            "port": {
                "type": "OS::Neutron::Port",
                "properties": {"network": "campus", "security_groups": [{"get_resource": "group"}]},
            },
            "handle": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "TOKEN_SIGNAL"}},
            "node": {
                "type": "OS::Nova::Server",
                "properties": {
                    "name": "master",
                    "flavor": flavor,
                    "image": "slipway-spark",
                    "networks": [{"port": {"get_resource": "port"}}],
                    "metadata": {"cluster": "c1"},
                    "tags": ["slipway"],
                    "user_data_format": "RAW",
                    "user_data_update_policy": "IGNORE",
                    "user_data": {
                        "str_replace": {
                            "template": user_data.replace('"$FACTS"', "'$FACTS'"),
                            "params": {
                                "$FACTS": {
                                    "endpoint": {"get_attr": ["handle", "endpoint"]},
                                    "token": {"get_attr": ["handle", "token"]},
                                }
                            },
                        }
                    },
                },
            },
            "ready": {
                "type": "OS::Heat::WaitCondition",
                "depends_on": "node",
                "properties": {"handle": {"get_resource": "handle"}, "timeout": 120, "count": 1},
            },
        },
        "outputs": {
            "address": {"value": {"get_attr": ["port", "fixed_ips", 0, "ip_address"]}},
            "server_address": {"value": {"get_attr": ["node", "networks", "campus", 0]}},
            "console": {"value": {"get_attr": ["node", "console_urls"]}},
            "data": {"value": {"get_attr": ["ready", "data"]}},
        },
    }


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with tempfile.TemporaryDirectory(prefix="slw-") as folder:
        running = Cloud(Path(folder))
        try:
            running.up()
            yield running
        finally:
            running.down()


@pytest.fixture(autouse=True)
def clean(cloud: Cloud) -> Iterator[None]:
    """What a test that failed left behind is not the next one's trouble."""
    yield
    for stack in list(cloud.heat().stacks.list()):
        # One whose deletion ends just now may still be listed.
        with contextlib.suppress(exc.HTTPNotFound):
            delete(cloud, stack.id)


def create(cloud: Cloud, name: str, wanted: dict[str, Any]) -> str:
    answer = cloud.heat().stacks.create(stack_name=name, template=wanted, timeout_mins=5, tags="slipway")
    return str(answer["stack"]["id"])


def delete(cloud: Cloud, stack: str) -> Any:
    cloud.heat().stacks.delete(stack)
    return cloud.settle(stack)


def outputs(stack: Any) -> dict[str, Any]:
    return {each["output_key"]: each.get("output_value") for each in stack.outputs}


def sleepers(cloud: Cloud, server: str) -> list[int]:
    """Pids of the `sleep`s below the server's init, which adopts what forks twice, its environment gone or not."""
    init = cloud.state(server)["pid"]
    parents, found = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if (path / "cmdline").read_bytes().startswith(b"sleep\0"):
                found.append(int(path.name))
    return [pid for pid in found if init in ancestors(pid, parents)]


def ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    line = []
    while pid in parents:
        pid = parents[pid]
        line.append(pid)
    return line


def assert_nothing_left(cloud: Cloud, server: str) -> None:
    assert processes_of(server) == []
    assert not (cloud.home / "servers" / server).exists()
    assert not list((cloud.home / "registry/addresses").glob("[0-9]*"))
    assert not list((cloud.run / "s").iterdir())
    assert not list((cloud.home / "registry/ports").glob("*.json"))
    assert not list((cloud.home / "registry/security_groups").glob("*.json"))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_it_creates_a_server_that_signals_and_deletes_it_without_a_trace(cloud: Cloud) -> None:
    begin = time.monotonic()
    stack = create(cloud, "one", template(commands=["env > environment.txt", DOUBLE_FORK]))
    done = cloud.settle(stack)
    print(f"created in {time.monotonic() - begin:.1f} s")
    assert done.stack_status == "CREATE_COMPLETE", done.stack_status_reason
    found = outputs(done)
    assert found["address"] == found["server_address"]
    assert found["address"].startswith(cloud.cloud_file()["gateway_address"].rpartition(".")[0])
    assert json.loads(found["data"]) == {"1": "greetings"}
    assert "user data carried out" in found["console"]["log"] or "command 3 of 3" in found["console"]["log"]

    server = cloud.servers()["master"]["id"]
    root = cloud.home / "servers" / server / "root"
    assert (root / "opt/slipway").resolve() == cloud.bundle
    assert (root / "etc/facts.json").stat().st_mode & 0o777 == 0o600
    lines = (root / "environment.txt").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    assert environment["SLIPWAY_ADDRESS"] == found["address"]
    assert environment["SLIPWAY_NODE_ROOT"] == str(root)
    assert (environment["SLIPWAY_MEMORY_MB"], environment["SLIPWAY_VCPUS"]) == ("1536", "1")
    assert Path(environment["SLIPWAY_RUN"]).is_dir()
    if os.geteuid() == 0:
        assert root.stat().st_uid == cloud.state(server)["uid"] > 61000

    forked = until("three sleepers", lambda: len(found := sleepers(cloud, server)) == 3 and found)
    begin = time.monotonic()
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"
    print(f"deleted in {time.monotonic() - begin:.1f} s")
    assert not [pid for pid in forked if alive(pid)]
    assert_nothing_left(cloud, server)


def test_it_fails_with_the_reason_that_a_node_signals(cloud: Cloud) -> None:
    stack = create(cloud, "failing", template(status="FAILURE"))
    done = cloud.settle(stack)
    assert done.stack_status == "CREATE_FAILED"
    assert "because" in done.stack_status_reason
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"


def test_it_refuses_an_unknown_flavor_and_names_those_there_are(cloud: Cloud) -> None:
    with pytest.raises(exc.HTTPBadRequest, match="no flavor huge; there are small, medium, large"):
        create(cloud, "huge", template(flavor="huge"))
    assert cloud.servers() == {}


def test_it_refuses_an_unknown_image_and_network(cloud: Cloud) -> None:
    wanted = template()
    wanted["resources"]["node"]["properties"]["image"] = "windows"
    with pytest.raises(exc.HTTPBadRequest, match="no image windows; there is slipway-spark"):
        create(cloud, "image", wanted)
    wanted = template()
    wanted["resources"]["port"]["properties"]["network"] = "mars"
    with pytest.raises(exc.HTTPBadRequest, match="no network mars; there are campus"):
        create(cloud, "network", wanted)


def test_it_refuses_a_stack_that_does_not_fit_the_memory_before_anything_starts(cloud: Cloud) -> None:
    wanted = template()
    for number in range(40):
        wanted["resources"][f"worker-{number:02}"] = {
            "type": "OS::Nova::Server",
            "properties": {"flavor": "large", "image": "slipway-spark"},
        }
    with pytest.raises(exc.HTTPBadRequest, match=r"Not enough memory: 247296 MB are needed .* MB are free"):
        create(cloud, "forty", wanted)
    assert cloud.servers() == {}


def test_it_refuses_user_data_that_it_does_not_carry_out(cloud: Cloud) -> None:
    wanted = template()
    wanted["resources"]["node"]["properties"]["user_data"] = "#cloud-config\npackages: [nginx]\n"
    stack = create(cloud, "packages", wanted)
    done = cloud.settle(stack)
    assert done.stack_status == "CREATE_FAILED"
    assert "packages; only write_files and runcmd are carried out" in done.stack_status_reason
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"
    assert cloud.servers() == {}


def test_it_keeps_a_server_through_an_update_of_its_user_data_and_metadata(cloud: Cloud) -> None:
    stack = create(cloud, "updated", template())
    assert cloud.settle(stack).stack_status == "CREATE_COMPLETE"
    before = cloud.servers()["master"]
    wanted = template(commands=["true"])
    wanted["resources"]["node"]["properties"]["metadata"] = {"cluster": "c2"}
    cloud.heat().stacks.update(stack, template=wanted)
    assert cloud.settle(stack).stack_status == "UPDATE_COMPLETE"
    after = cloud.servers()["master"]
    assert (after["id"], after["ports"]) == (before["id"], before["ports"])
    assert after["metadata"] == {"cluster": "c2"}
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"


def test_it_adopts_servers_after_compute_was_killed_and_can_delete_them(cloud: Cloud) -> None:
    stack = create(cloud, "adopted", template(commands=[DOUBLE_FORK]))
    assert cloud.settle(stack).stack_status == "CREATE_COMPLETE"
    server = cloud.servers()["master"]["id"]
    before = cloud.state(server)
    forked = until("three sleepers", lambda: len(found := sleepers(cloud, server)) == 3 and found)
    cloud.stop("compute", signal.SIGKILL)
    assert alive(before["pid"])
    assert all(map(alive, forked))
    cloud.heat().stacks.delete(stack)
    cloud.start("compute")
    assert cloud.settle(stack).stack_status == "DELETE_COMPLETE"
    assert not [pid for pid in [before["pid"], *forked] if alive(pid)]
    assert_nothing_left(cloud, server)


def test_it_ends_all_processes_and_says_so_when_the_first_process_of_a_server_is_killed(cloud: Cloud) -> None:
    stack = create(cloud, "killed", template(commands=["echo the last words", DOUBLE_FORK]))
    assert cloud.settle(stack).stack_status == "CREATE_COMPLETE"
    server = cloud.servers()["master"]["id"]
    forked = until("three sleepers", lambda: len(found := sleepers(cloud, server)) == 3 and found)
    os.kill(cloud.state(server)["pid"], signal.SIGKILL)
    until("the fault", lambda: cloud.state(server)["state"] == "ERROR")
    assert "the last words" in cloud.state(server)["reason"]
    if os.geteuid() == 0:
        assert not [pid for pid in forked if alive(pid)]
    assert processes_of(server) == []
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"
    for pid in filter(alive, forked):
        # Without uids of their own, what threw its environment away after its init was killed is nobody's.
        os.kill(pid, signal.SIGKILL)
    assert_nothing_left(cloud, server)


def test_it_stops_servers_with_compute_and_starts_them_again_as_they_were(cloud: Cloud) -> None:
    stack = create(cloud, "again", template(commands=["date +%s%N >> starts.txt", "sleep 86400 &"]))
    assert cloud.settle(stack).stack_status == "CREATE_COMPLETE"
    server = cloud.servers()["master"]["id"]
    begin = time.monotonic()
    cloud.stop("compute")
    assert time.monotonic() - begin < 5
    assert cloud.state(server)["state"] == "STOPPED"
    assert processes_of(server) == []
    cloud.start("compute")
    until("the server", lambda: cloud.state(server)["state"] == "ACTIVE")
    starts = cloud.home / "servers" / server / "root/starts.txt"
    until("its second start", lambda: len(starts.read_text().split()) == 2)
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"
    assert_nothing_left(cloud, server)


def test_it_takes_up_a_create_in_which_heat_was_killed(cloud: Cloud) -> None:
    stack = create(cloud, "interrupted", template(commands=["sleep 8"]))
    until("the server", lambda: cloud.servers().get("master"))
    cloud.stop("heat", signal.SIGKILL)
    cloud.start("heat")
    done = cloud.settle(stack, 150)
    assert done.stack_status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), done.stack_status_reason
    assert len(cloud.servers()) == 1
    server = cloud.servers()["master"]["id"]
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"
    assert_nothing_left(cloud, server)


def test_it_lets_people_log_in_and_do_nothing_in_a_course(cloud: Cloud) -> None:
    known = cloud.cloud_file()
    person: dict[str, Any] = {
        "auth_url": known["auth_url"],
        "username": "student",
        "password": cloud.settings["users"]["student"],
        "user_domain_name": "Default",
    }
    assert session.Session(v3.Password(**person, unscoped=True)).get_token()
    with pytest.raises(exceptions.Unauthorized):
        session.Session(v3.Password(**person, project_id=known["projects"]["demo"])).get_token()


def test_it_can_be_prepared_and_seeded_again(cloud: Cloud) -> None:
    before = cloud.cloud_file()
    cloud.once("prepare")
    cloud.once("seed")
    assert cloud.cloud_file() == before


def test_it_refuses_a_second_compute_for_the_same_home(cloud: Cloud) -> None:
    second = cloud.verb("compute")
    assert second.wait(20) == 1
    assert "another compute already runs" in cloud.log("compute")


def test_a_damaged_record_is_one_servers_trouble_and_its_stack_can_be_deleted(cloud: Cloud) -> None:
    hurt = create(cloud, "damaged", template(commands=[DOUBLE_FORK]))
    assert cloud.settle(hurt).stack_status == "CREATE_COMPLETE"
    damaged = cloud.servers()["master"]["id"]
    whole = create(cloud, "whole", template())
    assert cloud.settle(whole).stack_status == "CREATE_COMPLETE"
    other = next(path.parent.name for path in cloud.home.glob("servers/*/server.json") if path.parent.name != damaged)
    before = cloud.state(other)
    (cloud.home / "servers" / damaged / "server.json").write_text("{")
    cloud.wake_compute()
    until("the fault", lambda: cloud.state(damaged)["state"] == "ERROR")
    assert "server.json is damaged" in cloud.state(damaged)["reason"]
    assert processes_of(damaged) == []
    assert cloud.state(other) == before
    assert cloud.services["compute"].poll() is None
    assert delete(cloud, hurt).stack_status == "DELETE_COMPLETE"
    assert delete(cloud, whole).stack_status == "DELETE_COMPLETE"
    assert_nothing_left(cloud, damaged)


def heard(stream: IO[bytes]) -> str:
    """What a process has said since it was last listened to."""
    return (stream.read() or b"").decode()


def test_compute_outlives_a_disk_that_takes_nothing_and_starts_the_server_afterwards(cloud: Cloud) -> None:
    cloud.stop("compute")
    cloud.start("compute", subprocess.PIPE)
    compute = cloud.services["compute"]
    assert compute.stdout is not None
    os.set_blocking(compute.stdout.fileno(), False)
    stack = create(cloud, "before", template())
    assert cloud.settle(stack).stack_status == "CREATE_COMPLETE"
    first = cloud.servers()["master"]["id"]
    before = cloud.state(first)
    # As good as a full disk: every write of compute fails.
    limits = resource.prlimit(compute.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(compute.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    late = create(cloud, "late", template())
    second = until("its record", lambda: next((name for name in cloud.server_ids() if name != first), None))
    until("compute's word", lambda: f"server {second} is ERROR, which cannot be written" in heard(compute.stdout))
    assert processes_of(second) == []
    assert not (cloud.home / "servers" / second / "state.json").exists()
    assert compute.poll() is None
    assert cloud.state(first) == before
    resource.prlimit(compute.pid, resource.RLIMIT_FSIZE, limits)
    cloud.wake_compute()
    assert cloud.settle(late).stack_status == "CREATE_COMPLETE"
    assert delete(cloud, late).stack_status == "DELETE_COMPLETE"
    assert delete(cloud, stack).stack_status == "DELETE_COMPLETE"
    assert_nothing_left(cloud, second)
